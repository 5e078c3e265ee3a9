# tools.sh - Repair's tools one after the other, by the command line or at the console's keys;
# after lib.sh and operator.sh.
#
# tools_run reads lines:
#	! COMMAND			in the rescue's shell: it must succeed
#	STATUS DEVICE TOOL [--set K=V]...  | REGEX
# By the command line they run all in one login, STATUS is that of careen, and what it says must
# match REGEX. With TOOLS_AT=keys the tool is looked for in the console, its questions answered,
# its word typed, and its job waited for, TOOLS_WAIT seconds (300) at most; STATUS is 0 if it ends
# well, 1 if it stops, 3 if it does not even begin, and REGEX is looked for in its log, or for 3
# on the screen.
# Disks have the serial CAREEN0002, so that a device's word ends in 0002; WORD=... before the
# line's STATUS is another. TOOLS_ONLY=REGEX: only where $what matches it.
tools_run() {
	local line
	local -a lines=()
	while IFS= read -r line; do
		line=${line#"${line%%[![:space:]]*}"}
		case $line in '' | '#'*) ;; *) lines+=("$line") ;; esac
	done
	[[ ! "${TOOLS_ONLY-}" || $what =~ $TOOLS_ONLY ]] || return 0
	if [ "${TOOLS_AT-}" = keys ]; then tools_at_keys; else tools_by_command; fi
}

