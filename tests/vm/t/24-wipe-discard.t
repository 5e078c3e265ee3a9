#!/bin/bash
# check-long: three disks are read back in emulation
# Wiped by discard: a virtio and a SCSI disk that forget at once, and one that takes a discard and
# forgets nothing, which reading back finds out; then every disk, and the machine off.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
export VM_TIMEOUT=900

run() { vm_ssh1022 "careen run $* 2>&1; echo status \$?"; }
# is_zero FILE: a qcow2 that reads as zeros, from its first byte to its last
is_zero() {
	local size
	size=$(qemu-img info --output=json "$1" | sed -n 's/^ *"virtual-size": \([0-9]*\),*/\1/p' | head -n 1)
	truncate -s "$size" "$vm_tmp/zero" && qemu-img compare -f qcow2 -F raw "$1" "$vm_tmp/zero"
}
# node NUMBER SIZE DISCARD: what a disk is made of
node() {
	local file
	file=$(realpath "$(vm dir "$VM")")/disk$1.qcow2
	qemu-img create -q -f qcow2 "$file" "$2" &&
		vm qmp "$VM" blockdev-add "{\"node-name\":\"disk$1\",\"driver\":\"qcow2\",\"discard\":\"$3\",\"file\":{\"driver\":\"file\",\"filename\":\"$file\"}}"
}
attach() { vm qmp "$VM" device_add "$1"; }

vm_boot 13
ok 'a virtio disk' vm add-disk "$VM" 64M CAREEN0002
ok 'a SCSI disk' eval 'node 0003 96M unmap && attach "{\"driver\":\"virtio-scsi-pci\",\"id\":\"scsi0\"}" &&
	attach "{\"driver\":\"scsi-hd\",\"bus\":\"scsi0.0\",\"drive\":\"disk0003\",\"serial\":\"CAREEN0003\"}"'
ok 'a disk that forgets nothing' eval 'node 0004 32M ignore &&
	attach "{\"driver\":\"virtio-blk-pci\",\"id\":\"vdisk0004\",\"drive\":\"disk0004\",\"serial\":\"CAREEN0004\"}"'
ok 'all are there' vm_ssh 'udevadm wait -t 60 /dev/vdb /dev/sda /dev/vdc'
off
ok 'something on each' vm_ssh1022 'for d in vdb sda vdc; do tr "\0" "x" </dev/zero | dd of=/dev/$d bs=1M iflag=fullblock conv=nocreat 2>/dev/null; done; sync'

# --- one
out=$(run wipe-discard /dev/sda --confirm sda-0003)
like "$out" "all $((96 << 20)) bytes read back: zero" 'a SCSI disk is wiped by discard, and read back'
like "$out" 'status 0' 'and that is success'
is "$(vm_ssh1022 "tr -d '\\0' </dev/sda | wc -c")" 0 'nothing is left on it'
out=$(run wipe-discard /dev/vdc --confirm vdc-0004)
like "$out" 'It is not all zero: use Wipe with zeros' 'one that forgets nothing is found out'
like "$out" 'status 1' 'and that is no success'
like "$(run wipe-discard /dev/vdc --set verify=no --confirm vdc-0004)" 'status 0' 'unless nobody looks'
is "$(vm_ssh1022 "tr -d 'x' </dev/vdc | wc -c")" 0 'it has all that it had'

# --- every one
# not the root's: QEMU keeps the last cluster of a disk that is as large as its largest discard (2 GiB)
all='wipe-all /dev/vdb --set disks=vdb,vdc,sda --set how=discard --confirm vdb-0002,vdc-0004,sda-0003'
ok 'something on the SCSI disk again' vm_ssh1022 'mke2fs -q -F -t ext4 /dev/sda'
root=$(vm_ssh1022 'head -c 1048576 /dev/vda | sha256sum')
out=$(run "$all")
like "$out" 'It is not all zero: use Wipe with zeros' 'the second of three forgets nothing'
like "$out" 'status 1' 'and the machine stays on'
is "$(vm_ssh1022 "tr -d '\\0' </dev/vdb | wc -c")" 0 'the first is wiped'
is "$(vm_ssh1022 'head -c 1048576 /dev/vda | sha256sum')" "$root" 'the root is what it was'
like "$(run resume --yes)" 'begun and has not ended' 'Resume is refused'
like "$(run wipe-zero /dev/vdc --confirm vdc-0004)" "all $((32 << 20)) bytes read back: zero" 'what it said helps'
out=$(vm_ssh1022 'careen plan repair --device vdb --tool wipe-all')
like "$out" 'Wiped already: /dev/vdb\.' 'the plan made anew shows what is done'
run "$all" >"$vm_tmp/words" || :
ok 'the machine goes off' vm_wait off 600
for disk in disk0002 disk0003 disk0004; do
	ok "$disk is all zeros" is_zero "$(vm dir "$VM")/$disk.qcow2"
done
done_testing
