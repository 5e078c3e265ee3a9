#!/bin/bash
# Root, /home and swap on LVM, beside sixty other volumes, as a host of guests has them; the group
# is closed, too, by an operator at the console.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../storage.sh"

# In the plan of Unmount the key c closes what lies below the root.
at_console() {
	op_console && op_choose 4 && op_plan &&
		con_wait 'c: the stack below the root \(LUKS, LVM, md\) stays open' 5 &&
		con_keys c && con_wait 'c: the stack below the root is closed, too' 10 &&
		con_wait 'Undo: Resume, which opens the stack again' 5 || return
	con_keys Enter
	con_wait '✓ All done' 90 && out=$(vm_ssh1022 careen log --follow)
}

storage_more() {
	ok "$what: sixty volumes more" vm_ssh "seq -f 'lvcreate -y -Wn -Zn -l 1 -n guest%g vg0' 60 | lvm &&
		[ \$(ls -d /sys/class/block/dm-* | wc -l) = 63 ]"
}
storage "${1:-13}" lvm 'e2fsck -f -n /dev/mapper/vg0-root'
storage_unmount() { at_console; }
storage_close op_step 6 300
done_testing
