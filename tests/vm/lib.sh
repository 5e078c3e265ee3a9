# VM tests in bash: TAP, virtual machines, and an operator at the console (a tmux client).
# See README.md in this directory. A test looks like this:
#
#	. "$(dirname "$0")/../lib.sh"
#	vm_boot 13
#	con_open
#	ok 'the console shows the steps' con_wait 'Preflight'
#	done_testing

set -u
vm_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
vm_src=$(cd "$vm_here/../.." && pwd)
vm_build=${CAREEN_VM_DIR:-$vm_src/build/vm}
shots=${CAREEN_SHOTS:-$vm_src/build/shots}
vm_test=$(basename "$0" .t)
vm_tmp=$(mktemp -d "${TMPDIR:-/tmp}/vm-$vm_test.XXXXXX")
export LC_ALL=C.UTF-8
VM=		# the VM that vm_* and con_* speak to
CON=con		# the console that con_* speak to
vm_started=()

# --- TAP --------------------------------------------------------------------
tap_n=0 tap_failed=0 tap_planned=

diag() { printf '%s\n' "$*" | sed 's/^/# /' >&2; }
note() { printf '%s\n' "$*" | sed 's/^/# /'; }
plan() { tap_planned=$1; echo "1..$1"; }
pass() { tap_n=$((tap_n + 1)); echo "ok $tap_n - $1"; }

# Says where it happened and what the screen and the kernel said last.
fail() {
	local i=1
	tap_n=$((tap_n + 1)) tap_failed=$((tap_failed + 1))
	echo "not ok $tap_n - $1"
	while [ "${BASH_SOURCE[$i]:-}" = "${BASH_SOURCE[0]}" ]; do i=$((i + 1)); done
	diag "failed: $1 (${BASH_SOURCE[$i]:-?}, line ${BASH_LINENO[$((i - 1))]:-?})"
	[ $# -lt 2 ] || diag "$2"
	vm_evidence
}

# ok NAME COMMAND [ARG]...: what the command prints is shown only if it fails.
ok() {
	local name=$1 status=0
	shift
	"$@" >"$vm_tmp/out" 2>&1 || status=$?
	if [ $status -eq 0 ]; then
		pass "$name"
	else
		fail "$name" "$(printf 'exit status %d of: %s\n' $status "$*"; tail -n 60 "$vm_tmp/out")"
		return 1
	fi
}

# not_ok NAME COMMAND [ARG]...: the command must fail.
not_ok() {
	local name=$1
	shift
	if "$@" >"$vm_tmp/out" 2>&1; then
		fail "$name" "$(printf 'succeeded: %s\n' "$*"; tail -n 60 "$vm_tmp/out")"
		return 1
	fi
	pass "$name"
}

# is GOT WANTED NAME
is() {
	if [ "$1" = "$2" ]; then pass "$3"; else
		fail "$3" "$(printf '     got: %s\nexpected: %s' "$1" "$2")"
		return 1
	fi
}
isnt() {
	if [ "$1" != "$2" ]; then pass "$3"; else fail "$3" "not expected: $1"; return 1; fi
}

# like TEXT REGEX NAME, unlike TEXT REGEX NAME: extended regular expressions, by line
like() {
	if grep -Eq -e "$2" <<<"$1"; then pass "$3"; else
		fail "$3" "$(printf 'no match of: %s\nin: %s' "$2" "$1")"
		return 1
	fi
}
unlike() {
	if ! grep -Eq -e "$2" <<<"$1"; then pass "$3"; else
		fail "$3" "$(printf 'matches: %s\nin: %s' "$2" "$1")"
		return 1
	fi
}

# skip NAME REASON. With CAREEN_NO_SKIP=1 (CI) nothing may be skipped.
skip() {
	if [ "${CAREEN_NO_SKIP-}" ]; then fail "$1" "skipped, and nothing may be skipped here: $2"; return 1; fi
	tap_n=$((tap_n + 1))
	echo "ok $tap_n # SKIP $1: $2"
}
skip_all() {
	if [ "${CAREEN_NO_SKIP-}" ]; then fail "$vm_test" "skipped, and nothing may be skipped here: $1"; done_testing; fi
	echo "1..0 # SKIP $1"
	tap_planned=0
	exit 0
}
bail() { diag "$*"; vm_evidence; echo "Bail out! $*"; exit 255; }
done_testing() {
	[ "$tap_planned" ] || plan $tap_n
	[ $tap_failed -eq 0 ]
	exit
}

# seconds COMMAND [ARG]...: how long it took, on stdout; its own output goes to stderr
seconds() {
	local start=$EPOCHREALTIME status=0
	"$@" >&2 || status=$?
	awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f\n", b - a }'
	return $status
}

# eventually SECONDS COMMAND [ARG]...: again and again until it succeeds
eventually() {
	local end=$((${EPOCHREALTIME%.*} + $1))
	shift
	until "$@"; do
		[ "${EPOCHREALTIME%.*}" -lt "$end" ] || return 1
		sleep 0.3
	done
}

# --- virtual machines -------------------------------------------------------
vm() { "$vm_here/vm" "$@"; }

# vm_boot RELEASE [--flavour NAME] [--cold] [--base] [--name NAME] [--append ARGS] [--disk2 SIZE] [--mem MB]
# From a snapshot of a booted system, in a second or two; --cold, --append and --mem boot it.
vm_boot() {
	local release=$1 name='' warm=--warm args=()
	shift
	while [ $# -gt 0 ]; do
		case $1 in
		--cold) warm= ;;
		--base) args+=(--base) ;;
		--name) name=$2; shift ;;
		--append | --mem) warm=; args+=("$1" "$2"); shift ;;
		--disk2 | --flavour) args+=("$1" "$2"); shift ;;
		--reach-host) args+=("$1") ;;
		*) bail "vm_boot: $1: unknown option" ;;
		esac
		shift
	done
	VM=$vm_test-$release${name:+-$name}.$$
	vm_started+=("$VM")
	vm start "$VM" "$release" $warm "${args[@]}" >"$vm_tmp/start" 2>&1 </dev/null ||
		bail "Debian $release does not come up: $(tail -n 40 "$vm_tmp/start")"
}
vm_use() { VM=$1; }

