#!/bin/bash
# check-long: as 86-storage-luks, on Debian 12
exec "$(dirname "$0")/86-storage-luks.t" 12
