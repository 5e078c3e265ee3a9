#!/bin/bash
# check-long: busybox init and one that nobody knows: out by ptrace, and back; neither can be asked if it is up.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../inits.sh"
vm_boot 13 --flavour busybox
like "$(run detach --strategy reexec)" 'kills every other process' 'busybox: why its restart is not used'
like "$(run detach --clean)" 'does not know how it stops its services' 'busybox: nobody stops its services'
init_roundtrip 'busybox init' /usr/bin/busybox ptrace 'is listened on again' sshd cron systemd-udevd
vm_stop
vm_boot 13 --flavour busybox --append init=/usr/local/sbin/oddinit
init_roundtrip 'unknown init' /usr/local/sbin/oddinit ptrace 'is listened on again' sshd cron systemd-udevd

# Where nobody may be traced until the next boot, no way is left.
state() { vm_ssh1022 'cat /proc/1/mountinfo; readlink /proc/1/exe'; }
vm_ssh 'echo 3 >/proc/sys/kernel/yama/ptrace_scope'
before=$(state)
like "$(vm_ssh1022 careen status)" '^Preflight +blocked .*cannot be taken: kernel.yama.ptrace_scope is 3' \
	'no ptrace: Preflight says so'
out=$(run detach)
is $? 3 'no ptrace: Detach is refused'
like "$out" 'ptrace_scope is 3' 'no ptrace: with the reason'
is "$(state)" "$before" 'no ptrace: nothing has changed'
vm_stop
done_testing
