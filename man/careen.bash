# careen.bash - completion of careen's words for bash, from what `careen help --words` says

# _careen_stand PROGRAM WORD TOOL: what may stand where the help has that word
_careen_stand()
{
	case $2 in
	STEP) "$1" help steps --words ;;
	TOOL) "$1" help tools --words | cut -d ' ' -f 1 ;;
	NAME) "$1" help strategies --words ;;
	TOPIC) "$1" help --words ;;
	KEY=VALUE) "$1" help tools --words | sed -n "s/^${3:-none} //p" | grep -o '[a-z0-9]*=' ;;
	DEV) lsblk -rno KNAME | sort -u ;;
	JOB) "$1" log | sed -n 's/^\([0-9][0-9-]*\) .*/\1/p' ;;
	ID) "$1" vault --json | sed -n 's/^{"id":"\([0-9]*\)".*/\1/p' ;;
	*[!A-Z]*) printf '%s\n' "$2" | tr '|' '\n' | grep -v '[A-Z]' ;;
	esac 2>/dev/null
}

# _careen_place PROGRAM WORD...: the help's words for what comes after these
_careen_place()
{
	local program=$1 row i
	shift
	"$program" help commands --words 2>/dev/null | while read -ra row; do
		for ((i = 0; i < $#; i++)); do
			[[ ${row[i]-} == "${@:i + 1:1}" || ${row[i]-} == [A-Z]* || ${row[i]-} == \[* ]] || continue 2
		done
		row=${row[$#]-}
		row=${row#[}
		[[ -z $row ]] || printf '%s\n' "${row%]}"
	done | sort -u
}

_careen()
{
	local careen=$1 words cur prev word wants tool='' after=() options i
	# bash takes key=value apart, COMP_LINE does not
	read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
	[[ ${COMP_LINE:0:COMP_POINT} != *[[:space:]] ]] || words+=('')
	cur=${words[-1]} prev=${words[-2]-}
	COMPREPLY=()
	options=$("$careen" help options --words 2>/dev/null) || return
	wants=$(sed -n "s/^$prev //p" <<<"$options")
	# those that are no options, nor an option's
	for ((i = 1; i < ${#words[@]} - 1; i++)); do
		word=${words[i]}
		[[ ${words[i - 1]} != --tool ]] || tool=$word
		[[ $word == -* ]] || grep -q "^${words[i - 1]} " <<<"$options" || after+=("$word")
	done
	[[ $prev == --* && -n $wants ]] || wants=
	if [[ $wants == FILE ]]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
	elif [[ -z $wants && $cur == -* && ${#after[@]} -gt 0 ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(cut -d ' ' -f 1 <<<"$options")" -- "$cur")
		return
	fi
	words=
	for word in ${wants:-$(_careen_place "$careen" "${after[@]}")}; do
		[[ $wants != KEY=VALUE || $cur != *=* ]] || return
		words+=" $(_careen_stand "$careen" "$word" "${tool:-${after[1]-}}")"
	done
	[[ $wants != KEY=VALUE ]] || compopt -o nospace 2>/dev/null
	[[ $cur != /dev/* ]] || words=${words// / \/dev\/} words=${words//$'\n'/ \/dev\/}
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _careen careen
