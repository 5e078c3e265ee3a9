# operator.sh - what an operator does at the console, step by step; after lib.sh
#
# Everything is asked of the screen first; what the machine says is checked
# through other ways in (ssh on 22, ssh -p 1022 with a command).

# op_console [con_open's options]: log in on 1022 and wait for the steps.
op_console() {
	con_open "$@"
	con_wait 'Preflight' 60 && con_wait 'all in RAM' 60
}

# op_home: back to the overview from wherever the console is.
op_home() {
	local i
	for i in 1 2 3 4 5 6; do
		con_screen | grep -q 'Enter Run step' && return 0
		con_keys Escape
		con_steady 3
	done
	con_wait 'Enter Run step' 5
}

# op_choose NUMBER: choose a step by its number (1 Preflight ... 6 Resume), and see it chosen.
op_titles=('' Preflight Detach Kill Unmount Repair Resume)
op_choose() { op_home && con_keys "$1" && con_wait "┌ ${op_titles[$1]} " 20; }

# op_plan: show the chosen step's plan.
op_plan() { con_keys Enter && con_wait 'Enter runs it|To run it, type' 30; }

# op_confirm [SECONDS]: confirm the plan shown, wait for the job's end.
op_confirm() { con_keys Enter && con_wait '(✓|✗|!) (All done|Stopped)|Stopped at' "${1:-60}"; }

# op_step NUMBER [SECONDS]: choose, plan, confirm, and it must end well. After Kill an operator
# logs in anew, or the machine resumes.
op_step() {
	op_choose "$1" && op_plan && con_keys Enter && con_wait '✓ All done' "${2:-90}" || return
	[ "$1" != 3 ] || vm_ssh1022 true
}

# op_repair DEVICE TOOL-TITLE TOKEN [SECONDS]: Repair, to its end.
op_repair() {
	op_choose 5 && con_keys Enter && con_wait 'Devices' 20 &&
		op_row "$1" && con_keys Enter && con_wait "what is to be done with $1" 20 &&
		op_row "$2" && con_keys Enter || return
	con_wait 'Enter runs it|To run it, type|Enter Answer' 20 || return
	# every question has an answer standing there: Enter keeps it
	while con_screen | grep -q 'Enter Answer'; do con_keys Enter; con_steady 3; done
	con_wait 'Enter runs it|To run it, type' 20 || return
	[ -z "$3" ] || { con_type "$3" && con_wait "> $3" 5; } || return
	con_keys Enter && con_wait '(✓|✗|!) (All done|Stopped)' "${4:-120}"
}

# op_row TEXT: move the cursor down to the row that has TEXT.
op_row() { op_seek "$1" grep -qF -e "$1"; }

# op_seek TEXT COMMAND...: to the row that COMMAND, which reads it, says is it.
op_seek() {
	local text=$1 i
	shift
	con_keys Home
	con_steady 3
	for i in $(seq 1 40); do
		con_cursor_line | "$@" && return 0
		con_keys Down
		con_steady 2
	done
	echo "no row with: $text"
	con_screen
	return 1
}

# The first columns of the row that is in reverse in the main panel: the cursor's; further
# right another thing's name may stand.
con_cursor_line() {
	con_tmux capture-pane -e -p -t "=$CON:" | grep -E $'\033\\[([0-9;]*;)?7m' |
		sed -e 's/\x1b\[[0-9;]*m//g' -e 's/^.*││//' | cut -c 1-34
}

# off: the system (of $what) comes off its disk, by commands.
off() {
	local step
	for step in detach kill unmount; do
		ok "${what:+$what: }$step" vm_ssh1022 "careen run $step --yes" || bail "${what:+$what: }cannot go on"
	done
}

# op_viewers: the pids of the consoles at a terminal. Not by ps: busybox's knows no names of terminals.
op_viewers() {
	vm_ssh1022 'for p in /proc/[0-9]*; do
		case $(cat $p/comm 2>/dev/null),$(readlink $p/fd/0) in careen,/dev/pts/*) echo ${p#/proc/} ;; esac
	done; :'
}
# Only where it can be asked.
op_no_viewer() { local pids; pids=$(op_viewers) && [ -z "$pids" ]; }

fact_pid1() { vm_ssh1022 readlink /proc/1/exe; }
# The kernel's own word that nobody uses the disk: re-reading a partition table
# is refused while a partition is open or mounted (block/ioctl.c blkdev_reread_part).
# Asked more than once: the console may be looking at the disk in that very moment.
fact_disk_free() { eventually 10 vm_ssh1022 blockdev --rereadpt /dev/vda; }
fact_boot_id() { "$1" cat /proc/sys/kernel/random/boot_id; }

# rescue_ram NAME: of what the rescue takes, in bytes (bytes, files, processes); and what it may
rescue_limit=24000000
rescue_ram() { vm_ssh1022 'careen status --json' | sed -n "s/.*\"rescue\":{[^}]*\"$1\":\([0-9]*\).*/\1/p"; }
