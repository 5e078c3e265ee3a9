#!/bin/bash
# lint.t - cppcheck on every C file, with each directory's own include path
set -u
cd "$(dirname "$0")/../.." || exit 1
command -v cppcheck >/dev/null || { echo "1..0 # SKIP cppcheck is not installed"; exit 0; }
echo 1..1
out=$(cppcheck --quiet --std=c11 --language=c -j2 --inline-suppr --error-exitcode=1 \
	--enable=warning,portability,performance \
	--suppressions-list=tests/static/cppcheck.suppress \
	-D_GNU_SOURCE -DCAREEN_VERSION='"0"' -Icore -Itui core tui initramfs 2>&1) &&
	echo "ok 1 - cppcheck finds nothing" ||
	{ echo "not ok 1 - cppcheck finds nothing"; printf '%s\n' "$out" | sed 's/^/# /'; exit 1; }
