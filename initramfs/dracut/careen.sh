#!/bin/sh
# careen.sh - dracut's pre-pivot hook: starts the rescue, in the /run that the real system gets
#
# A switch of the root leaves nothing of the initramfs: rootfs is emptied, what is mounted on
# it taken off, and /run bound into the new root anew, which leaves a process in a tree below
# it behind. But a /run that is mounted in the new root already is left alone, with all in it
# [systemd src/shared/switch-root.c, util-linux sys-utils/switch_root.c]. So it is mounted here,
# and the tree in it: from then on the machine is one on which `careen enter` was run.

# Is there the RAM, with what a session and a repair tool want besides?
careen_room() {
	read -r size </usr/lib/careen/tree.size || return
	while read -r key available _; do
		[ "$key" != MemAvailable: ] || break
	done </proc/meminfo
	[ "$available" -gt $((size / 1024 + 96 * 1024)) ] ||
		{ warn "careen: $available kB of RAM are available, $((size / 1024 + 96 * 1024)) wanted"; return 1; }
	size=$((size + size / 8 + 16 * 1048576))
}

# As op_tree.c does it; pivot_root(2) wants it private. noswap came with Linux 6.4.
careen_tree() {
	mkdir -p -m 700 "$tree" && mount --bind "$tree" "$tree" && mount --make-private "$tree" || return
	options=nosuid,nodev,mode=0755,size=$size
	mount -t tmpfs -o "$options,noswap" careen "$tree" 2>/dev/null ||
		mount -t tmpfs -o "$options" careen "$tree" || return
	cp -a /usr/lib/careen/tree/. "$tree"
}

careen_start() {
	run=$NEWROOT/run tree=$NEWROOT/run/careen
	[ -d "$run" ] || { warn "careen: no directory /run in the new root"; return 1; }
	! ismounted "$run" || { warn "careen: something is mounted on the new root's /run"; return 1; }
	careen_room || return
	mount --rbind /run "$run" || return
	mount --make-rprivate "$run" && careen_tree && chroot "$tree" /usr/lib/careen/rescue-start && return
	umount -R -l "$run"
	return 1
}

# in a process of its own: dracut sources this file
if [ "$(getarg careen=)" = off ]; then
	info "careen=off on the kernel's command line"
else
	(careen_start) || warn "careen stays out of this boot"
fi
