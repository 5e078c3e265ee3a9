#!/bin/bash
# check-long: every row of the tools table at the console's keys, its questions answered and its word typed.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../tools.sh"
. "$(dirname "$0")/../rows.sh"

TOOLS_AT=keys
vm_boot 13 --flavour tools
boot_id=$(fact_boot_id vm_ssh)
ok 'a second disk' vm_disk2 3G
ok 'the root is off its disk' tools_off || bail 'cannot go on'
ok 'the console' op_console || bail 'cannot go on'
rows_ext
rows_all
rows_copies
what='the whole'
tools_run <<'END'
WORD=vda1-0001 0 vda1 check-all | All done
END
ok 'resume' op_step 6 300
is "$(vm_ssh systemctl is-system-running)" running 'the system runs'
is "$(vm_ssh systemctl --failed --no-legend --plain)" '' 'no failed unit'
is "$(fact_boot_id vm_ssh)" "$boot_id" 'the same boot'
vm_stop
done_testing
