#!/bin/bash
# use.t - wrong use, odd terminals, hang-ups, the command line; each with one
# clear sentence and the right exit status
# TAP on stdout.
set -u
cd "$(dirname "$0")/../.." || exit 1
command -v tmux >/dev/null || { echo "1..0 # SKIP tmux is not installed"; exit 0; }
. tests/screens/lib.sh

# says SCENE STATUS TEXT NAME ARG...: stdin, stdout and stderr are no terminal
says() {
	local scene=$1 status=$2 text=$3 name=$4 got
	shift 4
	CAREEN_SCENE=$scene "$PROG" "$@" </dev/null >"$WORK/out" 2>&1
	got=$?
	echo "exit status $got, wanted $status and: $text" >>"$WORK/out"
	[ $got = "$status" ] && grep -qF -- "$text" "$WORK/out"
	result $? "$name" "$WORK/out"
}

one_sentence() { # NAME: what the last says() printed was one line
	result $(($(wc -l <"$WORK/out") != 2)) "$1: one line"
}

# exited NAME STATUS: it has ended, and so
exited() {
	local i
	for i in $(seq 100); do
		[ -s "$WORK/$1.status" ] && break
		sleep 0.05
	done
	[ "$(cat "$WORK/$1.status")" = "$2" ]
}

shows() { # SCREEN TEXT NAME
	wait_for "$1" "$2"
	local r=$?
	capture "$1" >"$WORK/shows"
	result $r "$3" "$WORK/shows"
}

# wrong use of the console
says normal 3 "needs a terminal" "console without a terminal"
one_sentence "console without a terminal"
says container 3 "this is a container" "console in a container"
one_sentence "console in a container"
says user 3 "only root" "console without root"
says unprepared 3 "without careen's initramfs" "console without our initramfs"
one_sentence "console without our initramfs"

# and of the command line
says container 3 "this is a container" "status in a container" status
says user 3 "only root" "status without root" status
says normal 3 "changes are made from the rescue" "run from the normal system" run detach --yes
says unprepared 3 "without careen's initramfs" "run without our initramfs" run detach --yes
says detached 4 "already in RAM" "detach when PID 1 is detached already" run detach --yes
says ready 3 "is not in RAM" "kill before detach" run kill --yes
says detached 3 "--yes" "run is not confirmed by silence" run kill
says unmounted 3 "--confirm" "a destructive run needs its word" \
	run repair --device vda1 --tool ext4-fix --yes
says unmounted 3 "not the word" "and not another one" \
	run repair --device vda1 --tool ext4-fix --confirm vda1-0000
says unmounted 0 "job 0007" "the right word starts it" \
	run repair --device vda1 --tool ext4-fix --confirm vda1-7F3A --detach
says watching 3 "writes" "another operator writes" run kill --yes
says watching 0 "job 0007" "and is taken over from, knowingly" run kill --yes --take-over --detach
says detached 0 '{"job":"0007"}' "run, as JSON" run kill --yes --detach --json
says ready 2 "no such command: frob" "unknown command" frob
says ready 2 "no such option: --frob" "unknown option" status --frob
says ready 2 "one answer too many: k11=v" "an answer that no tool asks for" run repair \
	$(printf -- '--set k%d=v ' 1 2 3 4 5 6 7 8 9 10 11)
says ready 2 "name a step" "run without a step" run
says ready 2 "no such step: frob" "unknown step" plan frob
says ready 2 "a value is missing" "option without its value" run repair --device
says unmounted 2 "no such tool" "unknown tool" plan repair --device vda1 --tool frob
says ready 0 "Exit status:" "help" help
says ready 0 "careen " "version" --version
says ready 0 "take PID 1" "plan" plan detach
says ready 0 '"operations":[' "plan, as JSON" plan detach --json
says ready 0 "Nothing stands in the way" "status" status
says ready 0 '"host"' "status, as JSON" status --json
says hostile 0 "Kill" "status of a hostile machine" status
grep -q $'\033' "$WORK/out"
result $((!$?)) "prints no escape sequence"
says job-failed 0 "0004" "log" log
says job-failed 1 "busy" "log of a failed job, followed" log 0004 --follow
says ready 3 "there is none" "log of a job that never was" log 0009 --follow
says ready 7 "" "-c runs a command, and its status is ours" -c 'exit 7'
says ready 0 "hello" "-c passes the output on" -c 'echo hello'

# odd terminals
open_screen dumb 80x24 CAREEN_SCENE=ready TERM=dumb
exited dumb 3
result $? "TERM=dumb: exit status 3" "$WORK/dumb.err"
grep -q "careen status" "$WORK/dumb.err"
result $? "and names the other way" "$WORK/dumb.err"
open_screen unknown 80x24 CAREEN_SCENE=ready TERM=frobnicator
shows unknown 'calls itself "frobnicator"' "an unknown TERM falls back, with a note"
open_screen ascii 80x24 CAREEN_SCENE=detached LC_ALL=C
wait_for ascii "in RAM"
keys ascii Tab Tab
shows ascii "+ Holders of" "ASCII where the locale is not UTF-8"
capture ascii | LC_ALL=C grep -q '[^ -~]'
result $((!$?)) "and nothing but ASCII"
open_screen mono 80x24 CAREEN_SCENE=job-failed NO_COLOR=1
wait_for mono "in RAM"
keys mono J
wait_for mono "failed"
capture mono -e | grep -q $'\033\[[0-9;]*3[0-7]m'
result $((!$?)) "NO_COLOR: no colour"
open_screen small 20x5 CAREEN_SCENE=ready
shows small "needs 60×16" "20×5 says the size it needs"
keys small q
exited small 0
result $? "and q quits" "$WORK/small.err"

