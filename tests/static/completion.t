#!/bin/bash
# completion.t - bash's completion of careen's words: what it offers, and a real Tab
set -u
cd "$(dirname "$0")/../.." || exit 1
careen=$PWD/${O:-build}/careen
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# a machine of its own: the real help; made-up devices, jobs and entries; else what it was called with
mkdir "$tmp/bin"
cat >"$tmp/bin/careen" <<-END
	#!/bin/sh
	case \$1 in
	help) exec "$careen" "\$@" ;;
	log) [ \$# -gt 1 ] || { printf '0001  detach     done  x\n0002  kill       done  x\n'; exit; } ;;
	vault) [ "\$2" != --json ] || { printf '[\n{"id":"0003","device":"vda"}\n]\n'; exit; } ;;
	esac
	echo "called: \$*"
END
printf '#!/bin/sh\nprintf "vda\\nvda1\\nvdb\\n"\n' >"$tmp/bin/lsblk"
chmod +x "$tmp"/bin/*
export PATH="$tmp/bin:$PATH"
. man/careen.bash
n=0 bad=0

is() { # GOT WANT NAME
	n=$((n + 1))
	[ "$1" = "$2" ] && { echo "ok $n - $3"; return; }
	echo "not ok $n - $3"
	printf '# got: %s\n# want: %s\n' "$1" "$2"
	bad=1
}

# offers LINE: what is offered at its end
offers() {
	COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
	_careen careen
	echo "${COMPREPLY[@]}"
}
words() { "$careen" help "$1" --words | cut -d ' ' -f 1 | sort -u | xargs; }
sorted() { offers "$1" | tr ' ' '\n' | sort -u | xargs; }

is "$(sorted 'careen ')" "$(words commands)" 'every command of the help, and no other'
is "$(offers 'careen ru')" run 'a command that has been begun'
is "$(offers 'careen unm')" '' 'a step is no command'
is "$(sorted 'careen plan ')" "$(words steps)" 'the steps of the help, after plan'
is "$(offers 'careen run d')" detach 'a step that has been begun'
is "$(sorted 'careen run ')" "$( { words steps; words tools; } | tr ' ' '\n' | sort -u | xargs)" 'steps and tools, after run'
is "$(sorted 'careen run repair --')" "$(words options)" 'every option of the help, and no other'
is "$(sorted 'careen run repair --tool ')" "$(words tools)" 'the tools of the help'
is "$(offers 'careen run repair --device vda')" 'vda vda1' 'devices'
is "$(offers 'careen run repair --device /dev/vd')" '/dev/vda /dev/vda1 /dev/vdb' 'devices, by their paths'
is "$(offers 'careen run copy-onto v')" 'vda vda1 vdb' 'a device after a tool'
is "$(offers 'careen run repair --tool copy-onto --set s')" src= "a tool's question"
is "$(offers 'careen run write-image vda --set siz')" size= "a tool's question, without --tool"
is "$(offers 'careen run repair --tool copy-onto --set src=/dev/v')" '' 'not the answer'
is "$(sorted 'careen run detach --strategy ')" "$(words strategies)" 'strategies'
is "$(offers 'careen run resume --end ')" 'reboot poweroff' 'what an option lets choose'
is "$(sorted 'careen deadman ')" 'hold keep off reboot resume' 'what a command lets choose'
is "$(offers 'careen vault ')" 'drop restore' 'the second word of a command'
is "$(offers 'careen vault restore ')" 0003 'an entry of the vault'
is "$(offers 'careen --json log ')" "$(offers 'careen log ')" 'an option before is no word'
is "$(offers 'careen log ')" '0001 0002' 'jobs'
is "$(sorted 'careen help ')" "$("$careen" help --words | sort | xargs)" 'parts of the help'
is "$(offers 'careen run detach --confirm ')" '' 'nothing where nobody can know'
touch "$tmp/key one"
is "$(offers "careen run resume --key-file $tmp/k")" "$tmp/key one" 'files'

# a bash with a terminal, and its Tab key
cat >"$tmp/tab.py" <<'END'
import os, pty, re, sys
pid, fd = pty.fork()
if pid == 0:
	os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
def until(what):
	got = b""
	while not re.search(what, got, re.S):
		got += os.read(fd, 4096)
	return got
os.write(fd, b"PS1='re''ady '; . man/careen.bash\n")
until(b"ready ")
os.write(fd, sys.argv[1].replace("\\t", "\t").encode() + b"\n")
print(until(b"called: .*ready ").decode(errors="replace"))
os.write(fd, b"exit\n")
END
tab() { timeout 300 python3 "$tmp/tab.py" "$1" | tr -d '\r' | sed -n 's/.*called: //p'; }
is "$(tab 'careen unmo\tx ru\t')" 'unmox ru' 'Tab: what is no command stays as it was typed'
is "$(tab 'careen sto\t')" stop 'Tab: a command'
is "$(tab 'careen run repa\t--dev\tvda1 --too\text4-fi\t--confi\tx')" \
	'run repair --device vda1 --tool ext4-fix --confirm x' 'Tab: a whole line'
is "$(tab 'careen run write-i\tvdb --set siz\t4096')" 'run write-image vdb --set size=4096' 'Tab: no blank after a key'
echo "1..$n"
exit $bad
