#!/bin/bash
# The dead-man timer and the new login after Kill, their clocks shortened: it resumes by itself
# while nothing was written, whatever is broken by then; it holds once a disk has been written to.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

times() { vm_ssh1022 "printf '%s\n' deadman=$1 relogin=$2 >/etc/careen/settings"; }
deadman() { vm_ssh1022 careen deadman --json; }
# Nobody logs in on 1022 meanwhile: that would be a sign of life.
running() { [ "$(vm_ssh systemctl is-system-running 2>/dev/null)" = running ]; }
link_is() { vm monitor "$VM" "set_link net $1"; }
by_itself() { vm_ssh 'grep -l "Resume by the dead-man timer" /var/log/careen/*' 2>/dev/null | wc -l; }

vm_boot 13
boot_id=$(fact_boot_id vm_ssh)
vm_wait running 60

ok 'a unit that is heard without a network' vm_ssh 'printf "%s\n" "[Service]" "Type=oneshot" "ExecStart=/bin/sh -c \"echo the system is up >/dev/ttyS0\"" "[Install]" WantedBy=multi-user.target >/etc/systemd/system/told.service; systemctl daemon-reload; systemctl -q enable told'
note 'nothing written: the network gone, dropbear killed, the console stopped'
ok 'a clock of a minute' times 60 60
ok 'the console' op_console
ok 'detach' op_step 2
ok 'it is armed, and on the screen' con_wait 'resumes in 0:[0-9]+' 20
before=$(vm_ssh1022 cat /run/careen/deadman)
con_keys Home
like "$(deadman)" '"armed":true.*"end":"resume"' 'and says what it would do'
is "$(vm_ssh1022 cat /run/careen/deadman)" "$before" 'a key does not arm it anew'
console=$(op_viewers)
like "$console" '^[0-9]+$' 'its console is stopped, its dropbear killed, its link down'
vm_ssh1022 "kill -STOP $console; kill -KILL \$(cat /run/careen/dropbear.pid)" >/dev/null 2>&1
ok 'the link goes down' link_is off
# all that is to be seen from outside
says_so() { vm_console_log | grep -q 'the system is up'; }
ok 'the system is back by itself' eventually 400 says_so
ok 'the link comes up' link_is on
ok 'it runs' eventually 400 running
is "$(fact_boot_id vm_ssh)" "$boot_id" 'the same boot'
is "$(vm_ssh systemctl --failed --no-legend)" '' 'no unit has failed'
is "$(by_itself)" 1 'its transcript says who did it'
like "$(deadman)" '"armed":false' 'it is disarmed'
con_close

note 'Kill, and nobody comes in anew'
ok 'detach' vm_ssh1022 careen run detach --yes
ok 'a short time for the new login' times 900 40
ok 'kill' vm_ssh1022 careen run kill --yes
ok 'it runs again by itself' eventually 400 running
is "$(fact_boot_id vm_ssh)" "$boot_id" 'the same boot'
is "$(by_itself)" 2 'the timer did it'

note 'Kill, and somebody does'
ok 'detach' vm_ssh1022 careen run detach --yes
ok 'kill' vm_ssh1022 careen run kill --yes
like "$(deadman)" '"relogin":false' 'the new login is seen'
ok 'unmount' vm_ssh1022 careen run unmount --yes
ok 'a clock of 30 seconds' vm_ssh1022 careen deadman 30s
like "$(deadman)" '"end":"resume"' 'still reversible'

note 'a shell is open: it waits'
vm_ssh1022 'sleep 75; cat /proc/1/comm' >"$vm_tmp/shell"
is "$(cat "$vm_tmp/shell")" careen-stub 'nothing was resumed below a running program'

note 'written to by hand: the kernel has counted it'
ok 'the first block, as it was' vm_ssh1022 'dd if=/dev/vda1 bs=4096 count=1 of=/tmp/b status=none && dd if=/tmp/b of=/dev/vda1 conv=notrunc,fsync status=none'
like "$(deadman)" '"end":"hold"' 'it is known, and it holds'

note 'written: it holds'
ok 'a repair' vm_ssh1022 careen run ext4-fix /dev/vda1 --confirm vda1-0001
like "$(deadman)" '"end":"hold"' 'it says so'
sleep 60	# that nothing happens has no event
is "$(vm_ssh1022 cat /proc/1/comm)" careen-stub 'nothing has started by itself'
not_ok 'no end that does not exist' vm_ssh1022 careen deadman halt

note 'unless the operator chooses so'
ok 'resume if ready' vm_ssh1022 careen deadman resume
ok 'it runs again' eventually 400 running
is "$(fact_boot_id vm_ssh)" "$boot_id" 'the same boot'
is "$(by_itself)" 3 'by the timer'
is "$(vm_ssh systemctl --failed --no-legend)" '' 'no unit has failed'
done_testing
