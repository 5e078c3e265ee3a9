#!/bin/bash
# The root saved to a second disk, a new file system made, restored, and the system goes on
# from it in the same boot.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

# Everything about every file of the system's own directories, asked in the normal system.
inventory() {
	vm_ssh 'cd / && find etc usr root boot srv opt home -xdev -printf "%p %y %m %U %G %n %s %l\n" | sort
		find etc usr/bin usr/lib/systemd root boot -xdev -type f -print0 | sort -z | xargs -0 sha256sum'
}
created() { vm_ssh1022 "dumpe2fs -h /dev/vda1 2>/dev/null | grep 'Filesystem created'"; }

vm_boot 13
boot_id=$(fact_boot_id vm_ssh)
uuid=$(vm_ssh findmnt -no UUID /)
vm_ssh 'set -e; cd /root; echo one >a; ln a b; truncate -s 10M sparse; cp /usr/bin/true cap
	chown 1:2 cap; chmod 4750 cap; touch "odd
name"; sync'
before=$(inventory)
ok 'there is something to lose' test "$(wc -l <<<"$before")" -gt 3000
vm_disk2 1G
ok 'the console' op_console
ok 'detach' op_step 2
ok 'kill' op_step 3
ok 'unmount' op_step 4
created=$(created)

ok 'the root is saved to the second disk' vm_ssh1022 'set -e; mkdir -p /tmp/old /tmp/save
	mke2fs -q -t ext4 /dev/vdb; mount -t ext4 /dev/vdb /tmp/save; mount -t ext4 -o ro /dev/vda1 /tmp/old
	tar -C /tmp/old --xattrs --xattrs-include="*" --acls --numeric-owner --sparse -cf /tmp/save/root.tar .'
vm_ssh1022 'umount /tmp/old'

op_repair vda1 'Make an ext4 file system' vda1-0000 10 >/dev/null 2>&1
ok 'a wrong word is refused' con_wait 'That is not the word' 5
is "$(created)" "$created" 'and nothing has happened'
con_keys Escape
ok 'a new file system is made' op_repair vda1 'Make an ext4 file system' vda1-0001 180
isnt "$(created)" "$created" 'it is a new one'

ok 'the root is restored' vm_ssh1022 'set -e; mount -t ext4 /dev/vda1 /tmp/old
	tar -C /tmp/old --xattrs --xattrs-include="*" --acls --numeric-owner -xpf /tmp/save/root.tar'
ok 'unmounted' vm_ssh1022 'umount /tmp/old && umount /tmp/save'
ok 'resume' op_step 6 300
is "$(vm_ssh systemctl is-system-running)" running 'the system runs'
is "$(vm_ssh systemctl --failed --no-legend --plain)" '' 'no failed unit'
is "$(fact_boot_id vm_ssh)" "$boot_id" 'the same boot'
is "$(vm_ssh findmnt -no UUID /)" "$uuid" 'the same UUID'
after=$(inventory)
is "$(diff <(echo "$before") <(echo "$after") | head -20)" '' 'every file is as it was'
is "$(vm_ssh 'stat -c %h /root/a; stat -c "%a %u %g" /root/cap' | tr '\n' ' ')" '2 4750 1 2 ' 'hard link, owner and mode'
done_testing
