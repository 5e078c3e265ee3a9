#!/bin/bash
# The connection is cut in the middle of Kill and of an fsck, and the rescue's own processes
# are killed: the job goes on, a new login finds it, nothing is done twice.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

# Consoles alive in the rescue: careen on a terminal (a job has none).
viewers() { op_viewers | grep -c .; }
no_viewer() { op_no_viewer; }
jobs_of() { vm_ssh1022 "grep -l \$'\\tjob\\t$1\\t' /run/careen/jobs/*/events" | wc -l; }
# The disk slowed down, in bytes a second; 0: as fast as it is.
throttle() { vm qmp "$VM" block_set_io_throttle \
	"{\"device\":\"disk1\",\"bps\":$1,\"bps_rd\":0,\"bps_wr\":0,\"iops\":0,\"iops_rd\":0,\"iops_wr\":0}"; }

vm_boot 13
boot_id=$(fact_boot_id vm_ssh)
vm_wait running 60
ok 'a holder that ignores TERM' vm_ssh 'systemd-run --unit=stubborn bash -c "trap \"\" TERM; while :; do sleep 1; done"'

ok 'the console' op_console
ok 'detach' op_step 2
op_choose 3
ok 'the plan of Kill' op_plan
con_keys Enter
ok 'Kill is under way' con_wait 'running' 20
con_kill_client
ok 'the console is gone with its client, and at once' eventually 10 no_viewer
ok 'a new login finds the job by itself' con_open
ok 'and shows it, should it have ended meanwhile, too' con_wait 'Job [0-9]+ · Kill' 30
ok 'to its end' con_wait '✓ All done' 60
like "$(vm_ssh1022 'careen log' ; vm_ssh1022 'cat /run/careen/jobs/*/events')" 'did not end on TERM: KILL' 'who ignored TERM was killed, and it is noted'
is "$(jobs_of kill)" 1 'Kill was done once'
ok 'unmount' op_step 4

ok 'the disk becomes slow' throttle 300000
op_choose 5
con_keys Enter
ok 'the devices' con_wait 'Devices' 20 && op_row vda1 || bail 'cannot go on'
con_keys Enter
ok 'the tools' con_wait 'what is to be done' 20 && op_row 'Check and fix' || bail 'cannot go on'
con_keys Enter
ok 'the plan' con_wait 'To run it, type' 20 || bail 'cannot go on'
con_type vda1-0001
con_keys Enter
ok 'the fsck is under way' con_wait 'running +[0-9:]+' 20
con_kill_client
ok 'the console is gone again' eventually 30 no_viewer
fsck_runs() { vm_ssh1022 'ps -eo comm' | grep -q e2fsck; }
ok 'e2fsck runs on' eventually 20 fsck_runs
op_console -n again
ok 'a new login finds the fsck' con_wait 'Job [0-9]+ · Repair' 60
ok 'still running' con_wait 'running' 10

pid=$(vm_ssh1022 'cat /run/careen/lifeline.pid')
ok 'the lifeline is killed' vm_ssh1022 "kill -KILL $pid"
ok 'and comes back' eventually 30 eval '[ "$(vm_ssh1022 cat /run/careen/lifeline.pid 2>/dev/null || echo '$pid')" != '$pid' ]'
ok 'the open session lives' con_alive
pid=$(vm_ssh1022 'cat /run/careen/dropbear.pid')
vm_ssh1022 "kill -KILL $pid"
ok 'the listener is killed, and a new login works' eventually 30 vm_ssh1022 true
ok 'the disk is fast again' throttle 0
ok 'the fsck ends well' con_wait '✓ All done' 120
is "$(jobs_of repair)" 1 'the fsck was done once'

# The other side dies: dropbear's process of the session, and then a console itself.
console_ppid() { op_viewers | vm_ssh1022_in 'while read -r pid; do sed -n "s/^PPid:[[:space:]]*//p" /proc/$pid/status; done'; }
vm_ssh1022 "kill -KILL $(console_ppid)"
ok "dropbear's process of the session is killed: its console is gone, too" eventually 20 no_viewer
ok 'and so is the client' eventually 20 eval '! con_alive'
con_open -n third
ok 'the next console begins with the end that nobody has answered' con_wait 'Job [0-9]+ · Repair' 60
ok 'and says so' con_wait 'with nobody to see it' 10
con_keys Escape
ok 'a key leaves it' con_wait 'Enter Run step' 20
vm_ssh1022 "kill -KILL $(op_viewers)"
ok 'a console that is killed ends its session' eventually 20 eval '! con_alive'
op_console -n fourth
ok 'the one after it begins with the steps: it has been seen' con_wait 'Enter Run step' 60
con_kill_client
ok 'resume' vm_ssh1022 'careen run resume --yes'
is "$(vm_ssh systemctl is-system-running)" running 'the system runs'
is "$(vm_ssh systemctl --failed --no-legend --plain)" '' 'no failed unit'
is "$(fact_boot_id vm_ssh)" "$boot_id" 'the same boot'
done_testing
