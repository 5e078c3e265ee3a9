#!/bin/bash
# check-long: the trip is that of 25-enter
# A machine whose initramfs is dracut's, with systemd inside: careen.service makes the
# rescue at boot, and the trip is that of careen enter.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

cli() { vm_ssh1022 "careen run $1 --yes"; }

vm_boot 13 --flavour dracut
boot_id=$(fact_boot_id vm_ssh)
like "$(vm_ssh 'journalctl -b -o cat _PID=1')" 'Switching root|switch-root' 'systemd ran in the initramfs'
is "$(vm_ssh systemctl is-system-running)" running 'the system runs'
is "$(vm_ssh systemctl show -P Result careen.service)" success 'careen.service did its work'
ok 'the rescue answers' vm_wait ssh1022 60
like "$(vm_ssh1022 'cat /proc/self/mountinfo')" ' / / .* - tmpfs careen ' 'it is a tree in RAM'
for n in 1 2; do
	ok "trip $n: detach" cli detach
	ok "trip $n: kill" cli kill
	like "$(cli unmount)" '/dev/vda1 is clean: no mount in any namespace' "trip $n: unmount, the proof is green"
	ok "trip $n: the kernel agrees" fact_disk_free
	ok "trip $n: e2fsck" vm_ssh1022 'e2fsck -f -p /dev/vda1'
	ok "trip $n: resume" cli resume
	is "$(vm_ssh systemctl is-system-running)" running "trip $n: the system runs"
	is "$(vm_ssh systemctl --failed --no-legend --plain)" '' "trip $n: no failed unit"
	is "$(fact_boot_id vm_ssh)" "$boot_id" "trip $n: the same boot"
done
done_testing
