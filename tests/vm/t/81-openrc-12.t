#!/bin/bash
# check-long: as 81-openrc, on Debian 12
exec "$(dirname "$0")/81-openrc.t" 12
