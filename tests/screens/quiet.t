#!/bin/bash
# quiet.t - a console that waits is not woken, and sends only what has changed
# TAP on stdout.
set -u
cd "$(dirname "$0")/../.." || exit 1
command -v tmux >/dev/null || { echo "1..0 # SKIP tmux is not installed"; exit 0; }
. tests/screens/lib.sh

# Alone: what others mount and plug in meanwhile is news to a console, too.
alone='unshare --user --map-root-user --mount --net'
if $alone true 2>/dev/null; then PROG="$alone $PROG"; else echo "# no namespaces: others may wake it"; fi

# waits SCREEN: times that a thread of it has waited; each wake-up ends in one more
waits() { cat "/proc/$(cat "$WORK/$1.pid")/task/"*/status | awk '/^voluntary/ { n += $2 } END { print n }'; }
# woken SCREEN: how often, in three seconds
woken() {
	local before
	sleep 0.5
	before=$(waits "$1")
	sleep 3
	echo $(($(waits "$1") - before))
}
open_screen idle 80x24 CAREEN_SCENE=detached
wait_for idle "in RAM"
# its first looks may take a while; what is woken for ever is so each time
for i in 1 2 3; do times=$(woken idle); [ "$times" = 0 ] && break; done
result $((times != 0)) "with nothing to poll it is not woken: $times times in three seconds"
open_screen clock 80x24 CAREEN_SCENE=armed
wait_for clock "resumes in"
times=$(woken clock)
result $((times < 1 || times > 8)) "for the dead-man's clock it is, once a second: $times times"

# sent SCREEN KEY...: bytes that come to the terminal after the last of these keys
sent() {
	local screen=$1 i last=-1 size
	keys "$screen" "${@:2:$#-2}"
	sleep 0.3
	tm "$screen" pipe-pane -O "exec cat >$WORK/$screen.bytes"
	keys "$screen" "${@: -1}"
	for i in $(seq 100); do
		size=$(stat -c %s "$WORK/$screen.bytes" 2>/dev/null || echo 0)
		[ "$size" = "$last" ] && [ "$i" -gt 6 ] && break
		last=$size
		sleep 0.1
	done
	tm "$screen" pipe-pane
	echo "$size"
}
# on a slow line only what changes is sent
open_screen bytes 80x24 CAREEN_SCENE=huge
wait_for bytes "in RAM"
keys bytes Tab
wait_for bytes "Mounts"
whole=$(sent bytes C-l)
result $((whole < 1000)) "the whole screen: $whole bytes"
moved=$(sent bytes g j)
result $((moved < 1 || moved > whole / 5)) "a key that moves the cursor: $moved"
scrolled=$(sent bytes g PageDown PageDown j)
result $((scrolled < 1 || scrolled > whole / 5)) "a key that scrolls the list: $scrolled"
# and at once: over ssh each write is a packet
writes() { awk '/^syscw/ { print $2 }' "/proc/$(cat "$WORK/bytes.pid")/io"; }
before=$(writes)
moved=$(sent bytes j)
wrote=$(($(writes) - before))
result $((wrote != 1)) "a key's $moved bytes come in one write: $wrote"
same=$(sent bytes R)
result $((same != 0)) "a look at a machine that is as it was: $same"

cat "$WORK"/*.err >"$WORK/errors"
[ ! -s "$WORK/errors" ]
result $? "nobody complained" "$WORK/errors"

echo "1..$n"
exit $failed
