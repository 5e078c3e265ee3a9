#!/bin/bash
# install.t - make install puts files where they belong, make uninstall takes all of them away again
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/static/lib.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

left() { find "$tmp/$1" ! -type d -printf '%P\n' | grep -v '^etc/careen/' | sort; }
for prefix in /usr /usr/local; do
	name=${prefix//\//_}
	out=$(make -s O="${O:-build}" DESTDIR="$tmp/$name" PREFIX=$prefix install 2>&1) || out="failed: $out"
	result "make install PREFIX=$prefix" "$(grep '^failed' <<<"$out")"
	result 'has the console, and what the rescue is made of' "$(for file in sbin/careen lib/careen/stub lib/careen/tree.sh; do
		[ -x "$tmp/$name$prefix/$file" ] || [ -s "$tmp/$name$prefix/$file" ] || echo "no $file"; done)"
	result 'nothing is writable by others' "$(find "$tmp/$name" ! -type l -perm /022)"
	out=$(make -s O="${O:-build}" DESTDIR="$tmp/$name" uninstall PREFIX=$prefix 2>&1) || out="failed: $out"
	result "make uninstall PREFIX=$prefix" "$(grep '^failed' <<<"$out")"
	result 'leaves keys and settings alone, and nothing else' "$(left "$name")"
done
echo "1..$n"
exit $bad
