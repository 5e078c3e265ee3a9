#!/bin/bash
# Debian 12: off its disk, checked and mended, back; twice in one boot.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../roundtrip.sh"
roundtrip 12
done_testing
