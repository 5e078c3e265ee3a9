#!/bin/bash
# check-long: as 86-storage-md, on Debian 12
exec "$(dirname "$0")/86-storage-md.t" 12
