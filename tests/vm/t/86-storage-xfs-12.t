#!/bin/bash
# check-long: as 86-storage-xfs, on Debian 12
exec "$(dirname "$0")/86-storage-xfs.t" 12
