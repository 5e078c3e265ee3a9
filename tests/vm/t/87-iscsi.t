#!/bin/bash
# check-long: a kind of disk of its own
# A disk reached by iSCSI carries /mnt/san: said at Preflight, taken off like any other while its
# connection holds, though iscsid is gone; and there again.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../storage.sh"

storage_boot "${1:-13}" iscsi
vm_ssh 'echo precious >/mnt/san/file; sync'
link=$(vm_ssh readlink -f /sys/class/block/sda)
like "$link" '/session[0-9]+/target' "$what: the disk's place in sysfs is $link"
like "$(vm_ssh1022 careen status)" '^Disks +note +/dev/sda is used over iSCSI, and iscsid' "$what: Preflight says so"
storage_off
not_ok "$what: iscsid is gone" vm_ssh1022 'grep -qx iscsid /proc/[0-9]*/comm'
is "$(proofs "$out")" "$devices" "$what: the proof is green for every device"
like "$devices" '^/dev/sda$' "$what: that one, too"
ok "$what: its file system is good" vm_ssh1022 'e2fsck -f -n /dev/sda'
ok "$what: resume" careen_run resume || bail "$what: cannot go on"
storage_back
is "$(vm_ssh cat /mnt/san/file)" precious "$what: the file is there"
ok "$what: iscsid has the session again" eventually 30 vm_ssh 'iscsiadm -m session -P 1 | grep -q "State: LOGGED.IN"'
done_testing
