#!/bin/bash
# check-long: openrc-init: out by its own re-exec, and back.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../inits.sh"
vm_boot "${1:-13}" --flavour openrc
second=--clean straight=1 stopped='cron rsyslogd sshd' kept='dhclient systemd-udevd'
init_roundtrip openrc-init /usr/sbin/openrc-init 're-exec' 'runlevel default' sshd cron rsyslogd dhclient systemd-udevd
vm_stop
done_testing
