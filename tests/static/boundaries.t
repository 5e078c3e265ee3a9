#!/bin/bash
# boundaries - prove from the objects' undefined symbols what each directory
# can do: core knows no terminal, tui has no effects, plan has neither.
# usage: boundaries.t [BUILD_DIR] (or O in the environment)
# TAP on stdout.
set -u
O=${1:-${O:-build}}
here=$(dirname "$0")

undefined() { nm -u --format=posix "$@" | awk 'NF >= 2 && $2 == "U" { sub(/@.*/, "", $1); print $1 }' | sort -u; }
defined() { nm --defined-only --format=posix "$@" 2>/dev/null | awk 'NF >= 2 { print $1 }' | sort -u; }

. "$here/lib.sh"

# only NAME ALLOWLIST OBJECT...: every undefined symbol is on the list or is
# defined by one of careen's own objects that this directory may use.
only() {
	local name=$1 list=$2 own=$3
	shift 3
	result "$name" "$(undefined "$@" | grep -vxF -f <(grep -v '^#' "$here/$list") |
		grep -vxF -f <(defined $own) | grep -v '^__\(asan\|ubsan\|stack_chk\|sanitizer\)')"
}

never() { # NAME FORBIDDEN_LIST OBJECT...
	local name=$1 list=$2
	shift 2
	result "$name" "$(undefined "$@" | grep -xE -f <(grep -v '^#' "$here/$list"))"
}

mapfile -t core < <(find "$O/core" -name '*.o')
mapfile -t model < <(find "$O/core/model" -name '*.o')
mapfile -t plan < <(find "$O/core/plan" -name '*.o')
mapfile -t tui < <(find "$O/tui" -name '*.o' ! -name shell.o)
[ "${#core[@]}" -gt 0 ] && [ "${#plan[@]}" -gt 0 ] && [ "${#tui[@]}" -gt 0 ] ||
	{ echo "Bail out! no objects below $O: run make first"; exit 1; }

never "core/ calls no curses function" curses.never "${core[@]}"
never "core/model changes nothing" effects.never "${model[@]}"
never "tui/ (but shell.c) has no effect on the machine" effects.never "${tui[@]}"
only "core/plan is pure" plan.allow \
	"$(echo "$O"/core/base/text.o "$O"/core/base/error.o "${plan[@]}" "${model[@]}")" "${plan[@]}"
never "core/plan reads nothing through core/model" model-readers.never "${plan[@]}"
echo "1..$n"
exit $bad
