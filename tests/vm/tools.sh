# tools.sh - Repair's tools one after the other, by the command line; after lib.sh.
#
# tools_run reads lines:
#	! COMMAND			in the rescue's shell: it must succeed
#	STATUS DEVICE TOOL [--set K=V]...  | REGEX
# and runs them all there in one login. STATUS is that of careen; what it says must match REGEX.
# Disks have the serial CAREEN0002, so that a device's word ends in 0002; WORD=... before the
# line's STATUS is another.
tools_run() {
	local line n=0 script='' regex want word cmd out status
	local -a lines=()
	while IFS= read -r line; do
		line=${line#"${line%%[![:space:]]*}"}
		case $line in '' | '#'*) continue ;; esac
		lines+=("$line")
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
		n=$((n + 1))
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

# tools_off: the root off its disk, so that Repair is open
tools_off() {
	vm_ssh1022 'careen run detach --yes && careen run kill --yes && careen run unmount --yes'
}
