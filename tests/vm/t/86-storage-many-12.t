#!/bin/bash
# check-long: as 86-storage-many, on Debian 12
exec "$(dirname "$0")/86-storage-many.t" 12
