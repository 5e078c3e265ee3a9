#!/bin/bash
# The root saved to a second disk, a new file system made, restored, and the system goes on
# from it in the same boot.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../files.sh"

created() { vm_ssh1022 "dumpe2fs -h /dev/vda1 2>/dev/null | grep 'Filesystem created'"; }

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
