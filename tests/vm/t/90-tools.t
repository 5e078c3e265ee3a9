#!/bin/bash
# Repair's tools on good and on damaged file systems, some of them damaged by others; what is
# not in the rescue; partitions; and a disk that is not the one that was planned for.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../tools.sh"
. "$(dirname "$0")/../rows.sh"
. "$(dirname "$0")/../e2fsck-suite.sh"

what=tools
vm_boot 13
ok 'a second disk' vm_disk2 1200M
ok 'the root is off its disk' tools_off || bail 'cannot go on'

rows_ext
what=tools
tools_run <<'END'
3 vdb1 xfs-make | it is not in this rescue.*xfsprogs
WORD=vdb1-0001 3 vdb1 ext4-fix | not the word of this plan
! mkdir -p /mnt; mount -t ext4 /dev/vdb1 /mnt
3 vdb1 ext4-fix | in use. Used by: /mnt
3 vdb table-reread | in use. Used by: vdb1
! umount /mnt; swapon /dev/vdb2
3 vdb2 swap-label --set label=x | in use. Used by: swap
! swapoff /dev/vdb2
END

ok 'the console' op_console
ok 'the table is edited on the terminal: the tool' eval 'op_choose 5 && con_keys Enter && con_wait Devices 20 &&
	op_row vdb && con_keys Enter && con_wait "what is to be done with vdb" 20 &&
	op_row "Edit the partition table" && con_keys Enter'
ok 'its plan names the disk' con_wait 'serial CAREEN0002' 20
con_type vdb-0002; con_wait '> vdb-0002' 5; con_keys Enter
ok 'cfdisk has the terminal' con_wait 'Disk: /dev/vdb' 60
con_keys d; con_wait 'has been deleted' 10; con_keys W
ok 'it asks before it writes' con_wait 'Are you sure' 10
con_type yes; con_keys Enter
ok 'it has written' con_wait 'has been altered' 20
con_keys q
ok 'the console is back' con_wait 'cfdisk has ended' 20
is "$(vm_ssh1022 'ls /sys/class/block | grep -c "^vdb[12]$"')" 1 'the kernel has one partition less'

con_keys q

suite_run f_lotsbad f_badinode f_dup f_zero_super f_journal f_extent_leaf_bad_csum f_h_badnode f_okgroup \
	f_inlinedata_repair f_ea_checks

# One disk is planned for, another has its name when it is confirmed.
there() { vm_ssh1022 'test -b /dev/vdb'; }
ok 'a file system' vm_ssh1022 'wipefs -q -a /dev/vdb; mke2fs -q -F -t ext4 /dev/vdb'
ok 'the console' op_console
ok 'a plan for it is on the screen' eval 'op_choose 5 && con_keys Enter && con_wait Devices 20 && op_row vdb &&
	con_keys Enter && con_wait "what is to be done with vdb" 20 && op_row "Check and fix" &&
	con_keys Enter && con_wait "To run it, type" 20'
vm qmp "$VM" device_del '{"id":"vdisk0002"}' >/dev/null
ok 'its disk is taken out' eventually 60 eval '! there'
vm add-disk "$VM" 300M CAREEN0003
ok 'another one has its name' eventually 60 there
vm_ssh1022 'mke2fs -q -F -t ext4 /dev/vdb'
sum=$(vm_ssh1022 'sha256sum </dev/vdb')
con_type vdb-0002
con_keys Enter
ok 'it is not taken for the other' con_wait 'another (disk|device)' 60
is "$(vm_ssh1022 'sha256sum </dev/vdb')" "$sum" 'not a byte of it has changed'
vm_stop
done_testing
