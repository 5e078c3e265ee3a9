#!/bin/bash
# check-long: as 51-kinds, on Debian 12's kernel
exec "$(dirname "$0")/51-kinds.t" 12
