#!/bin/bash
# check-long: runit, which has no re-exec: out by ptrace, and back.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../inits.sh"
vm_boot "${1:-13}" --flavour runit
second=--clean straight=1 stopped='sshd rsyslogd' kept='dhclient systemd-udevd'
init_roundtrip runit /usr/sbin/runit ptrace 'runsvdir runs' sshd rsyslogd dhclient systemd-udevd runsvdir
vm_stop
done_testing
