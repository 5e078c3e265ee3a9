# lib.sh - drive a program in a tmux of its own (sourced)
export TZ=UTC LC_ALL=C.UTF-8 TERM=tmux-256color
unset NO_COLOR CAREEN_SCENE CAREEN_SCENE_FILE
O=${O:-build}
PROG=$PWD/$O/san/careen-fixture
WORK=$(mktemp -d)
export LSAN_OPTIONS=suppressions=$PWD/tests/screens/lsan.supp:print_suppressions=0
unset TMUX
trap 'for s in "$WORK"/*.s; do tmux -S "$s" kill-server 2>/dev/null; done; rm -rf "$WORK"' EXIT

# tm NAME COMMAND...: a server for each screen; one for all of them loses
# sessions that are made at the same moment
tm() {
	local name=$1
	shift
	tmux -S "$WORK/$name.s" -f /dev/null "$@" 2>>"$WORK/$name.tmux"
}

# open_screen NAME COLSxROWS ENVIRONMENT...: run the fixture there; NAME.pid,
# NAME.status and NAME.err say what became of it
open_screen() {
	local name=$1 size=$2
	shift 2
	SHELL=/bin/bash tm "$name" new-session -d -x "${size%x*}" -y "${size#*x}" \
		"(echo \$BASHPID >$WORK/$name.pid; exec env TERM=tmux-256color $* $PROG \
			2>$WORK/$name.err); echo \$? >$WORK/$name.status" \; \
		set -g status off \; set -g remain-on-exit on \; set -g window-size manual
}

# capture NAME [-e]: what is on the screen, without trailing blanks
capture() { tm "$1" capture-pane -p "${@:2}" | sed 's/ *$//'; }

# wait_for NAME TEXT: until it is on the screen, 10 s at most
wait_for() {
	local i
	for i in $(seq 200); do
		case $(capture "$1") in *"$2"*) return 0 ;; esac
		sleep 0.05
	done
	return 1
}

# keys NAME KEY...: an Esc is given the time to be one
keys() {
	local name=$1 k
	shift
	for k; do
		tm "$name" send-keys "$k"
		case $k in Escape) sleep 0.15 ;; *) sleep 0.03 ;; esac
	done
}

resize() { tm "$1" resize-window -x "${2%x*}" -y "${2#*x}"; }

# settled NAME: the screen, once it has not changed for a while
settled() {
	local last='' now i same=0
	for i in $(seq 100); do
		now=$(capture "$1")
		[ "$now" = "$last" ] && same=$((same + 1)) || same=0
		[ $same -ge 6 ] && break
		last=$now
		sleep 0.05
	done
	printf '%s\n' "$now"
}

# TAP
n=0
failed=0
result() { # STATUS NAME [DETAIL-FILE]
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		failed=1
		echo "not ok $n - $2"
		[ -s "${3:-}" ] && sed 's/^/# /' "$3"
	fi
}
