#!/bin/bash
# The root saved to a second disk, a new file system made, restored, and the system goes on
# from it in the same boot.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

# Everything about every file of the system's own directories, asked in the normal system; how
# many blocks a directory takes is the file system's own affair.
inventory() {
	vm_ssh 'cd / && find etc usr root boot srv opt home -xdev \( -type d -printf "%p %y %m %U %G\n" -o -printf "%p %y %m %U %G %n %s %l\n" \) | sort
		find etc usr/bin usr/lib/systemd root boot -xdev -type f -print0 | sort -z | xargs -0 sha256sum
		find etc usr root srv opt home -xdev -print0 | sort -z |
			xargs -0 getfattr -h -d -m - -e hex 2>/dev/null'
}
created() { vm_ssh1022 "dumpe2fs -h /dev/vda1 2>/dev/null | grep 'Filesystem created'"; }

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

for release in ${CAREEN_RELEASES:-12 13}; do
	what="Debian $release"
	vm_boot "$release"
	boot_id=$(fact_boot_id vm_ssh)
	uuid=$(vm_ssh findmnt -no UUID /)
	ok "$what: files of every kind" prepare
	before=$(inventory)
	ok "$what: there is something to lose" test "$(wc -l <<<"$before")" -gt 3000
	like "$before" '^security.capability=0x01000002' "$what: a capability among it"
	like "$before" '^system.posix_acl_access=' "$what: and an ACL"
	ok "$what: a second disk" vm_disk2 1G
	ok "$what: the console" op_console
	ok "$what: detach" op_step 2 || bail "$what: cannot go on"
	ok "$what: kill" op_step 3 || bail "$what: cannot go on"
	ok "$what: unmount" op_step 4 || bail "$what: cannot go on"
	created=$(created)

	ok "$what: the root is saved to the second disk" vm_ssh1022 'set -e; mkdir -p /tmp/old /tmp/save
		mke2fs -q -t ext4 /dev/vdb; mount -t ext4 /dev/vdb /tmp/save; mount -t ext4 -o ro /dev/vda1 /tmp/old
		tar -C /tmp/old --xattrs --xattrs-include="*" --acls --numeric-owner --sparse -cf /tmp/save/root.tar .
		umount /tmp/old' || bail "$what: cannot go on"

	op_repair vda1 'Make an ext4 file system' vda1-0000 10 >/dev/null 2>&1
	ok "$what: a wrong word is refused" con_wait 'That is not the word' 5
	is "$(created)" "$created" "$what: and nothing has happened"
	con_keys Escape
	ok "$what: a new file system is made" op_repair vda1 'Make an ext4 file system' vda1-0001 180 ||
		bail "$what: cannot go on"
	isnt "$(created)" "$created" "$what: it is a new one"
	is "$(vm_ssh1022 'dumpe2fs -h /dev/vda1 2>/dev/null | sed -n "s/^Mount count: *//p"')" 0 \
		"$what: that nobody has mounted"

	ok "$what: the root is restored" vm_ssh1022 'set -e; mount -t ext4 /dev/vda1 /tmp/old
		tar -C /tmp/old --xattrs --xattrs-include="*" --acls --numeric-owner -xpf /tmp/save/root.tar
		umount /tmp/old; umount /tmp/save' || bail "$what: cannot go on"
	ok "$what: resume" op_step 6 300
	is "$(vm_ssh systemctl is-system-running)" running "$what: the system runs"
	is "$(vm_ssh systemctl --failed --no-legend --plain)" '' "$what: no failed unit"
	is "$(fact_boot_id vm_ssh)" "$boot_id" "$what: the same boot"
	is "$(vm_ssh findmnt -no UUID /)" "$uuid" "$what: the same UUID"
	after=$(inventory)
	is "$(diff <(echo "$before") <(echo "$after") | head -20)" '' "$what: every file is as it was"
	is "$(vm_ssh 'stat -c %h /root/a; stat -c "%a %u %g" /root/suid' | tr '\n' ' ')" '2 4750 1 2 ' \
		"$what: hard link, owner and mode"
	ok "$what: the hole is still a hole" test "$(vm_ssh stat -c %b /root/sparse)" -lt 2048
	vm_stop
done
done_testing