# vm_ssh COMMAND, vm_ssh1022 COMMAND: nothing on stdin; vm_ssh_in, vm_ssh1022_in: pass stdin on.
vm_ssh() { timeout "${VM_TIMEOUT:-180}" "$vm_here/vm" ssh "$VM" "$@" </dev/null; }
vm_ssh_in() { timeout "${VM_TIMEOUT:-180}" "$vm_here/vm" ssh "$VM" "$@"; }
vm_ssh1022() { timeout "${VM_TIMEOUT:-180}" "$vm_here/vm" ssh1022 "$VM" "$@" </dev/null; }
vm_ssh1022_in() { timeout "${VM_TIMEOUT:-180}" "$vm_here/vm" ssh1022 "$VM" "$@"; }
vm_wait() { vm wait "$VM" "$@"; }		# vm_wait ssh|ssh1022|running|off [SECONDS]
vm_monitor() { vm monitor "$VM" "$@"; }		# vm_monitor 'savevm x'
vm_console_log() { vm console-log "$VM" | tr -d '\r'; }
vm_port() { vm port "$VM" "$1"; }
vm_savevm() { vm monitor "$VM" savevm "$1"; }
vm_loadvm() { vm monitor "$VM" loadvm "$1"; }
vm_stop() { vm stop "${1:-$VM}"; }
# vm_disk2 SIZE: plug in a second disk, and wait until the system has seen it
vm_disk2() {
	vm add-disk "$VM" "$1" && vm_ssh 'udevadm wait -t 60 /dev/disk/by-id/virtio-CAREEN0002'
}

# --- the operator at the console --------------------------------------------
# A private tmux server: its own socket, no configuration, exactly the size asked for.
con_tmux() { TMUX= TMUX_TMPDIR=$vm_tmp tmux -u -L con -f /dev/null "$@"; }

# con_open [-n NAME] [-x COLUMNS] [-y ROWS] [-t TERM] [-p PORT] [COMMAND]: a terminal with ssh -tt in it
con_open() {
	local x=80 y=24 term=tmux-256color port=1022 opt OPTIND=1 OPTARG argv
	CON=con
	while getopts n:x:y:t:p: opt; do
		case $opt in
		n) CON=$OPTARG ;;
		x) x=$OPTARG ;;
		y) y=$OPTARG ;;
		t) term=$OPTARG ;;
		p) port=$OPTARG ;;
		*) return 2 ;;
		esac
	done
	shift $((OPTIND - 1))
	con_close
	argv=$(vm ssh-argv "$VM" "$port") || return
	con_terminal "$CON" "$x" "$y" "$term" "exec ${argv/ssh /ssh -tt } ${*@Q}"
}

# con_terminal NAME COLUMNS ROWS TERM SHELL-COMMAND: a terminal with anything in it
con_terminal() {
	CON=$1
	# No window-size or default-size before there is a session: tmux 3.3 dies of them.
	con_tmux start-server \; set-option -g status off \; set-option -s escape-time 0 \; \
		set-option -g remain-on-exit on \; set-option -g remain-on-exit-format '' \; \
		set-option -g history-limit 0 \; set-option -g default-terminal "$4" \; \
		new-session -d -s "$CON" -x "$2" -y "$3" "$5"
}
con_use() { CON=$1; }
con_close() { con_tmux kill-session -t "=$CON" 2>/dev/null || :; }

