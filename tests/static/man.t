#!/bin/bash
# man.t - the man pages: current, complete, and without a warning of those who format them
set -u
cd "$(dirname "$0")/../.." || exit 1
O=${O:-build}
for tool in man mandoc; do
	command -v $tool >/dev/null || { echo "1..0 # SKIP $tool is not installed"; exit 0; }
done
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
make -s man O="$O" >&2 || { echo "Bail out! the man pages are not built"; exit 1; }
careen=$O/careen
. tests/static/lib.sh

# what a reader sees, in lines that are not broken
for page in careen.8 careen.conf.5; do
	MANWIDTH=2000 LC_ALL=C.UTF-8 man -l "$O/man/$page" | col -bx | sed 's/^ *//; s/  */ /g' >"$tmp/$page"
done
"$careen" help | sed 's/^ *//; s/  */ /g' >"$tmp/help"
# missing FILE: those lines of stdin that begin no line of it
missing() {
	awk 'NR == FNR { want[$0]; next }
		{ for (w in want) if (index($0 " ", w " ") == 1 || (w ~ /=$/ && index($0, w) == 1)) delete want[w] }
		END { if (NR == FNR) print "nothing was looked for"; for (w in want) print w }' - "$tmp/$1"
}

for page in careen.8 careen.conf.5 careen-initramfs.7; do
	result "$page: man says nothing" "$(LC_ALL=C.UTF-8 man --warnings -l "$O/man/$page" 2>&1 >/dev/null)"
	result "$page: mandoc says nothing" "$(mandoc -Tlint -W warning "$O/man/$page" 2>&1)"
	result "$page: it is current" "$(man/page "$careen" "man/$page.in" | diff "$O/man/$page" - 2>&1)"
	result "$page: nothing is left to be filled in" "$(grep -n '@[A-Za-z]*@' "$O/man/$page")"
done

# what the program itself understands, from the rows that it parses by
table() { sed -n "/^const struct $1 /,/^};/s/^\t{ \"\([^\"]*\)\".*/\1/p" tui/cli.c; }
table cli_command >"$tmp/commands"
table cli_option | grep -vxE -e '--(man|words)' >"$tmp/options"
result "the tables are found in tui/cli.c" "$([ "$(wc -l <"$tmp/commands")" -ge 15 ] &&
	[ "$(wc -l <"$tmp/options")" -ge 15 ] || echo "their form has changed: mend this test")"
result "careen.8 has every command" "$(missing careen.8 <"$tmp/commands")"
result "careen.8 has every option" "$(missing careen.8 <"$tmp/options")"
result "careen help has every command and option" "$(cat "$tmp/commands" "$tmp/options" | missing help)"
sed -n '/^static const struct topic/,/^};/s/^\t{ "\([a-z]*\)".*/\1/p' tui/cli_help.c >"$tmp/topics"
result "careen help names every topic of it" "$(while read -r topic; do
	grep -q "one part of it:.* $topic[,.]" "$tmp/help" || echo "$topic"
done <"$tmp/topics")"
for topic in steps strategies tools exits; do
	"$careen" help --words $topic | cut -d' ' -f1 >"$tmp/words"
	result "careen.8 has the $topic" "$([ -s "$tmp/words" ] || echo "there are none"; missing careen.8 <"$tmp/words")"
done
for topic in keys views; do
	"$careen" help --words $topic >"$tmp/words"
	result "careen.8 has the $topic" "$([ -s "$tmp/words" ] || echo "there are none"; missing careen.8 <"$tmp/words")"
done
result "careen.8 has what the tools ask" "$("$careen" help --words tools | grep -o -e '--set [a-z0-9]*=' |
	sort -u | missing careen.8)"

# what tree.sh reads of careen.conf, against what its own error, the file and the page say
sed -n '/^read_settings()/,/^}/s/^\t\t\([a-z_]*\)=[a-z*]*).*/\1=/p' initramfs/tree.sh | sort -u >"$tmp/read"
grep -o 'known are .*"' initramfs/tree.sh | grep -o '[a-z_]*=' | sort -u >"$tmp/said"
sed -n 's/^#\([a-z_]*=\).*/\1/p' initramfs/careen.conf | sort -u >"$tmp/conf"
sed -n '/^SETTINGS/,/^SEE ALSO/s/^\([a-z_]*=\).*/\1/p' "$tmp/careen.conf.5" | sort -u >"$tmp/page"
result "the settings are found in tree.sh" "$([ "$(wc -l <"$tmp/read")" -ge 8 ] ||
	echo "the form of read_settings() has changed: mend this test")"
for what in said conf page; do
	result "every setting that tree.sh reads, and no other: $what" "$(diff "$tmp/read" "$tmp/$what")"
done
result "what careen.conf has in its comments is right" "$(sed -n 's/^#\([a-z_]*=\)/\1/p' initramfs/careen.conf \
	>"$tmp/careen.conf"; sh -c '. initramfs/tree.sh; ETC=$1; read_settings' sh "$tmp" 2>&1)"
echo "1..$n"
exit $bad
