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

# The system of $what has come back with the files of $before.
whole() {
	is "$(vm_ssh systemctl is-system-running --wait)" running "$what: the system runs"
	is "$(vm_ssh systemctl --failed --no-legend --plain)" '' "$what: no failed unit"
	is "$(diff <(grep -v "$changes" <<<"$before") <(grep -v "$changes" <<<"$(inventory)") | head -20)" '' \
		"$what: every file is as it was"
}
# What may differ, as grep has it. An encryption changes what it is about, and what it makes anew:
encryption='etc/fstab\|etc/crypttab\|boot/\|^boot\|var/\|^etc d\|etc/mtab'
# Another file system, fstab and boot/; xfs shows an ACL a second time, under a name of its own:
changes='etc/fstab\| boot/\|^boot\|var/\|^trusted.SGI_ACL_\|^$'

# --- a root that became $fs, with $uuid and the files of $before, in the boot $boot_id ---
same() {
	whole
	is "$(vm_ssh findmnt -no FSTYPE,UUID / | tr -s ' ')" "$fs $uuid" "$what: $fs, and the UUID of before"
	like "$(vm_ssh lsattr -d /root/acl)" '^[^ ]*i[^ ]* ' "$what: what was immutable is"
}

# resumed, then booted anew by the boot loader that is on the disk
back() {
	ok "$what: resume" vm_ssh1022 'careen run resume --yes' || bail "$what: cannot go on"
	is "$(fact_boot_id vm_ssh)" "$boot_id" "$what: the same boot"
	same
	what="$what, cold"
	vm_ssh sync
	ok "$what: it boots by its own boot loader" vm cold "$VM" || bail "$(vm_console_log | tail -30)"
	isnt "$(fact_boot_id vm_ssh)" "$boot_id" "$what: another boot"
	same
}
