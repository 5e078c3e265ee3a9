#!/bin/bash
# check-long: as 86-storage-lvm, on Debian 12
exec "$(dirname "$0")/86-storage-lvm.t" 12
