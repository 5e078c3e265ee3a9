#!/bin/bash
# check-long: many looks at one machine
# Names that an attacker in the old system chooses - of processes, files, mounts, swap, sockets,
# labels - with newlines, escape sequences, invalid UTF-8, 4,096 bytes: no screen and no command
# obeys them, and the trip goes well.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

# plain WHAT TEXT: names are in it, and nothing in it that a terminal could obey.
plain() {
	harmless "$@"
	ok "$1: the names are in it" grep -q EVIL "$vm_tmp/text"
}
harmless() {
	printf '%s\n' "$2" >"$vm_tmp/text"
	not_ok "$1: no control byte" env LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$vm_tmp/text"
	not_ok "$1: no C1 control" env LC_ALL=C grep -qP '\xc2[\x80-\x9f]' "$vm_tmp/text"
	ok "$1: all of it is UTF-8" iconv -f utf-8 -t utf-8 "$vm_tmp/text"
	not_ok "$1: no line begins with what follows a newline in a name" grep -q '^EVIL' "$vm_tmp/text"
}

vm_boot 13
ok 'a disk' vm_disk2 256M
ok 'names' vm_ssh_in 'cat >/root/evil.pl; setsid perl /root/evil.pl >/root/evil.out 2>&1 </dev/null & sleep 1
	for i in $(seq 200); do grep -q ready /root/evil.out && exit 0; sleep 0.3; done; cat /root/evil.out; exit 1' <<'END'
use Socket;
my $e = "\e]0;EVIL\a\e[2JEVIL\nEVIL\r\x9b31m\xff%s%n";
(my $name = $e) =~ s,/,_,g;
my $dir = "/srv/$name";
mkdir $dir or die "mkdir: $!";
sub start(&) { my $do = shift; my $p = fork; return if $p; $do->(); sleep 100000; exit }
sub sys { system(@_) == 0 or die "@_: $?" }
start { open F, ">", "$dir/file$name" or die; $0 = "$e$dir"; };
start { open F, ">", "$dir/long" or die; $0 = "EVIL" . ("\e[31m" x 1000); };
start { for (1 .. 16) { my $d = "$_" . "EVIL\e[2J\n" x 24; mkdir $d; chdir $d or die "chdir: $!" } } if chdir $dir;
start { socket S, PF_UNIX, SOCK_STREAM, 0; bind S, sockaddr_un("$dir/s\e[2JEVIL\n") or die; unlink "$dir/s\e[2JEVIL\n" };
chdir "/";
mkdir "$dir/mnt";
sys "mount", "-t", "tmpfs", "EVIL\e[31m source\n\xff", "$dir/mnt";
start { open F, ">", "$dir/mnt/x$name" or die; };
sys "truncate", "-s", "16M", "$dir/img$name";
sys "losetup", "-f", "$dir/img$name";
open F, ">", "$dir/swap$name"; print F "\0" x (16 << 20); close F; chmod 0600, "$dir/swap$name";
sys "mkswap", "-L", "EVIL\e[2J\n", "$dir/swap$name";
sys "swapon", "$dir/swap$name";
sys "mkfs.ext4", "-q", "-L", "\e[2J\nEVIL\xff", "/dev/vdb";
sys "mkdir", "-p", "$dir/disk";
sys "mount", "/dev/vdb", "$dir/disk";
$| = 1; print "ready\n";
sleep 100000;
END

harmless status "$(vm_ssh1022 careen status)"
plain 'status --json' "$(vm_ssh1022 careen status --json)"
ok 'which is JSON' python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$vm_tmp/text"
plain 'plan detach' "$(vm_ssh1022 careen plan detach)"

# Every view, every byte that comes out of the terminal.
op_console
con_tmux pipe-pane -t "=$CON:" "cat >$vm_tmp/raw"
for view in 1 2 3 4 5 6 7 8; do
	con_keys Tab
	con_steady 5
	con_keys End
	con_steady 3
	con_screen
	con_keys Enter
	con_steady 3
	con_screen
	con_keys Escape
	con_steady 3
done >"$vm_tmp/screens"
con_tmux pipe-pane -t "=$CON:"
ok 'the views show the names' test "$(grep -c EVIL "$vm_tmp/screens")" -ge 5
not_ok 'no sequence of theirs reaches the terminal' env LC_ALL=C grep -qP '\x1b\]|\x07|\x1b\[2J\?*EVIL|[\xfe\xff]' "$vm_tmp/raw"
ok 'all that does is UTF-8' iconv -f utf-8 -t utf-8 -o /dev/null "$vm_tmp/raw"
unlike "$(con_tmux display-message -p -t "=$CON:" '#{pane_title}')" EVIL 'nor is the title theirs'
con_close

for step in detach kill unmount; do
	plain "plan $step --json" "$(vm_ssh1022 careen plan $step --json)"
	what=$(vm_ssh1022 careen run $step --yes 2>&1; echo "status $?")
	like "$what" '^status 0$' "$step"
	plain "run $step" "$what"
done
plain log "$(vm_ssh1022 'for j in $(ls /run/careen/jobs | grep "^[0-9]"); do careen log $j; done')"
plain 'log --json' "$(vm_ssh1022 'for j in $(ls /run/careen/jobs | grep "^[0-9]"); do careen log $j --json; done')"
like "$(vm_ssh1022 careen run repair --device vdb --tool ext4-label --set label=fine --confirm vdb-0002 2>&1; echo "status $?")" \
	'^status 0$' 'a repair of the disk with the label'
harmless vault "$(vm_ssh1022 careen vault)"
is "$(vm_ssh1022 'grep -c "^device " /run/careen/vault/*/entry')" 1 'whose entry has one line for each thing'
ok resume vm_ssh1022 careen run resume --yes
is "$(vm_ssh systemctl is-system-running)" running 'the system runs'
done_testing
