#!/bin/bash
# check-long: as 95-package, on Debian 12
exec "$(dirname "$0")/95-package.t" 12
