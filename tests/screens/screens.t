#!/bin/bash
# screens.t - every screen at four sizes, against golden text; each case is one
# session that is resized, so that this is also the test of resizing
# usage: screens.t [--update]
# TAP on stdout.
set -u
cd "$(dirname "$0")/../.." || exit 1
command -v tmux >/dev/null || { echo "1..0 # SKIP tmux is not installed"; exit 0; }
. tests/screens/lib.sh
golden=tests/screens/golden
sizes="80x24 60x16 132x43"
update=no
[ "${1:-}" = --update ] && update=yes

# matches NAME FILE: until the screen is as in FILE, 8 s at most
matches() {
	local i
	for i in $(seq 80); do
		printf '%s\n' "$(capture "$1")" >"$WORK/$1.now"
		cmp -s "$WORK/$1.now" "$2" && return 0
		sleep 0.1
	done
	diff -u "$2" "$WORK/$1.now"
	return 1
}

compare() { # NAME SIZE
	local file=$golden/$1.$2.txt
	[ "$2" = 20x5 ] && file=$golden/small.20x5.txt
	if [ $update = yes ]; then
		settled "$1" >"$file"
	else
		matches "$1" "$file" >"$WORK/$1.$2.diff" 2>&1
	fi
	echo "$? $1 at $2" >>"$WORK/$1.results"
}

one_case() { # NAME SCENE KEYS...
	local name=$1 scene=$2 size
	shift 2
	open_screen "$name" 80x24 CAREEN_SCENE="$scene"
	wait_for "$name" "in RAM"
	[ $# -gt 0 ] && keys "$name" "$@"
	for size in $sizes 20x5; do
		resize "$name" "$size"
		compare "$name" "$size"
	done
	# and back: what was too small to show has not been lost
	resize "$name" 80x24
	[ $update = yes ] || compare "$name" 80x24
	[ -s "$WORK/$name.err" ]
	echo "$((!$?)) $name complains-not" >>"$WORK/$name.results"
	tm "$name" kill-server
}

cases() { grep -v '^#' tests/screens/cases; }

running=0
while IFS='|' read -r name scene words; do
	# shellcheck disable=SC2086
	one_case ${name} ${scene} ${words} &
	running=$((running + 1))
	[ $((running % 8)) = 0 ] && wait
done < <(cases)
wait

[ $update = yes ] && exit 0
while IFS='|' read -r name _; do
	name=${name// /}
	while read -r status what; do
		result "$status" "$what" "$WORK/$name.${what##* }.diff"
	done <"$WORK/$name.results"
done < <(cases)
echo "1..$n"
exit $failed