# con_keys KEY...: keys as tmux names them (Enter, Tab, F1, Up, C-c, x); con_type TEXT: as it is
con_keys() { con_tmux send-keys -t "=$CON:" "$@"; }
con_type() { con_tmux send-keys -t "=$CON:" -l "$1"; }
con_screen() { con_tmux capture-pane -p -t "=$CON:"; }
con_resize() { con_tmux resize-window -t "=$CON:" -x "$1" -y "$2"; }
con_pid() { con_tmux display-message -p -t "=$CON:" '#{pane_pid}'; }
# Is the ssh client still there?
con_alive() { [ "$(con_tmux display-message -p -t "=$CON:" '#{pane_dead}' 2>/dev/null)" = 0 ]; }
con_kill_client() { con_alive && kill -KILL "$(con_pid)"; }

# con_wait REGEX [SECONDS]: until a line of the screen matches; on timeout, the screen and failure
con_wait() { con_until 0 "$@"; }
# con_wait_gone REGEX [SECONDS]: until no line matches any more
con_wait_gone() { con_until 1 "$@"; }
con_until() {
	local want=$1 regex=$2 limit=${3:-30} end screen got
	end=$((${EPOCHREALTIME%.*} + limit))
	while :; do
		screen=$(con_screen 2>/dev/null)
		got=0
		grep -Eq -e "$regex" <<<"$screen" || got=1
		[ $got -ne "$want" ] || return 0
		if [ "${EPOCHREALTIME%.*}" -ge "$end" ]; then
			echo "after $limit s, the screen $([ "$want" = 0 ] && echo 'does not show' || echo 'still shows'): $regex"
			echo "$screen"
			return 1
		fi
		if [ "$want" = 0 ] && ! con_alive; then
			# What came with the end counts; nothing else will come.
			con_screen | grep -Eq -e "$regex" && return 0
			echo "the terminal's program has ended, and the screen does not show: $regex"
			con_screen
			return 1
		fi
		sleep 0.15
	done
}

# con_steady [SECONDS]: until the screen is the same twice, half a second apart
con_steady() {
	local end=$((${EPOCHREALTIME%.*} + ${1:-15})) a b
	a=$(con_screen)
	while [ "${EPOCHREALTIME%.*}" -lt "$end" ]; do
		sleep 0.5
		b=$(con_screen)
		[ "$a" != "$b" ] || return 0
		a=$b
	done
	return 1
}

# con_shot NAME: the screen with its attributes to build/shots/NAME.ansi, for `shot`.
# The first line tells the size and the cursor, in an escape sequence that terminals ignore.
con_shot() {
	mkdir -p "$shots"
	{
		con_tmux display-message -p -t "=$CON:" \
			'#{pane_width}x#{pane_height} #{cursor_x},#{cursor_y},#{cursor_flag}' |
			sed "s/.*/$(printf '\033')]7777;&$(printf '\033')\\\\/"
		con_tmux capture-pane -e -N -p -t "=$CON:"
	} >"$shots/$1.ansi"
}

# con_record NAME: from now on every screen that differs, with its time, to build/shots/NAME.rec;
# con_hold MS: the screen that is there is to be looked at for so long; con_recorded ends it.
con_record() {
	local file=$shots/$1.rec
	mkdir -p "$shots"
	: >"$file"
	recording=$file
	(last=
	while now=$(con_tmux capture-pane -e -N -p -t "=$CON:" 2>/dev/null); do
		if [ "$now" != "$last" ]; then
			printf '\033]7778;%d\033\\\n%s\n' $((${EPOCHREALTIME/./} / 1000)) "$now" >>"$file"
			last=$now
		fi
		sleep 0.1
	done) &
	recorder=$!
}
con_hold() { sleep 0.4; printf '\033]7778;0,%d\033\\\n' "$1" >>"$recording"; }
con_recorded() { kill "$recorder"; wait "$recorder" 2>/dev/null; }

# --- evidence and the end ---------------------------------------------------
vm_evidence() {
	local name
	for name in $(con_tmux list-sessions -F '#{session_name}' 2>/dev/null); do
		diag "--- screen of $name"
		diag "$(con_tmux capture-pane -p -t "=$name:" | sed -e 's/[[:space:]]*$//' | cat -s)"
	done
	[ -z "$VM" ] || {
		diag "--- serial console of $VM, the end"
		diag "$(vm console-log "$VM" 2>/dev/null | tr -d '\r' | tail -n 25)"
	}
}

vm_cleanup() {
	local status=$? name
	trap - EXIT
	# A test that dies half-way must not look as if it had passed.
	if [ -z "$tap_planned" ] && [ $status -ne 255 ]; then
		echo "not ok $((tap_n + 1)) - $vm_test came to its end"
		[ $status -ne 0 ] || status=1
	fi
	con_tmux kill-server 2>/dev/null
	if [ "${CAREEN_VM_KEEP-}" ]; then
		diag "kept: ${vm_started[*]-}"
	else
		for name in "${vm_started[@]-}"; do [ -z "$name" ] || vm stop "$name"; done
	fi
	rm -rf "$vm_tmp"
	exit $status
}
trap vm_cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
