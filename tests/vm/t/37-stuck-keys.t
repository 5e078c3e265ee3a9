#!/bin/bash
# check-long: a job outlives its deadline
# At the keys: no room for a job's log, and a job that hangs. Both are said where the operator looks, with
# what to do, and the same step goes on. Without any room Resume works, the operator's and the timer's.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

jobs() { vm_ssh1022 'ls /run/careen/jobs | grep -c "^[0-9]"'; }

vm_boot 13
boot_id=$(fact_boot_id vm_ssh)
vm_wait running 60
ok 'a console whose operations hang' vm push-faulty "$VM"
ok 'log in' op_console
ok 'detach' op_step 2

# The tmpfs that has the jobs is full, to the last page.
full() { vm_ssh1022 'cat /dev/zero >/run/careen/ballast; :' 2>/dev/null; }
full
before=$(jobs)
ok 'its plan is shown' op_choose 3
ok 'all the same' op_plan
con_keys Enter
ok 'without any room it does not begin' con_wait 'No space left on' 20
ok 'and what makes room is said' con_wait 'put into' 5
con_shot full
is "$(jobs)" "$before" 'no log has gone for it, no job is half there'
vm_ssh1022 'rm /run/careen/ballast; echo stuck >/run/careen/fault'

ok 'Kill, with room again' op_choose 3
ok 'its plan' op_plan
con_keys Enter
stuck() { vm_ssh1022 'grep -q . /run/careen/faulted && rm -f /run/careen/fault'; }
ok 'hangs' eventually 60 stuck
con_keys x
ok 'x asks it to stop' con_wait 'Asked to stop' 10
overdue() { con_keys x; con_wait 'Killed\. Made again' 3; }
ok 'x again, past its deadline, kills it' eventually 300 overdue
con_shot killed
ok 'the job says so' con_wait 'killed' 10
ok 'Kill once more' op_step 3 180
ok 'unmount' op_step 4 180
ok 'the disk is free' fact_disk_free

# Whatever fills it, there is a way back: at the keys, and with nobody there.
back() { # WHAT
	ok "$1: its ssh is back" vm_wait ssh 300
	is "$(vm_ssh systemctl is-system-running --wait)" running "$1: the system runs"
	is "$(vm_ssh systemctl --failed --no-legend)" '' "$1: no unit has failed"
	is "$(fact_boot_id vm_ssh)" "$boot_id" "$1: the same boot"
}
full
ok 'Resume, with no room at all' op_step 6 300
back 'at the keys'
vm_ssh1022 'rm /run/careen/ballast'
con_close
off
ok 'a short time' vm_ssh1022 careen deadman 20s
full
moment() { vm_ssh1022 "stat -c %Y /run/careen/$1"; }
alive=$(moment alive) busy=$(moment busy)
key_counts() { vm_ssh1022 careen deadman keep && test "$(moment alive)" -gt "$alive"; }
ok 'a key begins it anew' eventually 30 key_counts
waits() { test "$(moment busy)" -gt "$busy"; }
ok 'as long as the operator has a program, it waits' eventually 30 waits
back 'by itself'
done_testing
