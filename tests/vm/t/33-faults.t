#!/bin/bash
# check-long: Every operation of every step meets every fault once: it fails before or after its work, the
# job is killed before or after it, or hangs, or what it asks of the kernel never returns. Each time the log says
# so, and the same step goes on; at the end the same boot runs, and every file is as it was. Of the faults
# in CAREEN_BACKOUT, Resume instead of going on is tried, too, from a snapshot after each.
# build/vm/faults.txt has the table: step, operation, fault, what the job said, how Resume went.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../files.sh"

table=${CAREEN_VM_DIR:-build/vm}/faults.txt
faulted() { vm_ssh1022 'cat /run/careen/faulted 2>/dev/null' | wc -l; }
latest_job() { vm_ssh1022 careen log | head -n 1; }

# Has the operation that runs outlived its deadline, and what ends it then, too? One without any hangs
# when it has not obeyed for eleven minutes: the test makes them short.
overdue() {
	vm_ssh1022 'job=$(ls -d /run/careen/jobs/[0-9]* | tail -n 1)
		awk -F"\t" -v now="$(cut -d" " -f 1 /proc/uptime)" "
			\$3 == \"op\" { may[\$4] = \$7 }
			\$3 == \"start\" { began = \$2 / 1000; op = \$4 }
			END { if (!may[op]) exit 2; exit !(now > began + may[op] + 5) }" $job/events
		case $? in
		0) ;;
		2) [ '"$fault"' = stuck ] && careen stop && touch -d @$(($(stat -c %Y $job/asked) - 661)) $job/asked ;;
		*) false ;;
		esac'
}

# A job that hangs for ever is stopped as an operator would: asked, and asked again, which kills it.
hung=
run_step() {
	local job
	hung=
	vm_ssh1022 "careen run $1 --yes ${*:2}" >"$vm_tmp/out" 2>&1 &
	job=$!
	while [[ $fault == hang || $fault == stuck ]] && kill -0 $job 2>/dev/null; do
		sleep 2
		if overdue && [[ "$(vm_ssh1022 careen stop) $(vm_ssh1022 careen stop)" == *Killed* ]]; then
			hung='; the job hung, and was killed'
			break
		fi
	done
	wait $job
}

# back_out: Resume from where the fault has left the machine, then back to that point; $back says how
back_out() {
	back=resumed
	vm_savevm faulted && vm_ssh1022 'rm /run/careen/fault'
	vm_ssh1022 'careen run resume --yes' >"$vm_tmp/out" 2>&1
	case $? in
	0) ;;
	4) back='nothing to resume' ;;
	*) back='Resume failed'; diag "$(cat "$vm_tmp/out")" ;;
	esac
	vm_wait ssh 300 && [ "$(vm_ssh systemctl is-system-running --wait)" = running ] || back="$back; it does not run"
	[ "$(fact_boot_id vm_ssh)" = "$boot_id" ] || back="$back; another boot"
	vm_loadvm faulted >/dev/null && eventually 60 vm_ssh1022 true || bail "$what: cannot go back"
}

# What the log says of the job that met the fault.
said() { latest_job | awk '{ print $3 }'; }

# through STEP [OPTION...]: again and again, until it is done
through() {
	local step=$1 before after r i last='' told
	shift
	for i in $(seq 60); do
		before=$(faulted)
		run_step "$step" "$@"
		r=$?
		told=$(said)
		after=$(faulted)
		if [ "$after" -gt "$before" ]; then
			last=$(vm_ssh1022 tail -n 1 /run/careen/faulted)
			back=
			case " ${CAREEN_BACKOUT-die} $step" in
			*" $fault "*detach | *" $fault "*kill | *" $fault "*unmount)
				back_out
				case $back in
				resumed | 'nothing to resume') pass "$what: $step: $last: back to the running system" ;;
				*) fail "$what: $step: $last: back to the running system ($back)" ;;
				esac
				;;
			esac
			printf '%s\t%s\t%s%s\t%s\n' "$step" "$last" "$told" "$hung" "$back" >>"$table"
			case $r:$fault in
			0:*) fail "$what: $step: $last: the job says that all is well" ;;
			esac
			continue
		fi
		break
	done
	case $r in
	0 | 4) pass "$what: $step comes to its end" ;;
	*) fail "$what: $step comes to its end"; diag "$(cat "$vm_tmp/out")"; return 1 ;;
	esac
}

# The faults begin with the step CAREEN_FROM; those before it go well.
begin() { [ "$1" != "${CAREEN_FROM:-detach}" ] || vm_ssh1022 "echo $fault >/run/careen/fault"; }

vm_boot 13
ok 'files of every kind' prepare
vm_wait running 60
before=$(inventory)
boot_id=$(fact_boot_id vm_ssh)
ok 'a console whose operations go wrong' vm push-faulty "$VM"
ok 'a point to come back to' vm_savevm faults
: >"$table"

for fault in ${CAREEN_FAULTS:-fail late die gone hang stuck}; do
	what=$fault
	vm_loadvm faults >/dev/null || bail "$what: cannot go back"
	eventually 60 vm_ssh1022 true || bail "$what: no way in"
	for step in detach kill unmount; do
		begin $step
		through $step || bail "$what: $step: $(latest_job)"
	done
	is "$(vm_ssh1022 cat /proc/1/comm)" careen-stub "$what: PID 1 is in RAM"
	ok "$what: the kernel says that the disk is free" fact_disk_free
	begin repair
	through ext4-fix /dev/vda1 --confirm vda1-0001 || bail "$what: repair: $(latest_job)"
	begin resume
	through resume || bail "$what: resume: $(latest_job)"
	# the operation that waits for it has failed, too
	ok "$what: its ssh is back" vm_wait ssh 300
	is "$(vm_ssh systemctl is-system-running --wait)" running "$what: the system runs"
	is "$(vm_ssh systemctl --failed --no-legend --plain)" '' "$what: no failed unit"
	is "$(fact_boot_id vm_ssh)" "$boot_id" "$what: the same boot"
	is "$(diff <(echo "$before") <(echo "$(inventory)") | head -20)" '' "$what: every file is as it was"
	ok "$what: each operation met it: $(grep -c "	$fault	" "$table")" [ "$(grep -c "	$fault	" "$table")" -ge 20 ]
done
note "$(cat "$table")"
done_testing
