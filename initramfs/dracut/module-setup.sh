#!/bin/bash
# module-setup.sh - dracut's module: the rescue's tree in the image, and the hook that starts it
#
# It never fails: an image that cannot have the rescue stays as it would be without careen.

LIB=@LIB@

# The tree is made of the programs and the keys of the machine that dracut runs on.
check() {
	[[ ! ${dracutsysrootdir-} && -x $LIB/enter-tree ]]
}

depends() {
	echo base
}

install() {
	local tree=$initdir/usr/lib/careen/tree size

	inst_multiple chroot cp mkdir mount umount
	mkdir -p "$tree"
	if size=$(KERNEL=$kernel "$LIB/enter-tree" size "$tree") &&
		KERNEL=$kernel "$LIB/enter-tree" fill "$tree"; then
		echo "$size" >"$tree.size"
		# for careen doctor; its size and time are not known yet
		mkdir -p /var/lib/careen/images
		{ echo "image 0 0 $outfile"; cat "$tree/etc/careen/inputs"; } >"/var/lib/careen/images/$kernel"
		inst_hook pre-pivot 99 "$moddir/careen.sh"
		# it holds our host keys, and dracut copies it over an older one, whatever its mode
		[[ ! -e $outfile ]] || chmod go= "$outfile"
	else
		derror "careen: the image stays as it is without it; this boot will have no rescue"
		rm -rf "$tree" "/var/lib/careen/images/$kernel"
	fi
	rm -f "$tree.files"
}
