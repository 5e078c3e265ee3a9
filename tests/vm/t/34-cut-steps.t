#!/bin/bash
# check-long: The way in is cut at every step, in every way: the client killed, dropbear killed, the
# lifeline killed, the console killed, the link down for two minutes. Each time the step is done once,
# a new login finds it, and the trip goes on.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

table=${CAREEN_VM_DIR:-build/vm}/cuts.txt
idle() { vm_ssh1022 'careen status --json' | grep -q '"running":false'; }
jobs() { vm_ssh1022 "grep -l \$'\\tjob\\t$1\\t' /run/careen/jobs/*/events" | wc -l; }
# Of the newest job: how often each operation has begun, and what has failed.
twice() { vm_ssh1022 "f=\$(ls /run/careen/jobs/*/events | tail -n 1); cut -f 3- \$f | grep '^start' | sort | uniq -d; grep '	fail	' \$f"; }
ended() { vm_ssh1022 careen log | head -n 1 | grep -q 'done'; }

cut_client() { con_kill_client; }
cut_dropbear() { vm_ssh1022 'kill -KILL $(cat /run/careen/dropbear.pid)'; }
cut_lifeline() { vm_ssh1022 'kill -KILL $(cat /run/careen/lifeline.pid)'; }
cut_console() { vm_ssh1022 'for p in $(pidof careen); do [ -t 0 ] </proc/$p/fd/0 && kill -KILL $p; done'; }
# The two minutes are the case; nothing can be asked meanwhile.
cut_link() { vm_monitor 'set_link net off' && sleep 120 && vm_monitor 'set_link net on'; }

# What the machine must be after the step, whatever was cut.
after() {
	case $1 in
	preflight) [ "$(fact_pid1)" = /usr/lib/systemd/systemd ] ;;
	detach) [ "$(fact_pid1)" = /usr/lib/careen/stub ] ;;
	kill) vm_ssh1022 'careen plan unmount' >/dev/null ;;
	unmount | repair) fact_disk_free ;;
	resume) vm_wait running 300 && [ "$(fact_boot_id vm_ssh)" = "$boot_id" ] &&
		[ -z "$(vm_ssh systemctl --failed --no-legend --plain)" ] ;;
	esac
}

ways=${CAREEN_WAYS:-client dropbear lifeline console link}
steps=('' preflight detach kill unmount repair resume)
# show NUMBER: the step's plan is on the screen
show() {
	op_console || return
	[ "$1" = 5 ] || { op_choose "$1" && op_plan; return; }
	op_choose 5 && con_keys Enter && con_wait Devices 20 && op_row vda1 && con_keys Enter &&
		con_wait 'what is to be done' 20 && op_row 'Check and fix' && con_keys Enter &&
		con_wait 'To run it, type' 20 && con_type vda1-0001
}

vm_boot 13
boot_id=$(fact_boot_id vm_ssh)
vm_wait running 60
# Two minutes without a link are not to be answered by the dead-man timer here: 32-deadman has that.
vm_ssh1022 'sed -i "s/^relogin=.*/relogin=1800/" /etc/careen/settings'
: >"$table"
for n in ${CAREEN_STEPS:-1 2 3 4 5 6}; do
	step=${steps[n]}
	ok "a point before $step" vm_savevm cut || bail 'no snapshot'
	for way in $ways; do
		what="$step, $way"
		before=$(jobs "$step")
		show "$n" || bail "$what: $(con_screen)"
		con_keys Enter
		# a client that is killed at once may never have sent it
		ok "$what: the key has come" con_wait_gone 'Enter runs it|To run it, type' 20
		ok "$what: cut" "cut_$way"
		ok "$what: a new login" eventually 120 vm_ssh1022 true || bail "$what: nobody gets in"
		ok "$what: the step comes to its end" eventually 300 eval '[ "$(jobs "$step")" -gt "$before" ] && idle'
		is "$(jobs "$step")" $((before + 1)) "$what: it is the one job"
		is "$(twice)" '' "$what: nothing was done twice, nothing has failed"
		ok "$what: it is done" ended
		ok "$what: and the machine says so" after "$step"
		con_close
		ok "$what: the console is there" op_console
		printf '%s\t%s\t%s\n' "$step" "$way" "$(vm_ssh1022 careen log | head -n 1)" >>"$table"
		con_close
		[ "$way" = "${ways##* }" ] && break
		vm_loadvm cut >/dev/null || bail "$what: cannot go back"
		eventually 60 vm_ssh1022 true || bail "$what: no way in"
	done
done
note "$(cat "$table")"
done_testing
