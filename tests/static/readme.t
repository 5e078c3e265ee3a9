#!/bin/bash
# readme.t - each command that the README names is run by a test, and the table here knows which
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/static/lib.sh

# the README's words, the test, how the test says it ("": as the README), with a tab between them
table=$(sed '/^#/d; /^$/d' <<'END'
make demo	tests/vm/README.md	make demo
make check	.ci/run	
make check-long	tests/vm/README.md	check-long
make bench	tests/tests.mk	bench:
make package	tests/tests.mk	package:
make shots	tests/vm/README.md	
sudo tests/bench/console	tests/tests.mk	tests/bench/console
sudo apt install ./careen_*.deb	tests/vm/t/95-package.t	apt install /root/careen.deb
apt remove careen	tests/vm/t/95-package.t	
apt purge careen	tests/vm/t/95-package.t	
sudo tee -a /etc/careen/authorized_keys < ~/.ssh/id_ed25519.pub	tests/vm/t/95-package.t	>>/etc/careen/authorized_keys
apt install build-essential	tests/static/readme.t	the packages that the README names
make && sudo make install PREFIX=/usr	tests/vm/image	PREFIX=/usr
sudo make uninstall PREFIX=/usr && sudo update-initramfs -u	tests/static/install.t	uninstall PREFIX=
sudo update-initramfs -u	tests/vm/t/95-package.t	update-initramfs -u
sudo dracut -f	tests/vm/flavours/dracut	dracut --force
sudo systemctl enable careen.service	tests/vm/flavours/dracut	careen.service is on
sudo careen enter	tests/vm/t/25-enter.t	careen enter
careen enter	tests/vm/t/25-enter.t	
careen enter --replace	tests/vm/t/26-enter-others.t	
sudo careen leave	tests/vm/t/25-enter.t	careen leave
ssh -p 1022 root@host	tests/vm/lib.sh	1022
sudo careen arm	tests/vm/t/62-port.t	careen arm
careen arm 30m	tests/vm/t/62-port.t	careen arm 30s
careen stop	tests/vm/t/33-faults.t	careen stop
careen disarm	tests/vm/t/62-port.t	
careen log --follow --json	tests/vm/t/41-transcript.t	
careen log --json JOB	tests/vm/t/90-copy.t	careen log --json
careen log JOB	tests/vm/t/63-hostile.t	careen log $j
careen log --script [JOB]	tests/vm/t/41-transcript.t	log --script
careen log --script >file	tests/vm/t/41-transcript.t	log --script
change="careen run repair --device vda1 --tool change-fs --set fs=xfs --set via=ssh --confirm vda1-0001"	tests/vm/t/22-change-ssh.t	careen run repair --device vda1 --tool change-fs --set fs=xfs --set via=ssh --confirm vda1-0001
ssh -p 1022 root@host $change > root.tar	tests/vm/t/22-change-ssh.t	>$tar
for pass in 2 3 4; do ssh -p 1022 root@host $change < root.tar || break; done	tests/vm/t/22-change-ssh.t	change <"$tar"
END
)
# What 99-readme runs: the blocks of commands that it finds in the README, and its own two lists.
blocks=$(sed -n "s/.*block '\([^']*\)'.*/\1/p" tests/vm/t/99-readme.t)
lists=$(sed -n "/<<'END'/,/^END/p" tests/vm/t/99-readme.t | grep -v END)

# Lines of the blocks, without their comments; "\" joins.
block_lines() {
	awk '/^```/ { open = !open; next } open' README.md | sed 's/ *#.*//' | sed -e :a -e '/\\$/N; s/ *\\\n */ /; ta'
}
spans() { grep -o '`[^`]*`' README.md | tr -d '`' | grep -E '^(sudo |careen |make |ssh |apt |update-|dracut )'; }
row() { awk -F '\t' -v OFS='\t' -v c="$1" '$1 == c { print $2, $3; exit }' <<<"$table"; }

# told COMMAND: what is wrong with it
told() {
	local file text
	IFS=$'\t' read -r file text <<<"$(row "$1")"
	if [ -z "$file" ]; then
		grep -qxF -- "$1" <<<"$lists" && return
		while IFS= read -r block; do
			block_of "$block" | grep -qxF -- "$1" && return
		done <<<"$blocks"
		echo "no test is known to run it: $1"
	elif ! grep -qF -- "${text:-$1}" "$file"; then
		echo "$file does not have: ${text:-$1}"
	fi
}
block_of() {
	awk -v want="$1" '/^```/ { if (open && text ~ want) printf "%s", text; open = !open; text = ""; next }
		open { text = text $0 "\n" }' README.md
}
commands=$({ block_lines; spans; } | sed 's/^apt install build-essential .*/apt install build-essential/' | sort -u)
while IFS= read -r command; do
	result "run by a test: $command" "$(told "$command")"
done <<<"$commands"
stale=$(cut -f 1 <<<"$table" | grep -vxF -- "$commands")
result 'the table has no command that the README has not' "$stale"

# From the sources: the packages that the README names are those that are installed to build a VM's image.
named=$(block_lines | sed -n 's/^apt install build-essential //p' | tr ' ' '\n' | grep -E -- '-dev$|musl|pkg-config' | sort | xargs)
built=$(sed -n 's/^build=(\(.*\))/\1/p' tests/vm/deps | tr ' ' '\n' | grep -vxE 'gcc|libc6-dev|make' | sort | xargs)
result 'the packages that the README names are those that it is built with' "$([ "$named" = "$built" ] || echo "$named, $built")"
echo "1..$n"
exit $bad