tools_by_command() {
	local line n script='' regex want word cmd out status device tool more
	for ((n = 0; n < ${#lines[@]}; n++)); do
		line=${lines[n]}
		if [ "${line:0:1}" = '!' ]; then
			cmd=${line:2}
		else
			word=''
			case $line in WORD=*) word=${line%% *}; word=${word#WORD=}; line=${line#* } ;; esac
			cmd=${line%% | *}
			read -r _ device tool more <<<"$cmd"
			cmd="careen run repair --device $device --tool $tool --confirm ${word:-$device-0002} $more"
		fi
		script+="echo @@$n; ( $cmd ) 2>&1; echo @@status \$?
"
	done
	out=$(VM_TIMEOUT=600 vm_ssh1022_in sh <<<"$script")
	for ((n = 0; n < ${#lines[@]}; n++)); do
		line=${lines[n]}
		cmd=$(sed -n "/^@@$n\$/,/^@@status/p" <<<"$out")
		status=$(sed -n 's/^@@status //p' <<<"$cmd")
		if [ "${line:0:1}" = '!' ]; then
			[ "$status" = 0 ] || fail "$what: ${line:2:60}" "$cmd"
			continue
		fi
		case $line in WORD=*) line=${line#* } ;; esac
		want=${line%% *} regex=${line##* | }
		if [ "$status" != "$want" ]; then
			fail "$what: ${line%% | *}: exit status $want" "$cmd"
		elif ! grep -Eq -e "$regex" <<<"$cmd"; then
			fail "$what: ${line%% | *}: says $regex" "$cmd"
		else
			pass "$what: ${line%% | *}: $regex"
		fi
	done
}

# --- at the keys
tools_at_keys() {
	local line n regex want word device tool more log
	tools_help=${tools_help:-$(vm_ssh1022 'careen help tools')}
	for ((n = 0; n < ${#lines[@]}; n++)); do
		line=${lines[n]}
		if [ "${line:0:1}" = '!' ]; then
			log=$(vm_ssh1022 "( ${line:2} ) 2>&1") || fail "$what: ${line:2:60}" "$log"
			continue
		fi
		word=''
		case $line in WORD=*) word=${line%% *}; word=${word#WORD=}; line=${line#* } ;; esac
		regex=${line##* | }
		read -r want device tool more <<<"${line%% | *}"
		ok "$what, at the keys: ${line%% | *}: $regex" tools_key_in "$want" "$device" "$tool" "$regex" "${word:-$device-0002}" "$more"
	done
}

# tools_row TEXT: to the row whose first cell it is; 29 characters fit, perhaps in a tree.
tools_row() { op_seek "$1" tools_cell "$1"; }
tools_cell() {
	local text=$1 line
	[ ${#text} -ge 29 ] || text="$text  "
	IFS= read -r line
	line=$(sed 's/^[ ├└─]*//' <<<"$line")
	[[ "$line  " = "${text:0:29}"* ]]
}

# The list in front shows what has TEXT.
tools_filter() {
	con_keys /
	con_keys C-u
	con_type "$1"
	con_keys Enter
	con_wait "Filter: ${1%%[ ?]*}" 20
}

# tools_answer K=V...: the questions, each with what it asks for; what is not given keeps what stands there
tools_answer() {
	local tool=$1 key ask value set
	shift
	while read -r key ask; do
		con_screen | grep -q 'Enter Answer' || return 0
		ask=${ask:0:20} ask=${ask//[^A-Za-z0-9 ,]/.}
		con_wait "$ask" 20 || return
		value=''
		for set; do [ "${set%%=*}" != "$key" ] || value=${set#*=}; done
		if [ "$value" ] && con_screen | grep -q 'USED BY'; then
			op_row "$value" || return
		elif [ "$value" ]; then
			con_keys C-u
			con_type "$value"
			con_wait "^[^>]*> $value" 10 || return
		fi
		con_keys Enter
		con_wait_gone "$ask" 20 || return
	done < <(sed -n "/^  $tool\( \|\$\)/,/^  [^ ]/s/^ *--set \([a-z0-9]*\)=\.\.\.  /\1 /p" <<<"$tools_help")
}

tools_key_in() {
	local want=$1 device=$2 tool=$3 regex=$4 word=$5 title words set i
	local -a sets=()
	read -ra words <<<"$6"
	local secret=''
	for ((i = 0; i < ${#words[@]}; i++)); do
		case ${words[i]} in
		--set) sets+=("${words[i + 1]}") ;;
		--key-file) secret=$(vm_ssh1022 "cat ${words[i + 1]}") ;;
		esac
	done
	# "  ext4-fix   Check and fix. Correct ..."; the name may fill its column
	title=$(sed -n "/^  $tool\( \|\$\)/{s/^  $tool *//; /^\$/{n; s/^ *//}; s/[.] .*//p}" <<<"$tools_help")
	op_home && con_keys F5 && op_choose 5 && con_keys Enter && con_wait ' Devices ─' 30 || return
	con_keys F5
	tools_filter "$device" && tools_row "$device" && con_keys Enter || return
	con_wait "what is to be done with $device\?" 30 && tools_filter "${title:0:30}" && tools_row "$title" || return
	con_keys Enter
	if [ "$want" = 3 ]; then con_wait "$regex" 30; return; fi
	con_wait 'Enter runs it|To run it, type|Enter Answer' 30 || return
	tools_answer "$tool" "${sets[@]}" || return
	con_wait 'Enter runs it|To run it, type' 30 || return
	if con_screen | grep -qF -- "$word >"; then
		con_type "$word"
		con_wait "> $word" 10 || return
		con_keys Enter
	elif ! con_screen | grep -q 'passphrase >'; then
		con_keys Enter
	fi
	if [ "$secret" ]; then
		con_wait 'passphrase > *│?$' 20 && con_type "$secret" && con_wait "passphrase > \*{${#secret}}" 10 || return
		con_keys Enter
		if [[ $tool = *-make ]]; then
			con_wait 'Type it once more' 20 && con_type "$secret" && con_wait "passphrase > \*{${#secret}}" 10 || return
			con_keys Enter
		fi
	fi
	con_wait '(✓|✗|!) (All done|Stopped)|Stopped at' "${TOOLS_WAIT:-300}" || return
	con_screen | grep -q '✓ All done' && [ "$want" = 1 ] && { con_screen; return 1; }
	con_screen | grep -q '✓ All done' || [ "$want" = 1 ] || { con_screen; return 1; }
	tools_log=$(vm_ssh1022 "careen log $(con_screen | sed -n 's/.* Job \([0-9]*\) ·.*/\1/p')")
	grep -Eq -e "$regex" <<<"$tools_log" || { echo "its log does not say: $regex"; echo "$tools_log"; return 1; }
}

# tools_off: the root off its disk, so that Repair is open
tools_off() {
	vm_ssh1022 'careen run detach --yes && careen run kill --yes && careen run unmount --yes'
}
