#!/bin/bash
# PID 1 that has frozen itself is taken by ptrace, and a healthy one too; a trial that fails
# changes nothing.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

# A re-exec that must fail: the binary is on a file system without exec for a moment.
# In one command, because a login needs a PID 1 that answers.
freeze() {
	vm_ssh 'mkdir -p /run/noexec && mount -t tmpfs -o noexec none /run/noexec &&
		cp /usr/lib/systemd/systemd /run/noexec/ &&
		mount --bind /run/noexec/systemd /usr/lib/systemd/systemd &&
		kill -TERM 1
		# frozen, it has closed all but 0, 1 and 2 [systemd src/core/crash-handler.c]
		for i in $(seq 300); do [ "$(ls /proc/1/fd | wc -l)" -gt 3 ] || break; sleep 0.2; done
		umount /usr/lib/systemd/systemd && umount /run/noexec &&
		[ "$(ls /proc/1/fd | wc -l)" -le 3 ]'
}

back() {
	vm_wait running 300
	is "$(vm_ssh systemctl is-system-running)" running "$1: the system runs"
	is "$(vm_ssh systemctl --failed --no-legend --plain)" '' "$1: no failed unit"
	is "$(fact_boot_id vm_ssh)" "$boot_id" "$1: the same boot"
}

for release in ${CAREEN_RELEASES:-12 13}; do
	what="Debian $release, frozen PID 1"
	vm_boot "$release"
	boot_id=$(fact_boot_id vm_ssh)
	ok "$what: it froze" freeze
	ok "$what: the console opens all the same" op_console
	op_choose 1
	ok "$what: Preflight says that it froze" con_wait 'has frozen itself'
	op_choose 2
	ok "$what: Detach says it, too" con_wait 'PID 1 .systemd. has frozen itself'
	ok "$what: the plan takes it by ptrace" op_plan
	ok "$what: and says so" con_wait 'by ptrace'
	con_keys Escape
	ok "$what: detach" op_step 2
	is "$(fact_pid1)" /usr/lib/careen/stub "$what: PID 1 is the stub"
	ok "$what: kill" op_step 3
	ok "$what: unmount" op_step 4
	ok "$what: the disk is free" fact_disk_free
	ok "$what: resume" op_step 6 300
	con_keys q
	back "$what"

	what="Debian $release, trial"
	mounts=$(vm_ssh1022 'grep -v /run/user /proc/1/mountinfo')
	ok "$what: there are mounts to compare" test -n "$mounts"
	vm_ssh1022 'chmod 000 /usr/lib/careen/escape'
	out=$(vm_ssh1022 'careen run detach --yes' 2>&1)
	is $? 1 "$what: a detach whose trial fails has failed"
	like "$out" 'cannot be executed.*not allowed|PID 1 is untouched' "$what: and says why, and that PID 1 is untouched"
	like "$out" '^\[1/[0-9]+\] failed: prove the hand-over' "$what: at its first operation"
	unlike "$out" '^\[[2-9]/[0-9]+\] (done|running|failed)' "$what: and at no other"
	is "$(vm_ssh1022 'grep -v /run/user /proc/1/mountinfo')" "$mounts" "$what: no mount has changed"
	is "$(vm_ssh systemctl is-system-running)" running "$what: the system still runs"
	vm_ssh1022 'chmod 755 /usr/lib/careen/escape'

	what="Debian $release, healthy PID 1 by ptrace"
	ok "$what: detach" vm_ssh1022 'careen run detach --strategy ptrace --yes'
	is "$(fact_pid1)" /usr/lib/careen/stub "$what: PID 1 is the stub"
	for step in kill unmount resume; do
		ok "$what: $step" vm_ssh1022 "careen run $step --yes"
	done
	back "$what"
	vm_stop
done
done_testing
