#!/bin/bash
# Wrong use: one clear sentence each, the documented exit status, nothing changed.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

# What must not change: every mount of PID 1's namespace, PID 1, the jobs.
state() {
	vm_ssh1022 'grep -v /run/user /proc/1/mountinfo; readlink /proc/1/exe; readlink /proc/1/root; ls /run/careen/jobs 2>/dev/null; cat /proc/swaps'
}

# refused NAME STATUS REGEX COMMAND...: its exit status, one sentence on stderr.
refused() {
	local name=$1 want=$2 regex=$3 got=0 text
	shift 3
	text=$("$@" 2>&1 >/dev/null) || got=$?
	is $got "$want" "$name: exit status $want"
	like "$text" "$regex" "$name: says why"
	is "$(grep -c . <<<"$text")" 1 "$name: in one line"
}

vm_boot 13
before=$(state)

refused 'not root' 3 'only root' vm_ssh "su nobody -s /bin/sh -c '/usr/sbin/careen run detach --yes'"
refused 'in a container' 3 'this is a container' \
	vm_ssh 'unshare --pid --fork --mount-proc careen run detach --yes'
refused 'in the normal system' 3 'ssh -p 1022' vm_ssh 'careen run detach --yes'
refused 'no such step' 2 'no such step: frobnicate' vm_ssh1022 'careen run frobnicate --yes'
refused 'no such command' 2 'no such command: frobnicate' vm_ssh1022 'careen frobnicate'
refused 'no such device' 3 'Unmount|off its disks' \
	vm_ssh1022 'careen run repair --device sdz --tool ext4-fix --confirm x'
refused 'kill before detach' 3 'Detach first' vm_ssh1022 'careen run kill --yes'
refused 'resume of a running system' 4 'the system is running' vm_ssh1022 'careen run resume --yes'
refused 'nobody to ask and no --yes' 3 '\-\-yes' vm_ssh1022 'careen run detach'
refused 'the console without a terminal' 3 'terminal' vm_ssh1022 'careen </dev/null'

# the shell tells the status: tmux now and then loses that of a short-lived client
argv=$(vm ssh-argv "$VM" 1022)
con_terminal dumb 80 24 dumb "${argv/ssh /ssh -tt }; echo exit status \$?"
ok 'TERM=dumb: says so, and what works' con_wait 'TERM=dumb' 30
ok 'TERM=dumb: and ends, with exit status 3' con_wait 'exit status 3' 10

con_open -x 20 -y 5
ok '20x5: says the size it needs' con_wait '60×16' 60
con_keys Enter
con_resize 80 24
ok '20x5: goes on when the terminal grows' con_wait 'Preflight' 30
con_resize 20 5
ok '20x5: and back' con_wait '60×16' 30
con_keys q
ok '20x5: q ends it' eventually 10 eval '! con_alive'

ok 'the first operator writes' op_console -n first
refused 'a second operator at the command line' 3 'another operator, 10.0.2.2 .*take over' vm_ssh1022 'careen run detach --yes'
ok 'the second operator watches' op_console -n second
ok 'and is told so' con_wait '[Ww]atch' 30
op_choose 2
con_keys Enter
ok 'Enter shows no way to run it' con_wait '[Ww]atch|press t|take over' 20
con_keys q; con_use first; con_keys q
ok 'both have gone' eventually 10 eval '! con_alive'

is "$(state)" "$before" 'nothing of this has changed anything'

ok 'detach' vm_ssh1022 'careen run detach --yes'
refused 'PID 1 is in RAM already' 4 'already in RAM' vm_ssh1022 'careen run detach --yes'
refused 'unmount before kill' 3 'Run Kill first' vm_ssh1022 'careen run unmount --yes'
ok 'kill' vm_ssh1022 'careen run kill --yes'
ok 'unmount' vm_ssh1022 'careen run unmount --yes'
sum=$(vm_ssh1022 'dd if=/dev/vda1 bs=1M count=8 2>/dev/null | sha256sum')
refused 'a repair without its word' 3 '\-\-confirm' \
	vm_ssh1022 'careen run repair --device vda1 --tool ext4-make --yes'
refused 'a repair with a wrong word' 3 'not the word of this plan' \
	vm_ssh1022 'careen run repair --device vda1 --tool ext4-make --confirm vda1-0002'
refused 'a tool that is not for this device' 2 'not for what is on' \
	vm_ssh1022 'careen run repair --device vda --tool ext4-fix --confirm vda-0001'
is "$(vm_ssh1022 'dd if=/dev/vda1 bs=1M count=8 2>/dev/null | sha256sum')" "$sum" 'the disk is as it was'
ok 'resume' vm_ssh1022 'careen run resume --yes'
is "$(vm_ssh systemctl is-system-running)" running 'the system runs again'
vm_stop

# Without our rescue: careen=off boots like the stock initramfs, and careen says so.
vm_boot 13 --append careen=off
is "$(vm_ssh systemctl is-system-running)" running 'careen=off: the system runs'
refused 'careen=off' 3 'careen enter makes one' vm_ssh 'careen run detach --yes'
is "$(vm_ssh 'ss -Hltn sport = :1022')" '' 'careen=off: nothing listens on 1022'
like "$(vm_ssh 'journalctl -kb --no-pager -o cat')" 'careen=off' 'careen=off: the kernel log says that it was asked for'
done_testing
