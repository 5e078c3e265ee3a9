#!/bin/bash
# check-long: a job outlives its deadline by more than a minute
# A job that hangs, and nobody there: the dead-man timer does not wait for it, and resumes by itself.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

vm_boot 13
boot_id=$(fact_boot_id vm_ssh)
vm_wait running 60
ok 'a console whose operations hang' vm push-faulty "$VM"
ok 'a short time' vm_ssh1022 "printf '%s\\n' deadman=30 relogin=900 >/etc/careen/settings"
ok 'detach' vm_ssh1022 careen run detach --yes
vm_ssh1022 'echo stuck >/run/careen/fault'
# a command of ours alone: a shell of the operator's would be waited for
vm_ssh1022 careen run kill --yes >"$vm_tmp/out" &
stuck() { vm_ssh1022 'grep -q . /run/careen/faulted && rm -f /run/careen/fault'; }
ok 'its Kill hangs' eventually 60 stuck
like "$(vm_ssh1022 careen deadman --json)" '"end":"resume"' 'nothing is written'
kill $!
job=$(vm_ssh1022 'ls /run/careen/jobs | grep -c "^[0-9]"')
# nobody logs in on 1022 meanwhile: that would be a sign of life
running() { [ "$(vm_ssh systemctl is-system-running 2>/dev/null)" = running ]; }
ok 'the system is back by itself' eventually 600 running
is "$(fact_boot_id vm_ssh)" "$boot_id" 'the same boot'
is "$(vm_ssh systemctl --failed --no-legend)" '' 'no unit has failed'
is "$(vm_ssh1022 'ls /run/careen/jobs | grep -c "^[0-9]"')" $((job + 1)) 'by one more job'
like "$(vm_ssh1022 'careen log --json | head -n 40; cat /run/careen/deadman.log')" 'hung, and was killed' 'what became of the hung one is said'
done_testing
