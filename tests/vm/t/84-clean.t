#!/bin/bash
# systemd stops its services in their order: those that hold the disk, or everything by a soft
# reboot that ends in our program. The network and our session stay.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../inits.sh"
vm_boot 13
like "$(vm_ssh1022 careen plan detach --strategy softreboot)" 'take PID 1 .*by a soft reboot +\[kills' \
	'a soft reboot is a strategy, and says that it kills'
first=--clean second='--clean --strategy softreboot' straight=1 stopped=cron
init_roundtrip systemd /usr/lib/systemd/systemd 're-exec' 'The system is running; no unit has failed' \
	sshd cron systemd-journal systemd-network systemd-udevd
is "$(vm_ssh 'ls -d /run/systemd/system/*.d 2>/dev/null')" '' 'nothing is left of what systemd was told'
vm_stop
vm_boot 12
like "$(run detach --strategy softreboot)" 'systemd 252 has no soft reboot' 'Debian 12: why there is no soft reboot'
vm_stop
done_testing
