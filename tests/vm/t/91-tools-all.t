#!/bin/bash
# check-long: every row of the tools table but ext's (90-tools), on good and on damaged file systems
# and containers, by the command line.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../tools.sh"
. "$(dirname "$0")/../rows.sh"

vm_boot 13 --flavour tools
ok 'a second disk' vm_disk2 3G
ok 'the root is off its disk' tools_off || bail 'cannot go on'
rows_all
rows_copies
vm_stop
done_testing
