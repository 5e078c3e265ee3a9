#!/bin/bash
# fuzz.t - each target replays its corpus, then goes on for a moment, the same way each time; `make
# fuzz` goes on for longer, and finds new ways
set -u
cd "$(dirname "$0")/../.." || exit 1
O=${O:-build}
echo 'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) { return 0; }' |
	clang -fsanitize=fuzzer,address -xc -o /dev/null - 2>/dev/null || {
	echo "1..0 # SKIP there is no clang with libFuzzer: clang, libclang-rt-dev"
	exit 0
}
make -s fuzz-build O="$O" >"$O/fuzz-build.log" 2>&1 || {
	echo "1..1"
	echo "not ok 1 - the targets are built"
	sed 's/^/# /' "$O/fuzz-build.log"
	exit 1
}
found=$O/fuzz/found n=0 bad=0
mkdir -p "$found"
for target in tests/fuzz/*.c; do
	target=$(basename "$target" .c)
	n=$((n + 1))
	new=$(mktemp -d)
	if out=$("$O/fuzz/tests/fuzz/$target" -seed=1 -runs=4000 -timeout=60 -max_len=2048 -max_total_time=4 -print_final_stats=1 \
		"-artifact_prefix=$found/" "$new" "tests/fuzz/corpus/$target" 2>&1); then
		echo "ok $n - $target: $(sed -n 's/^stat::number_of_executed_units: *//p' <<< "$out") executions"
	else
		echo "not ok $n - $target"
		# not each input that taught it something
		grep -vE '^(#[0-9]|\s*NEW_)' <<< "$out" | sed 's/^/# /'
		bad=1
	fi
	rm -r "$new"
done
echo "1..$n"
exit $bad
