#!/bin/bash
# check-long: as 82-runit, on Debian 12
exec "$(dirname "$0")/82-runit.t" 12
