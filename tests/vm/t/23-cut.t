#!/bin/bash
# check-long: the connection cut at 10, 50 and 90 % of a shrink and of an encryption; then their job killed.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../files.sh"

# The disk slowed down, in bytes a second; 0: as fast as it is.
throttle() { vm qmp "$VM" block_set_io_throttle \
	"{\"device\":\"disk1\",\"bps\":$1,\"bps_rd\":0,\"bps_wr\":0,\"iops\":0,\"iops_rd\":0,\"iops_wr\":0}" >/dev/null; }
# An operator's ssh client that runs this in the rescue; con_kill_client ends it.
session() { con_close; con_terminal cut 80 24 tmux-256color "exec $argv '$1'"; }
jobs_of() { vm_ssh1022 "grep -l \$'\\tjob\\trepair\\t' /run/careen/jobs/*/events" | wc -l; }
latest() { vm_ssh1022 "$1 \$(ls /run/careen/jobs/*/events | tail -n 1)"; }
running() { vm_ssh1022 'careen status --json' | grep -q '"running":true'; }
ended() { ! running; }
works() { vm_ssh1022 "pidof $program" >/dev/null; }
idle() { ! works; }
# How far the job says that it is, in percent; of resize2fs, with the pass that moves the blocks.
percent() {
	latest "sed -n 's/.*	pass 2, \([0-9]*\) % of it/\1/p; s/.*	\([0-9]*\)[.][0-9]*%, ETA.*/\1/p'" | tail -n 1
}
reached() { [ "$(percent)" -ge "$1" ] 2>/dev/null; }
# Not what it has started: that goes on.
kill_job() { latest "sed -n 's/^.*	job	repair	[^	]*	\([0-9]*\)	.*/\1/p'" | { read -r pid && vm_ssh1022 "kill -KILL $pid"; }; }
# Of one job: each of its operations has begun once, and come to its end once.
once() {
	local began
	began=$(latest "sed -n 's/^[^	]*	[^	]*	start	//p'")
	is "$(sort <<<"$began" | uniq -d)$(latest "grep -c '	fail	'")" 0 "$what: no operation was done twice, none has failed"
	is "$(latest "sed -n 's/^[^	]*	[^	]*	done	//p'")" "$(awk '{ print $1 }' <<<"$began")" "$what: and each has come to its end"
}

shrink() { program=resize2fs; repair='careen run repair --device vda2 --tool resize --set size=1000M --confirm vda2-0001'; }
encrypt() {
	program=cryptsetup
	repair='echo open sesame | careen run repair --device vda2 --tool encrypt-root --confirm vda2-0001 --key-file -'
}

changes=$encryption
same() {
	throttle 0
	ok "$what: resume" vm_ssh1022 'careen run resume --yes' || bail "$what: cannot go on"
	whole
	is "$(fact_boot_id vm_ssh)" "$boot_id" "$what: the same boot"
	is "$(vm_ssh 'lsblk -dno TYPE $(findmnt -no SOURCE /)')" "$1" "$what: its root is a $1"
}
small() { is "$(vm_ssh1022 'echo $(($(cat /sys/class/block/vda2/size) / 2)) $(dumpe2fs -h /dev/vda2 2>/dev/null |
	sed -n "s/^Block count: *//p")')" '1024000 256000' "$what: partition and file system have the new size"; }

