# storage.sh - the full trip of a flavour's storage by the command line; after lib.sh.
#
# storage RELEASE FLAVOUR CHECK: CHECK is what says in the rescue that the root's file system is
# good. The root is wherever the system's own / is mounted from.

# Everything the system has mounted from a disk, and how.
mounted() {
	vm_ssh "findmnt -rn -o TARGET,FSTYPE,FSROOT -t ext4,xfs,btrfs,vfat,squashfs,overlay | sort
		swapon --show=NAME --noheadings | sort"
}
# By the name that a boot gives it, too.
root_source() { vm_ssh findmnt -rno SOURCE /; }
careen_run() { vm_ssh1022 "careen run $* --yes"; }

# Every device that carries a file system of the root or lies below one has its line of proof,
# and no other has; what loops lie on is the root itself.
proofs() { sed -nE 's/^ +(\/dev\/[^ ]+) (is clean|carries only [^:]+): no mount in any namespace.*/\1/p' <<<"$1" | sort; }
below_root() { vm_ssh '{ findmnt -rnU -o SOURCE -t ext4,xfs,btrfs,vfat | sed "s/\[.*//"
		ls -d /sys/fs/btrfs/*-*/devices/* 2>/dev/null | sed "s|.*/|/dev/|"; } |
	while read -r d; do lsblk -sno NAME -l "$d"; done |
	while read -r n; do readlink -f "/dev/mapper/$n" /dev/$n | grep "^/dev/[a-z]" | grep -v /dev/loop |
		while read -r d; do [ ! -b "$d" ] || echo "$d"; done; done | sort -u'; }

storage_boot() {
	what="Debian $1, $2"
	vm_boot "$1" --flavour "$2"
	boot_id=$(vm_ssh cat /proc/sys/kernel/random/boot_id)
}

storage_unmount() { out=$(careen_run unmount "$@" 2>&1); }
storage_off() {
	before=$(mounted)
	source=$(root_source)
	devices=$(below_root)
	ok "$what: there is something to come off" test -n "$devices"
	ok "$what: detach" careen_run detach || bail "$what: cannot go on"
	ok "$what: kill" careen_run kill || bail "$what: cannot go on"
	ok "$what: unmount" storage_unmount "$@" || bail "$what: ${out-}"
}

storage_back() {
	is "$(vm_ssh systemctl is-system-running)" running "$what: the system runs"
	is "$(vm_ssh systemctl --failed --no-legend --plain)" '' "$what: no failed unit"
	is "$(vm_ssh cat /proc/sys/kernel/random/boot_id)" "$boot_id" "$what: the same boot"
	is "$(mounted)" "$before" "$what: the same file systems and swap as before"
	is "$(root_source)" "$source" "$what: the root is $source, as before"
}

# storage_close HOW-TO-RESUME...: the same with the stack closed meanwhile: the disks themselves
# come free, and Resume opens it again.
storage_close() {
	what="$what, closed"
	storage_off --close
	is "$(proofs "$out")" "$(grep -v '/dev/dm-\|/dev/md' <<<"$devices")" "$what: the proof is green for the disks"
	unlike "$out" 'carries only' "$what: and nothing lies on them"
	is "$(vm_ssh1022 'ls /sys/class/block | grep -c "^dm-\|^md"')" 0 "$what: no layer is open"
	for disk in $(grep '^/dev/vd.$' <<<"$devices"); do
		ok "$what: the kernel agrees: $disk can be read anew" eventually 10 vm_ssh1022 "blockdev --rereadpt $disk"
	done
	ok "$what: resume" "$@" || bail "$what: cannot go on"
	storage_back
}

storage_more() { :; }
storage() {
	storage_boot "$1" "$2"
	storage_more
	storage_off
	is "$(proofs "$out")" "$devices" "$what: the proof is green for every device below the root"
	ok "$what: the file system is good" vm_ssh1022 "$3"
	ok "$what: resume" careen_run resume || bail "$what: cannot go on"
	storage_back
}
