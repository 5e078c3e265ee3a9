#!/bin/bash
# check-long: every byte of three disks written and read in software emulation takes minutes
# Every disk wiped and the machine off: what is in use or not meant is refused, a disk that goes
# away in the middle leaves it on, and the plan made anew goes on with what is left.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
export VM_TIMEOUT=900

run() { vm_ssh1022 "careen run wipe-all $* 2>&1; echo status \$?"; }
head_of() { vm_ssh1022 "head -c 1048576 $1 | sha256sum"; }
ended() { vm_ssh1022 'careen log | head -n 1' | grep -Eqv ' running '; }
said() { vm_ssh1022 'careen log --json $(ls /run/careen/jobs | grep "^[0-9]" | tail -n 1)' | grep -Eq "$1"; }
# is_zero FILE: a qcow2 that reads as zeros, from its first byte to its last
is_zero() {
	local size
	size=$(qemu-img info --output=json "$1" | sed -n 's/^ *"virtual-size": \([0-9]*\),*/\1/p' | head -n 1)
	truncate -s "$size" "$vm_tmp/zero" && qemu-img compare -f qcow2 -F raw "$1" "$vm_tmp/zero"
}

vm_boot 13
ok 'two more disks' eval 'vm add-disk "$VM" 128M CAREEN0002 && vm add-disk "$VM" 400M CAREEN0003 &&
	vm_ssh "udevadm wait -t 60 /dev/vdb /dev/vdc"'
off
ok 'something on each' vm_ssh1022 'for d in vdb vdc; do tr "\0" "x" </dev/zero | dd of=/dev/$d bs=1M iflag=fullblock conv=nocreat 2>/dev/null; mke2fs -q -F -t ext4 /dev/$d; done; sync'
before=$(head_of /dev/vda; head_of /dev/vdb; head_of /dev/vdc)

# --- refused: nothing has happened
out=$(run /dev/vda --set disks=vda,vdb --confirm vda-0001)
like "$out" 'not the word of this plan' 'the word of one disk is not the word of two'
like "$out" 'status 3' 'it is refused'
like "$(run /dev/vdb --confirm vdb-0002)" 'none of the disks to be wiped' 'all that the old system used: not this one'
like "$(run /dev/vda --set disks=vda,vda1 --confirm vda-0001)" 'vda1: that is no whole disk' 'a partition'
vm_ssh1022 'mkdir -p /tmp/mnt && mount -t ext4 /dev/vdb /tmp/mnt'
out=$(run /dev/vda --set disks=vda,vdb --confirm vda-0001,vdb-0002)
like "$out" '/dev/vdb: the device is in use.*/tmp/mnt' 'a disk that is in use, and by what'
like "$out" 'status 3' 'it is refused'
vm_ssh1022 umount /tmp/mnt
is "$(vm_ssh1022 'cat /run/careen/written /run/careen/recipe 2>/dev/null')" '' 'nothing is said to have been written'
is "$(head_of /dev/vda)" "$(head -n 1 <<<"$before")" 'the root is what it was'
is "$(head_of /dev/vdc)" "$(tail -n 1 <<<"$before")" 'and so is the third'

# --- the second of three goes away in the middle
vm qmp "$VM" block_set_io_throttle '{"id":"/machine/peripheral/vdisk0003/virtio-backend","bps":0,"bps_rd":0,"bps_wr":20000000,"iops":0,"iops_rd":0,"iops_wr":0}' >/dev/null
like "$(run /dev/vda --set disks=vdb,vdc,vda --confirm vdb-0002,vdc-0003,vda-0001 --detach)" 'status 0' 'three disks'
ok 'the second is being wiped' eventually 200 said '"text":"[1-9][0-9]+M of 400M'
ok 'it is pulled out' vm qmp "$VM" device_del '{"id":"vdisk0003"}'
ok 'the job ends' eventually 200 ended
out=$(vm_ssh1022 'careen log $(ls /run/careen/jobs | grep "^[0-9]" | tail -n 1)')
like "$out" '/dev/vdc' 'and names the disk'
like "$out" '/dev/vdc.*(No such file or directory|is gone|went away)' 'that went away'
ok 'the machine is on' vm_ssh1022 true
is "$(vm_ssh1022 "tr -d '\\0' </dev/vdb | wc -c")" 0 'the first is wiped'
is "$(head_of /dev/vda)" "$(head -n 1 <<<"$before")" 'the root is what it was'
like "$(run /dev/vda --confirm x)" 'vdc: there is no such disk.*was to be wiped, too\. Wiped already: /dev/vdb\.' 'the plan made anew misses it'
like "$(vm_ssh1022 'careen run resume --yes 2>&1')" 'begun and has not ended' 'Resume is refused'
ok 'it comes back' eventually 30 vm qmp "$VM" device_add '{"driver":"virtio-blk-pci","id":"vdisk0003","drive":"disk0003","serial":"CAREEN0003"}'
ok 'by its name' eventually 30 vm_ssh1022 'test -b /dev/vdc'

# --- the operator goes on with it
ok 'the console' op_console
ok 'the tools of the disk' eval 'op_choose 5 && con_keys Enter && con_wait Devices 20 && op_row vda && con_keys Enter && con_wait "what is to be done with vda" 20'
ok 'the tool' eval 'op_row "Wipe everything" && con_keys Enter'
ok 'it asks which disks, and has the answer that was given' con_wait '> vdb,vdc,vda' 20
con_shot wipe-question
con_keys Enter
ok 'it asks how' con_wait '> zero' 20
con_keys Enter
ok 'the plan' con_wait 'To run it, type' 20
ok 'shows what is done' con_wait 'Wiped already: /dev/vdb' 5
con_shot plan-wipe-all
con_type 'vdb-0002,vdc-0003,vda-0001'
con_keys Enter
ok 'the machine goes off' vm_wait off 600
con_close
for disk in disk disk0002 disk0003; do
	ok "$disk is all zeros" is_zero "$(vm dir "$VM")/$disk.qcow2"
done
done_testing
