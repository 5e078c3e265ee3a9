#!/bin/bash
# check-long: as 00-boot, on Debian 12
exec "$(dirname "$0")/00-boot.t" 12
