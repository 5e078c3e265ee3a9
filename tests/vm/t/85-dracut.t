#!/bin/bash
# check-long: the trip is that of 25-enter
# A machine whose initramfs is dracut's, with systemd inside: careen's module starts the rescue
# before the real system, careen.service where there is none.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

cli() { vm_ssh1022 "careen run $1 --yes"; }
runs() {
	is "$(vm_ssh systemctl is-system-running)" running "$1: the system runs"
	is "$(vm_ssh systemctl --failed --no-legend --plain)" '' "$1: no failed unit"
	like "$(vm_ssh 'grep " cgroup2 " /proc/1/mountinfo')" 'nsdelegate' "$1: its control groups have their options"
}

trip() {
	ok "$1: detach" cli detach
	ok "$1: kill" cli kill
	like "$(cli unmount)" '/dev/vda1 is clean: no mount in any namespace' "$1: unmount, the proof is green"
	ok "$1: the kernel agrees" fact_disk_free
	ok "$1: e2fsck" vm_ssh1022 'e2fsck -f -p /dev/vda1'
	ok "$1: resume" cli resume
	runs "$1"
	is "$(fact_boot_id vm_ssh)" "$boot_id" "$1: the same boot"
}

# begin RELEASE
begin() {
	what="Debian $1"
	vm_boot "$1" --flavour dracut
	boot_id=$(fact_boot_id vm_ssh)
	runs "$what"
	like "$(vm_ssh 'journalctl -b -o cat _PID=1')" 'Switching root|switch-root' "$what: systemd ran in the initramfs"
	like "$(vm_ssh 'journalctl -b -o cat -u dracut-pre-pivot')" 'careen: rescue ready' "$what: the rescue was there before the system"
	is "$(vm_ssh 'stat -c %a /boot/initrd.img-*')" 600 "$what: nobody else reads the image with its keys"
	ok "$what: the rescue answers" vm_wait ssh1022 60
	like "$(vm_ssh1022 'cat /proc/self/mountinfo')" ' / / .* - tmpfs careen ' "$what: it is a tree in RAM"
	is "$(vm_ssh systemctl show -P Result careen.service)" success "$what: careen.service is content with it"
	trip "$what, trip 1"
}

begin 12
vm_stop
begin 13
trip 'trip 2'
ok 'leave' vm_ssh 'careen leave --yes'

# The hook with a tree that is not whole, outside an initramfs: it takes back what it did.
ok 'a tree without an /etc' vm_ssh 'tree=/usr/lib/careen/tree; mkdir $tree &&
	/usr/lib/careen/enter-tree size $tree >$tree.size && /usr/lib/careen/enter-tree fill $tree &&
	rm $tree/etc/careen/rescue/passwd'
out=$(vm_ssh 'ln -s /usr/lib/dracut/modules.d/99base/dracut-dev-lib.sh /lib/
	ln -s /usr/lib/dracut/dracut-util /usr/local/bin/dracut-getarg
	unshare -m sh -c "
	mount -t tmpfs new /mnt && mkdir /mnt/run && cat /proc/self/mountinfo >/root/before
	NEWROOT=/mnt
	. /usr/lib/dracut/modules.d/99base/dracut-lib.sh
	. /usr/lib/dracut/modules.d/99careen/careen.sh
	diff /root/before /proc/self/mountinfo && echo all as before"; rm -rf /usr/lib/careen/tree /usr/lib/careen/tree.[sf]i*' 2>&1)
like "$out" 'passwd: No such file' 'the hook: says what is missing'
like "$out" 'careen stays out of this boot' 'the hook: and what follows'
like "$out" '^all as before' 'the hook: every mount is as before'
not_ok 'the hook: no process stays' vm_ssh 'pgrep -x careen-lifeline'

ok 'careen.service' vm_ssh 'systemctl start careen.service'
is "$(vm_ssh systemctl show -P Result careen.service)" success 'careen.service did its work'
ok 'its rescue answers' vm_wait ssh1022 60
trip 'careen.service'
vm_stop

# without WHAT WORDS: as a boot without careen; the kernel's log has WORDS
without() {
	runs "$1"
	is "$(vm_ssh 'findmnt -no TARGET -t tmpfs | grep careen; ss -Hltn sport = :1022')" '' "$1: nothing of ours is there"
	like "$(vm_ssh 'journalctl -b -o cat -u dracut-pre-pivot')" "$2" "$1: it is said why"
	vm_stop
}
vm_boot 13 --flavour dracut --append careen=off
without 'careen=off' 'careen=off'
vm_boot 13 --flavour dracut --mem 256 --append systemd.mask=careen.service
without 'no RAM for it' 'kB of RAM are available'
done_testing
