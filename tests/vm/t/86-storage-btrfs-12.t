#!/bin/bash
# check-long: as 86-storage-btrfs, on Debian 12
exec "$(dirname "$0")/86-storage-btrfs.t" 12
