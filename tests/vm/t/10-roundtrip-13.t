#!/bin/bash
# Debian 13: off its disk, checked and mended, back; twice in one boot.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../roundtrip.sh"
roundtrip 13
done_testing
