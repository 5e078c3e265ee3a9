#!/bin/bash
# Root, /home and swap on LVM; the group is closed, too.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../storage.sh"
storage "${1:-13}" lvm 'e2fsck -f -n /dev/mapper/vg0-root'
storage_close careen_run resume
done_testing
