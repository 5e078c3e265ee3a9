#!/bin/bash
# check-long: it copies and compares two GiB, and boots three times
# The root's disk onto a larger one, on which the same boot goes on; then cold boots, with the old
# disk still the first, and from the new one alone.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../files.sh"

clone() { vm_ssh1022 "careen run clone $* 2>&1; echo status \$?"; }
root_is() { vm_ssh 'findmnt -rno SOURCE /'; }
uuid_of() { vm_ssh "blkid -p -s $2 -o value /dev/$1"; }

vm_boot 13 --flavour grub
prepare
ok 'GRUB on the old disk' vm_ssh 'grub-install --target=i386-pc /dev/vda && update-grub && sync'
ok 'a larger disk, and one that is too small' eval 'vm_disk2 3G && vm add-disk "$VM" 1G CAREEN0003'
boot_id=$(fact_boot_id vm_ssh)
inventory >"$vm_tmp/files"
uuid=$(uuid_of vda1 UUID)
table=$(uuid_of vda1 PART_ENTRY_UUID)
off

# --- refused: nothing has happened
like "$(clone /dev/vda --confirm vda-0001)" 'source and target are the same' 'the disk onto itself'
like "$(clone /dev/vdc --confirm vdc-0003)" 'smaller than the disk of the root.*at least 2147483648 bytes' 'a disk that is too small'
out=$(clone /dev/vdb --confirm vdb-0001)
like "$out" 'not the word of this plan' 'a wrong word'
like "$out" 'status 3' 'is refused'
vm_ssh1022 'mke2fs -q -F -t ext4 /dev/vdb && mkdir -p /tmp/mnt && mount -t ext4 /dev/vdb /tmp/mnt'
like "$(clone /dev/vdb --confirm vdb-0002)" '/dev/vdb: the device is in use.*/tmp/mnt' 'a disk that is in use, and by what'
vm_ssh1022 'umount /tmp/mnt && mount -t ext4 -o ro /dev/vda1 /tmp/mnt'
unlike "$(clone /dev/vdb --confirm vdb-0002)" 'status 0' 'a source that is in use'
vm_ssh1022 'umount /tmp/mnt'
is "$(vm_ssh1022 'cat /run/careen/written /run/careen/recipe 2>/dev/null')" '' 'nothing is said to have been written'

# --- stopped in the middle: there is half a root with the UUIDs of the whole one
ended() { vm_ssh1022 'careen log | head -n 1' | grep -Eqv ' running '; }
said() { vm_ssh1022 'careen log --json $(ls /run/careen/jobs | grep "^[0-9]" | tail -n 1)' | grep -Eq "$1"; }
like "$(clone /dev/vdb --confirm vdb-0002 --detach)" 'status 0' 'it begins'
ok 'it has come a part of the way' eventually 60 said '"text":"[0-9.]+[MG] of 2G'
vm_ssh1022 careen stop
ok 'it is stopped' eventually 60 ended
ok 'it says how far it came' said 'written safely up to byte [0-9]+ of /dev/vdb'
like "$(vm_ssh1022 'careen run resume --yes 2>&1; echo status $?')" 'begun and has not ended.*wipe the new disk' 'Resume is refused until that is done or given up'

# --- by an operator
ok 'the console' op_console
ok 'plan' eval 'op_choose 5 && con_keys Enter && con_wait Devices 20 && op_row vdb && con_keys Enter &&
	con_wait "what is to be done with vdb" 20 && op_row "Clone the root" && con_keys Enter && con_wait "To run it, type" 20'
con_shot plan-clone
con_type vdb-0002
con_keys Enter
ok 'to its end' con_wait '(✓|✗|!) (All done|Stopped)' 400
ok 'and well' con_wait '✓ All done' 5
con_shot job-clone
op_choose 6
ok 'Resume is of the new disk' con_wait '/dev/vdb1' 20
ok 'resume' op_step 6 300 || bail 'cannot go on'
con_close
is "$(vm_ssh systemctl is-system-running)" running 'the system runs'
is "$(vm_ssh systemctl --failed --no-legend --plain)" '' 'no failed unit'
is "$(fact_boot_id vm_ssh)" "$boot_id" 'the same boot'
is "$(root_is)" /dev/vdb1 'its root is on the new disk'
ok 'every file is as it was' eval 'inventory | diff "$vm_tmp/files" -'
is "$(uuid_of vdb1 UUID) $(uuid_of vdb1 PART_ENTRY_UUID)" "$uuid $table" 'under the same UUIDs'
isnt "$(uuid_of vda1 UUID)" "$uuid" 'the old file system has another'
isnt "$(uuid_of vda1 PART_ENTRY_UUID)" "$table" 'and the old partition'
is "$(uuid_of vda1 LABEL)" was-root 'it is called the old one'
is "$(vm_ssh "readlink -f /dev/disk/by-uuid/$uuid")" /dev/vdb1 'udev knows which is which'

# --- cold
vm_ssh 'echo after the clone >/root/after; sync'
ok 'a cold boot, the old disk still the first' vm cold "$VM"
is "$(vm_ssh systemctl is-system-running --wait)" running 'the system runs'
is "$(vm_ssh "cat /root/after; blkid -p -s UUID -o value \$(findmnt -rno SOURCE /)")" "after the clone
$uuid" 'from the new disk'
isnt "$(fact_boot_id vm_ssh)" "$boot_id" 'another boot'
dir=$(vm dir "$VM")
# the VM has its files open until it is switched off
ok 'the old disk is taken out, and the small one' eval 'mv "$dir/disk0002.qcow2" "$dir/disk.qcow2" && rm "$dir/disk0003.qcow2"'
ok 'a cold boot from the new disk alone' vm cold "$VM"
is "$(vm_ssh systemctl is-system-running --wait)" running 'the system runs'
is "$(vm_ssh 'cat /root/after; lsblk -dno SIZE /dev/vda | tr -d " "; ls /dev/vdb 2>/dev/null')" 'after the clone
3G' 'from the only disk'
vm_ssh rm /root/after
ok 'every file is as it was' eval 'inventory | diff "$vm_tmp/files" -'
done_testing
