#!/bin/bash
# check-long: all the damaged file systems of e2fsprogs' own test suite, through careen.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tools.sh"
. "$(dirname "$0")/../e2fsck-suite.sh"

vm_boot 13
ok 'a second disk' vm_disk2 200M
ok 'the root is off its disk' tools_off || bail 'cannot go on'
mapfile -t names < <(suite_names)
ok 'there are many' test ${#names[@]} -gt 100
suite_run "${names[@]}"
vm_stop
done_testing
