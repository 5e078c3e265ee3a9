#!/bin/bash
# check-long: as 80-sysvinit, on Debian 12
exec "$(dirname "$0")/80-sysvinit.t" 12