# again WHAT BYTES: from the same point, on a disk of that many bytes a second
again() {
	what="Debian 13, $1"
	con_close
	vm_loadvm off >/dev/null || bail "$what: cannot go back"
	throttle "$2"
	eventually 60 vm_ssh1022 true || bail "$what: no way in"
}
# The client that has the job on its screen is killed; who logs in then finds the job at work.
cut() {
	ok "$what: $1 %" eventually 300 reached "$1" || bail "$what: $(con_screen; vm_ssh1022 careen log | head)"
	ok "$what: the connection is cut" con_kill_client
	ok "$what: a new session finds the job" running
	ok "$what: at work" works
	is "$(jobs_of)" 1 "$what: it is the one job"
}
# The job is killed: its tool goes on, and nobody comes in its way; once it has ended, the same
# command does what is left.
killed() {
	ok "$what: half of it" eventually 300 reached 50 || bail "$what: $(vm_ssh1022 careen log | head)"
	throttle 2000000	# time enough to look at what goes on
	ok "$what: the job is killed" kill_job
	ok "$what: and is gone" eventually 30 ended
	like "$(vm_ssh1022 careen log)" '^[0-9]+ +repair +died ' "$what: which is told"
	ok "$what: what it had started goes on" works
	out=$(vm_ssh1022 'careen run resume --yes' 2>&1)
	isnt $? 0 "$what: nobody resumes such a system"
	like "$out" 'has begun and has not ended' "$what: it says why"
	out=$(vm_ssh1022 "$repair" 2>&1)
	isnt $? 0 "$what: nor is it begun a second time"
	like "$out" 'not be looked at in time|at work on its disk|is in use|has it open' "$what: for what is true"
	like "$(vm_ssh1022 'careen status --json')" "\"way_out\":\"wait\"[^}]*\"command\":\"$program\"" "$what: it is shown as what it is"
	like "$(vm_ssh1022 'careen run kill --yes' 2>&1)" "$program, pid [0-9]+, .*is left alone" "$what: Kill leaves it alone"
	ok "$what: it still goes on" works
	throttle 0
	ok "$what: to its end" eventually 400 idle
	out=$(vm_ssh1022 "$repair" 2>&1)
	is $? 0 "$what: the same command goes on from there" || bail "$out"
	like "$out" "$1" "$what: and does not do it again"
}

VM_TIMEOUT=900
what='Debian 13'
vm_boot 13 --flavour grub-boot
ok "$what: files of every kind" prepare
ok "$what: GRUB's menu" vm_ssh update-grub
# all that is free but 330 MB is taken while a file is written, which lies near the end then
ok "$what: something to move" vm_ssh 'set -e; cd /root; fallocate -l $(($(df -k --output=avail / | tail -n 1) - 330000))K hog
	dd if=/dev/urandom of=end bs=1M count=256 status=none; sync; rm hog; sync
	filefrag -v end | awk "/^ +[0-9]+:/ { gsub(/[.:]/, \" \"); if (\$5 > 256000) n += \$6 } END { print n; exit !(n > 30000) }"'
boot_id=$(fact_boot_id vm_ssh)
before=$(inventory)
off
ok "$what: a point to come back to" vm_savevm off
argv=$(vm ssh-argv "$VM" 1022)

cases_of_shrink() {
	shrink
	for at in 10 50 90; do
		again "shrink cut at $at %" 12000000
		session "$repair"
		cut $at
		ok "$what: to its end" eventually 300 ended
		like "$(vm_ssh1022 careen log)" '^[0-9]+ +repair +done ' "$what: which is a good one"
		is "$(jobs_of)" 1 "$what: it was one job"
		once
		small
		same part
	done
	again "shrink's job killed" 12000000
	vm_ssh1022 "$repair --detach" >/dev/null
	killed 'already 256000 .* blocks long'
	small
	same part

	again "shrink's job and resize2fs killed" 12000000
	vm_ssh1022 "$repair --detach" >/dev/null
	ok "$what: half of it" eventually 300 reached 50 || bail "$what: $(vm_ssh1022 careen log | head)"
	ok "$what: both are killed" eval 'kill_job && vm_ssh1022 "kill -KILL \$(pidof resize2fs)"'
	ok "$what: and are gone" eventually 30 eval 'ended && idle'
	throttle 0
	out=$(vm_ssh1022 "$repair" 2>&1)
	is $? 0 "$what: the same command goes on" || bail "$out"
	small
	same part
}
cases_of_encrypt() {
	encrypt
	again 'encryption cut' 0
	session "$repair"
	for at in 10 50 90; do
		cut $at
		session 'careen log --follow'
	done
	ok "$what: to its end" eventually 1500 ended
	like "$(vm_ssh1022 careen log)" '^[0-9]+ +repair +done ' "$what: which is a good one"
	is "$(jobs_of)" 1 "$what: it was one job"
	once
	same crypt

	again "encryption's job killed" 0
	vm_ssh1022 "$repair --detach" >/dev/null
	killed 'all of it is encrypted'
	like "$out" 'done before' "$what: nor what came before"
	same crypt
}
for part in ${CAREEN_PARTS:-shrink encrypt}; do cases_of_$part; done
done_testing
