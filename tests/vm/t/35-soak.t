#!/bin/bash
# check-long: Fifty round trips in one boot ($CAREEN_TRIPS): the rescue's files, processes, mounts and descriptors
# do not grow, and the last trip is as fast as the first. Jobs are kept up to fifty, four a trip: what is
# measured begins when their number does not grow any more.
. "$(dirname "$0")/../lib.sh"

trips=${CAREEN_TRIPS:-50}
steady=14
[ "$trips" -gt $((steady + 3)) ] || trips=$((steady + 3))
step() { vm_ssh1022 "careen run $1 --yes" >"$vm_tmp/out" 2>&1 || { cat "$vm_tmp/out"; return 1; }; }
trip() {
	local s begin=$(date +%s%N)
	for s in detach kill unmount resume; do step $s || return; done
	took=$((($(date +%s%N) - begin) / 1000000))
}
# KEY NUMBER a line. Memory by what the kernel cannot give back: rootfs and tmpfs are Shmem or
# unevictable page cache, its own structures are SUnreclaim.
measure() {
	vm_ssh1022 'sync; echo 3 >/proc/sys/vm/drop_caches; ll=$(cat /run/careen/lifeline.pid); db=$(cat /run/careen/dropbear.pid)
		n=0; for p in /proc/[0-9]*; do [ "$(readlink $p/exe)" ] && [ $p/root -ef /proc/$ll/root ] && n=$((n + 1)); done
		echo processes $n
		echo mounts $(wc -l </proc/$ll/mountinfo)
		echo fds $(($(ls /proc/$ll/fd | wc -l) + $(ls /proc/$db/fd | wc -l)))
		echo init-fds $(ls /proc/1/fd | wc -l)
		echo files $(find / -xdev -type f ! -path "/run/careen/*" | wc -l)
		echo rootfs-kb $(find / -xdev -type f -exec stat -c %b {} + | awk "{ n += \$1 } END { print int(n / 2) }")
		echo run-kb $(df -k /run/careen | awk "NR == 2 { print \$3 }")
		awk "/^SUnreclaim|^Shmem:|^VmallocUsed/ { print tolower(\$1), \$2 }" /proc/meminfo'
}

vm_boot 13
vm_wait running 60
boot_id=$(vm_ssh cat /proc/sys/kernel/random/boot_id)
for i in $(seq "$trips"); do
	trip || { fail "trip $i"; bail "it did not come to its end"; }
	note "trip $i: $took ms"
	times[i]=$took
	[ "$i" != $steady ] || measure >"$vm_tmp/steady"
done
measure >"$vm_tmp/end"
pass "$trips trips"
is "$(vm_ssh cat /proc/sys/kernel/random/boot_id)" "$boot_id" 'one boot'
is "$(vm_ssh systemctl is-system-running --wait)" running 'the system runs'
is "$(vm_ssh systemctl --failed --no-legend --plain)" '' 'no unit has failed'
note "after $steady: $(tr '\n' ' ' <"$vm_tmp/steady")"
note "after $trips: $(tr '\n' ' ' <"$vm_tmp/end")"
while read -r key was && read -r _ now <&3; do
	case $key in
	processes | mounts | fds | init-fds | files) most=$was ;;
	*) most=$((was + was / 20 + 1024)) ;;	# counted by the kernel for all of the machine
	esac
	ok "$key: $now after $trips trips, $was after $steady" [ "$now" -le "$most" ]
done <"$vm_tmp/steady" 3<"$vm_tmp/end"
# the middle of three, at each end: one may have met a timer of the system
middle() { printf '%s\n' "$@" | sort -n | sed -n 2p; }
first=$(middle "${times[1]}" "${times[2]}" "${times[3]}")
last=$(middle "${times[trips]}" "${times[trips - 1]}" "${times[trips - 2]}")
ok "the last trips take $last ms, the first $first" [ $((last * 10)) -le $((first * 14)) ]
done_testing
