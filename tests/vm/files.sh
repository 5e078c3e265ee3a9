# files.sh - files that are hard to copy, and what they are; after lib.sh

# Everything about every file of the system's own directories, asked in the normal system; how
# many blocks a directory takes is the file system's own affair.
inventory() {
	vm_ssh 'cd / && find etc usr root boot srv opt home -xdev \( -type d -printf "%p %y %m %U %G\n" -o -printf "%p %y %m %U %G %n %s %l\n" \) | sort
		find etc usr/bin usr/lib/systemd root boot -xdev -type f -print0 | sort -z | xargs -0 sha256sum
		find etc usr root srv opt home -xdev -print0 | sort -z |
			xargs -0 getfattr -h -d -m - -e hex 2>/dev/null'
}

# A hard link, a file with a hole, an owner, a mode, an ACL, a capability (cap_net_raw+ep in
# the kernel's own form [linux/capability.h vfs_cap_data]), a name with a newline.
prepare() {
	vm_ssh 'set -e; cd /root; echo one >a; ln a b; truncate -s 10M sparse
		echo middle | dd of=sparse bs=1M seek=5 conv=notrunc status=none
		cp /usr/bin/true suid; chown 1:2 suid; chmod 4750 suid
		cp /usr/bin/true cap
		setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 cap
		echo shared >acl; setfacl -m u:1:r acl; setfattr -n user.colour -v blue acl
		touch "odd
name"; sync'
}

# The system of $what comes off its disk.
off() {
	local step
	for step in detach kill unmount; do
		ok "$what: $step" vm_ssh1022 "careen run $step --yes" || bail "$what: cannot go on"
	done
}
