#!/bin/bash
# tidy.t - clang-tidy's cert-* and bugprone-* checks (.clang-tidy) on every C file
set -u
cd "$(dirname "$0")/../.." || exit 1
command -v clang-tidy >/dev/null || { echo "1..0 # SKIP clang-tidy is not installed"; exit 0; }
echo 1..1
out=$(make -s -k -j"$(nproc)" tidy 2>&1) && echo "ok 1 - clang-tidy finds nothing" ||
	{ echo "not ok 1 - clang-tidy finds nothing"; printf '%s\n' "$out" | sed 's/^/# /'; exit 1; }
