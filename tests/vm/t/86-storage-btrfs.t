#!/bin/bash
# check-long: root and /home on subvolumes of one btrfs, over two disks.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../storage.sh"
storage "${1:-13}" btrfs 'btrfs check --readonly /dev/vda1'
like "$devices" '^/dev/vdb1$' "$what: the second disk is one of them"
done_testing
