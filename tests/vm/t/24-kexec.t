#!/bin/bash
# check-long: it writes two GiB and boots twice
# A whole new system onto the root's disk, whose kernel is started at once.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
export VM_TIMEOUT=900

mounted() { ok 'the other disk' vm_ssh1022 'mkdir -p /tmp/mnt && mount -t ext4 /dev/vdb /tmp/mnt'; }
new_boot() { local now; now=$(fact_boot_id vm_ssh 2>/dev/null) && [ -n "$now" ] && [ "$now" != "$boot_id" ]; }

vm_boot 13 --flavour kexec
ok 'another disk' eval 'vm_disk2 2G && vm_ssh "mke2fs -q -F -t ext4 /dev/vdb"'
vm_ssh 'echo new >/root/system; sync'
off
mounted
ok 'an image of the system' vm_ssh1022 'careen run save-image /dev/vda --set dst=/tmp/mnt/new.img.zst --yes && umount /tmp/mnt'
ok 'resume' vm_ssh1022 'careen run resume --yes' || bail 'cannot go on'
vm_ssh 'echo old >/root/system; sync'
boot_id=$(fact_boot_id vm_ssh)
off
mounted
ok 'the console' op_console
ok 'the tool' eval 'op_choose 5 && con_keys Enter && con_wait Devices 20 && op_row vda && con_keys Enter &&
	con_wait "what is to be done with vda" 20 && op_row "Write a new system, and kexec" && con_keys Enter && con_wait "Enter Answer" 20'
con_type /tmp/mnt/new.img.zst
con_keys Enter
ok 'it asks for the root of the new system' con_wait 'Number of the partition' 20
con_keys Enter
ok 'the plan' con_wait 'To run it, type' 20
con_shot plan-kexec
con_type vda-0001
con_keys Enter
ok 'another kernel starts' eventually 400 new_boot
con_close
is "$(vm_ssh systemctl is-system-running --wait)" running 'the system runs'
is "$(vm_ssh systemctl --failed --no-legend --plain)" '' 'no failed unit'
is "$(vm_ssh cat /root/system)" new 'and is the one in the image'
like "$(vm_ssh cat /proc/cmdline)" '^root=UUID=[-0-9a-f]+ ro *$' 'started by kexec: no boot loader has said more'
done_testing
