#!/bin/bash
# check-long: a foreign architecture, emulated
# arm64: careen is cross-compiled and run on Debian's arm64 kernel. An init that nobody knows is
# taken by ptrace, in every state that a system call may be in; out and back, twice in one boot.
. "$(dirname "$0")/../lib.sh"
export PATH=$PATH:/usr/sbin:/sbin
dir=$("$vm_here/arm64" image) || bail 'no image for arm64'
timeout 400 "$vm_here/arm64" run "$dir" 2>&1 | tr -d '\r' >"$vm_tmp/log"
# told LINE: the machine said exactly that
told() { grep -qFx -e "@ $1" "$vm_tmp/log" || { tail -n 40 "$vm_tmp/log"; return 1; }; }
last() { sed -n "s/^@ $1: //p" "$vm_tmp/log" | tail -n 1; }

ok 'it is an arm64 machine' told 'machine aarch64'
ptrace=$(sed -n 's/^@ ptrace //p' "$vm_tmp/log")
ok 'ptrace: the unit tests have come to their end' grep -Eq '^1\.\.[0-9]+$' <<<"$ptrace"
is "$(grep -c '^ok' <<<"$ptrace")" "$(sed -n 's/^1\.\.//p' <<<"$ptrace")" 'ptrace: all of them are good'
unlike "$ptrace" '^not ok' 'ptrace: and none is not'
for n in 1 2; do
	like "$(grep "^@ $n detach: " "$vm_tmp/log")" 'done: take PID 1 .init. by ptrace' "trip $n: taken by ptrace"
	ok "trip $n: PID 1 is the stub" told "$n after detach: /usr/lib/careen/stub"
	like "$(last "$n kill")" '^All done' "trip $n: kill"
	like "$(last "$n unmount")" 'All done. PID 1 is in RAM; the old root is unmounted' "trip $n: unmount"
	like "$(grep "^@ $n unmount: " "$vm_tmp/log")" '/dev/vda is clean: no mount in any namespace' "trip $n: the proof is green"
	ok "trip $n: e2fsck finds nothing" told "$n e2fsck 0"
	like "$(last "$n resume")" 'All done. PID 1 is init, in the real system' "trip $n: resume"
	ok "trip $n: PID 1 is the init again" told "$n after resume: /sbin/init, root real"
done
is "$(grep -c '^oddinit: started as 1$' "$vm_tmp/log")" 3 'the init was started three times'
ok 'in the same boot' told 'the same boot'
ok 'to the end' told 'the end'
done_testing
