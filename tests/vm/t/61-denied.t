#!/bin/bash
# check-long: another image, for what is rare
# A security module that denies: AppArmor confines our program, PID 1, or the console. Preflight and Detach
# say so in a sentence, before anything has changed.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

state() {
	vm_ssh1022 'grep -v /run/user /proc/1/mountinfo; readlink /proc/1/exe; readlink /proc/1/root; cat /proc/swaps'
}

# profile HEAD RULE...: loaded in place of the one before; PID 1 takes it on if it is its own
profile() {
	printf 'profile %s flags=(attach_disconnected) {\n file,\n network,\n signal,\n unix,\n dbus,\n%s\n}\n' "$1" "$2" |
		vm_ssh_in 'cat >/root/profile && apparmor_parser -r /root/profile && systemctl daemon-reexec'
}
rights=' capability, mount, remount, umount, pivot_root, change_profile, userns, mqueue, io_uring,'

# refused WHAT REGEX STEP...
refused() {
	local what=$1 regex=$2 out status
	shift 2
	out=$(vm_ssh1022 "careen run $* --yes" 2>&1)
	status=$?
	ok "$what: $1 does not do it" test $status -ne 0
	like "$out" "$regex" "$what: $1 says why"
	is "$(state)" "$before" "$what: nothing has changed"
	unlike "$out" '^\[[2-9]/[0-9]+\] (done|running|failed)' "$what: nothing was begun"
}

vm_boot 13 --flavour apparmor
boot_id=$(fact_boot_id vm_ssh)
is "$(vm_ssh cat /proc/1/attr/current)" unconfined 'at first PID 1 is confined by nothing'
before=$(state)

ok 'a profile for our program in its place' profile 'ours /oldroot/usr/lib/systemd/systemd' ''
for step in preflight detach; do
	refused 'our program may not chroot' 'could not leave the old root .does a security module deny it' $step
done
ok 'gone' vm_ssh 'apparmor_parser -R /root/profile'

ok 'a profile for PID 1' profile 'pid1 /usr/lib/systemd/systemd' "$rights ptrace, deny /oldroot/** x,"
is "$(vm_ssh cat /proc/1/attr/current)" 'pid1 (enforce)' 'which it is under'
before=$(state)
for step in preflight detach; do
	refused 'PID 1 may not execute it' "AppArmor's profile pid1, which PID 1 is under, does not allow it" $step
done

ok 'gone, too' vm_ssh 'apparmor_parser -R /root/profile'

# the console is in the rescue, and sees only its part of the paths; AppArmor does not
ok 'a profile for the console, which may trace nobody' \
	profile 'console /usr/bin/careen' "$rights ptrace (read, readby),"
like "$(vm_ssh1022 'cat /proc/self/attr/current')" 'console .enforce' 'which it is under'
before=$(state)
refused 'PID 1 may not be traced' 'the kernel refuses it: a security module' detach --strategy ptrace
ok 'its own re-exec is not in question' vm_ssh1022 'careen run preflight --yes'

ok 'and that one' vm_ssh 'apparmor_parser -R /root/profile'
for step in detach kill unmount resume; do ok "and then: $step" vm_ssh1022 "careen run $step --yes"; done
is "$(vm_ssh systemctl is-system-running)" running 'the system runs'
is "$(fact_boot_id vm_ssh)" "$boot_id" 'in the same boot'
done_testing
