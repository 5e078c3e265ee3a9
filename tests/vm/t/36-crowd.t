#!/bin/bash
# check-long: A crowd: five thousand processes, two thousand mounts, some that fork faster than they can be killed.
# The disk comes off, and back.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

processes=${CAREEN_PROCESSES:-5000} mounts=${CAREEN_MOUNTS:-2000}
perl_unit() { vm_ssh "systemd-run -q --unit=$1 -p TasksMax=infinity -p LimitNPROC=infinity perl -e '$2'"; }

vm_boot 13 --mem 3072
vm_wait running 60
boot_id=$(fact_boot_id vm_ssh)
ok "$processes processes" perl_unit crowd "for (1..$processes) { fork or do { sleep 1000000; exit } } sleep 1000000"
born() { [ "$(vm_ssh 'ps -e --no-headers | wc -l')" -gt "$processes" ]; }
ok 'they are there' eventually 300 born
# in a namespace of its own: systemd makes a unit of each mount that it sees; a shared one would be doubled each time
ok "$mounts mounts" vm_ssh "systemd-run -q --unit=mounts -p PrivateMounts=yes -p MountFlags=private perl -e '
	(\$from, \$to, \$type) = (\"/etc\", \"/srv/m\", \"none\"); mkdir \$to;
	for (1..$mounts) { syscall(165, \$from, \$to, \$type, 4096, 0) == 0 or die \$! }
	open F, \">/run/mounts-are-there\"; sleep 1000000'"
ok 'they are there' eventually 300 vm_ssh test -e /run/mounts-are-there
# their first one stays: systemd would end the unit, and them, with it
ok 'four that fork and end, as fast as they can' perl_unit breeder 'for (1..4) { fork or do { while (1) { exit if fork } } } sleep 1000000'
forks() { vm_ssh 'sed -n "s/^processes //p" /proc/stat; sleep 2; sed -n "s/^processes //p" /proc/stat' | paste -s -d -; }
ok 'they do' [ $(($(forks))) -lt -200 ]
ok 'the console answers' op_console
ok 'and shows holders' eval 'con_keys Tab && con_keys Tab && con_wait COMMAND 120'
con_close
for s in detach kill unmount; do
	begin=$(date +%s)
	ok "$s" vm_ssh1022 "careen run $s --yes" || bail "$(vm_ssh1022 careen log "$(vm_ssh1022 'careen log | head -n 1 | cut -d" " -f1')" | tail -n 30)"
	note "$s: $(($(date +%s) - begin)) s"
done
ok 'forking is as it was' vm_ssh1022 '[ "$(cat /proc/sys/kernel/threads-max)" -gt 1000 ]'
like "$(vm_ssh1022 'cat /run/careen/jobs/*/events')" 'fork faster than they can be stopped' 'how the breeder was stopped is told'
not_ok 'none of them is left' vm_ssh1022 'cat /proc/[0-9]*/comm 2>/dev/null | grep -qx perl'
ok 'the kernel says that the disk is free' fact_disk_free
ok 'resume' vm_ssh1022 careen run resume --yes
is "$(vm_ssh systemctl is-system-running --wait)" running 'the system runs'
is "$(fact_boot_id vm_ssh)" "$boot_id" 'the same boot'
is "$(vm_ssh systemctl --failed --no-legend --plain)" '' 'no failed unit'
done_testing
