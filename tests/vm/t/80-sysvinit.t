#!/bin/bash
# check-long: sysvinit: out by its own re-exec, once with its services stopped in their order, and back.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../inits.sh"
vm_boot "${1:-13}" --flavour sysvinit
first=--clean console=1 stopped=rsyslogd kept='sshd systemd-udevd'
init_roundtrip sysvinit /usr/sbin/init 're-exec' 'runlevel 2 is reached' sshd cron rsyslogd systemd-udevd getty
vm_stop
done_testing
