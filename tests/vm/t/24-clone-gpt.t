#!/bin/bash
# check-long: it copies and compares two GiB
# As 24-clone, of a disk with a GPT: its second copy moves to the end of the larger disk, and the
# partitions have UUIDs and names of their own. Stopped once in the middle, and gone on from there.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../files.sh"
export VM_TIMEOUT=900

clone() { vm_ssh1022 "careen run clone /dev/vdb --confirm vdb-0002 $* 2>&1; echo status \$?"; }
ended() { vm_ssh1022 'careen log | head -n 1' | grep -Eqv ' running '; }
said() { vm_ssh1022 'careen log --json $(ls /run/careen/jobs | grep "^[0-9]" | tail -n 1)' | grep -Eq "$1"; }
# about DEVICE: what fstab, a boot loader and systemd may name it by
about() { vm_ssh "blkid -p -s UUID -s LABEL -s PART_ENTRY_UUID -s PART_ENTRY_NAME -o value /dev/$1"; }

vm_boot 13
prepare
ok 'a larger disk' vm_disk2 3G
boot_id=$(fact_boot_id vm_ssh)
inventory >"$vm_tmp/files"
before=$(about vda1)
is "$(wc -l <<<"$before")" 4 'there are four ways to name the root'
off
like "$(clone --detach)" 'status 0' 'the copy begins'
ok 'it has come a part of the way' eventually 60 said '"text":"[0-9.]+[MG] of 2G'
vm_ssh1022 careen stop
ok 'it is stopped' eventually 60 ended
at=$(vm_ssh1022 'careen log $(ls /run/careen/jobs | grep "^[0-9]" | tail -n 1)' | sed -n 's/.*Go on with --offset \([0-9]*\)\..*/\1/p' | head -n 1)
ok "it names the byte to go on from: $at" test "${at:-0}" -gt 0
out=$(clone --offset "$at")
like "$out" 'all 2147483648 bytes read back: the same' 'it goes on from there, and the whole is compared'
like "$out" 'status 0' 'to its end'
out=$(vm_ssh1022 'sfdisk --verify /dev/vdb 2>&1')
like "$out" 'No errors detected' 'the new table is good'
unlike "$out" 'corrupt|mismatch|not on the end' 'and so is its second copy'
like "$(vm_ssh1022 'sfdisk -d /dev/vdb')" 'last-lba: 6291422' 'the second one is at the end of the disk'
ok 'resume' vm_ssh1022 'careen run resume --yes' || bail 'cannot go on'
is "$(vm_ssh systemctl is-system-running)" running 'the system runs'
is "$(vm_ssh systemctl --failed --no-legend --plain)" '' 'no failed unit'
is "$(fact_boot_id vm_ssh)" "$boot_id" 'the same boot'
is "$(vm_ssh 'findmnt -rno SOURCE /')" /dev/vdb1 'its root is on the new disk'
ok 'every file is as it was' eval 'inventory | diff "$vm_tmp/files" -'
is "$(about vdb1)" "$before" 'which is named as the old one was'
is "$(comm -12 <(about vda1 | sort) <(sort <<<"$before"))" '' 'and nothing names the old one so'
is "$(vm_ssh 'cd /dev/disk && readlink by-uuid/* by-label/root by-partuuid/* by-partlabel/root | sort | uniq -c')" \
	"$(vm_ssh 'cd /dev/disk && printf "      2 ../../vda1\n      4 ../../vdb1\n"')" 'udev knows which is which'
isnt "$(vm_ssh 'sfdisk --disk-id /dev/vda')" "$(vm_ssh 'sfdisk --disk-id /dev/vdb')" 'the tables have numbers of their own'
done_testing
