#!/bin/bash
# valgrind.t - memcheck on the unit tests, built without sanitizers; in make check-long
#
# Whether a test passes there says little: valgrind has not all system calls, no ptrace, and no
# sense of time. So what memcheck says counts. Of processes that a test forks leaks do not: they
# end with what they had from their parent.
set -u
cd "$(dirname "$0")/../.." || exit 1
O=${O:-build}
command -v valgrind >/dev/null || { echo "1..0 # SKIP valgrind is not installed"; exit 0; }
make -s -j"$(nproc)" valgrind O="$O" >&2 || { echo "Bail out! the tests are not built"; exit 1; }
errors='Invalid|ninitialised|Mismatched|overlap|Syscall param|signal (11|7|4|8|6) '
n=0 bad=0
for test in "$O"/valgrind/tests/*/test_*; do
	name=$(basename "$test")
	# what they try is done to processes, by deadlines
	case $name in *.d | test_kill | test_ptrace) continue ;; esac
	n=$((n + 1))
	logs=$(mktemp -d)
	valgrind -q --leak-check=full --error-exitcode=99 \
		--suppressions=tests/static/valgrind.supp --log-file="$logs/%p" "$test" >/dev/null 2>&1
	if [ $? != 99 ] && ! grep -qE "^==.*($errors)" "$logs"/*; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		grep -h '^==' "$logs"/* | sed 's/^/# /'
		bad=1
	fi
	rm -r "$logs"
done
echo "1..$n"
exit $bad
