#!/bin/bash
# check-long: Root on a RAID1 of two disks; the array is stopped, too.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../storage.sh"
storage "${1:-13}" md 'e2fsck -f -n /dev/md0'
storage_close careen_run resume
done_testing
