#!/bin/bash
# check-long: as 98-beside, on Debian 12
exec "$(dirname "$0")/98-beside.t" 12