# quitting while a job runs
open_screen quit 80x24 CAREEN_SCENE=job-running
wait_for quit "Leave it running"
keys quit q
shows quit "Job 0003 (kill) goes on" "q says that the job goes on"
exited quit 0
result $? "q: exit status 0" "$WORK/quit.err"

# the shell escape
open_screen shell 80x24 CAREEN_SCENE=ready
wait_for shell "in RAM"
keys shell '!'
shows shell '`exit` returns' "! opens a shell that says how to come back"
keys shell e x i t Enter
shows shell "Steps" "and exit comes back"

# the cursor stays on the same thing
echo detached >"$WORK/scene"
open_screen same 80x24 CAREEN_SCENE_FILE="$WORK/scene"
wait_for same "in RAM"
keys same Tab Tab Down Down Down Down Down Down Down Down
wait_for same "postgresql/15/bin/postgres -D"
echo fewer >"$WORK/scene"
keys same R
wait_for same " 8 ┐"
shows same "postgresql/15/bin/postgres -D" "the cursor stays on the same process"

# a slow machine is looked at now and then only; but at once for an operator who waits
open_screen slow 80x24 CAREEN_SCENE=ready CAREEN_SNAPSHOT_MS=2500
wait_for slow "in RAM"
before=$SECONDS
keys slow R Enter
shows slow "Enter runs it" "a plan needs another look at the machine"
result $((SECONDS - before >= 10)) "which does not wait for its turn: 2.5 s, not 4 x 2.5 more"

# the end of a tool that was begun in a shell is not announced, but a key asks
echo at-work >"$WORK/ended"
open_screen ended 80x24 CAREEN_SCENE_FILE="$WORK/ended"
wait_for ended "in RAM"
keys ended 6
echo written >"$WORK/ended"
keys ended Enter
shows ended "Enter runs it" "a plan is made once the tool has come to its end, too"

# what comes about by itself does not take the place of an answer
echo armed >"$WORK/phase"
open_screen phase 80x24 CAREEN_SCENE_FILE="$WORK/phase"
wait_for phase "in RAM"
keys phase J
echo armed-written >"$WORK/phase"
keys phase Tab Tab J
wait_for phase "Dead-man: holds"
shows phase "There has been no job yet." "news waits until the answer has been read"
keys phase Down
shows phase "From now on the dead-man timer only" "then it is told"

# hostile names reach the terminal as text only
open_screen hostile 80x24 CAREEN_SCENE=hostile
wait_for hostile "in RAM"
keys hostile Tab G
sleep 0.3
result $(($(tm hostile display -p '#{pane_title}' | grep -c owned))) "no escape sequence reaches the terminal"

# a word typed long ago runs nothing
open_screen armed 80x24 CAREEN_SCENE=unmounted CAREEN_LATER="$WORK/later"
wait_for armed "in RAM"
keys armed Enter
wait_for armed "vda1"
keys armed Down Enter
wait_for armed "what is to be done"
keys armed Down Enter
wait_for armed "To run it, type"
word=$(capture armed | sed -n 's/^.*\(vda1-[0-9A-Z]*\) >.*$/\1/p' | head -n 1)
tm armed send-keys -l "$word"
wait_for armed "> $word"
: >"$WORK/later"
keys armed Enter
shows armed "was made anew" "a plan that was left standing is made anew"
shows armed "Nothing has happened" "and nothing was done"
tm armed send-keys -l "$word"
wait_for armed "> $word"
keys armed Enter
shows armed "Job 0007" "then it runs"
tm armed kill-server

# the terminal goes away
open_screen gone 80x24 CAREEN_SCENE=detached
wait_for gone "in RAM"
pid=$(cat "$WORK/gone.pid")
tm gone kill-server
alive() { grep -qs '^State:[[:space:]][^ZX]' "/proc/$pid/status"; }
for _ in $(seq 20); do alive || break; sleep 0.05; done
alive
result $((!$?)) "a closed terminal ends the console within a second"
CAREEN_SCENE=detached "$PWD/$O/san/hangup" "$PROG" >"$WORK/out" 2>&1
result $? "so does one that goes without a signal, and nothing spins" "$WORK/out"

# waiting costs nothing
open_screen idle 80x24 CAREEN_SCENE=detached
wait_for idle "in RAM"
sleep 0.5
pid=$(cat "$WORK/idle.pid")
ticks() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
before=$(ticks)
sleep 2
after=$(ticks)
result $((after - before > 3)) "two idle seconds cost $((after - before)) ticks"

# the sanitizers have a say in all of the above
cat "$WORK"/*.err | grep -v '^careen\|^$' >"$WORK/errors"
[ ! -s "$WORK/errors" ]
result $? "nobody complained" "$WORK/errors"

echo "1..$n"
exit $failed
