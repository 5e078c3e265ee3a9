#!/bin/bash
# check-long: what a job says, from its first word to its last, is covered by unit tests
# What a trip says leaves the machine as it happens, comes back with it, and is what was done.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../enter.sh"

# One message a line. The port is the listener's own choice.
listen() {
	perl -MIO::Socket::INET -e '$| = 1; my $s = IO::Socket::INET->new(Proto => "udp", LocalAddr => "127.0.0.1") or die;
		open(my $p, ">", "$ARGV[0].port"); print $p $s->sockport; close $p;
		open(my $f, ">>", $ARGV[0]); $f->autoflush; while (defined $s->recv(my $m, 65536)) { print $f "$m\n" }' "$vm_tmp/syslog" &
	listener=$!
	eventually 20 test -s "$vm_tmp/syslog.port"
}
# The events of FILE, one a line, without what is only sampled.
events() { sed -n 's/^[^{]*\({"job".*\)$/\1/p' "$1" | sed 's/"time":"[^"]*",//' | grep -v '"event":"progress"' | sort -u; }
said() { grep -Eq "$1" "$vm_tmp/syslog"; }
cli() { vm_ssh1022 "careen run $1 --yes ${2-}"; }

vm_boot 13 --reach-host
boot_id=$(fact_boot_id vm_ssh)
ok 'a syslog server on another machine' listen || bail 'no listener'
port=$(cat "$vm_tmp/syslog.port")

# careen.conf is checked when the rescue is made.
vm_ssh 'printf "# a comment\nsyslog=loghost.example\n" >/etc/careen/careen.conf'
like "$(vm_ssh 'careen enter --replace --yes; echo status $?' 2>&1 | tr '\n' ' ')" \
	"careen.conf line 2: 'syslog=loghost.example': syslog wants an address in numbers.*status 1" 'a name is refused, with its line'
vm_ssh "echo syslog=10.0.2.2:$port >/etc/careen/careen.conf"
ok 'an address is taken' vm_ssh 'careen enter --replace --yes' || bail 'no rescue'

# The keys, before they are needed.
shown=$(vm_ssh careen fingerprint)
note "$shown"
ssh-keyscan -p "$(vm_port 1022)" 127.0.0.1 2>/dev/null >"$vm_tmp/scan"
like "$(wc -l <"$vm_tmp/scan")" '^[12]$' 'ssh-keyscan finds host keys'
while read -r _ print _; do
	like "$shown" "${print//+/[+]}\$" 'ssh shows a key that careen fingerprint told'
done < <(ssh-keygen -lf "$vm_tmp/scan")
is "$(vm_ssh1022 careen fingerprint)" "$shown" 'the rescue tells the same'
like "$shown" 'port 1022' 'and the port'
vm_ssh 'careen fingerprint --known-hosts 127.0.0.1' | sed "s/:1022 /:$(vm_port 1022) /" >"$vm_tmp/known"
like "$(ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$vm_tmp/known" -o GlobalKnownHostsFile=/dev/null \
	-o PreferredAuthentications=none -p "$(vm_port 1022)" root@127.0.0.1 true 2>&1)" 'Permission denied' 'known_hosts as it says it: ssh trusts the key'
like "$(vm_ssh 'mv /etc/careen/dropbear /etc/careen/d; careen fingerprint; echo status $?; mv /etc/careen/d /etc/careen/dropbear' 2>&1 | tr '\n' ' ')" \
	'no host key yet.*careen enter.*status 3' 'without keys it says how they are made'

# A trip, followed from before its first job.
vm_ssh1022 'careen log --follow --json' >"$vm_tmp/follow" 2>&1 &
follower=$!
ok 'somebody follows' eventually 30 vm_ssh1022 "ps -eo args | grep -q '^careen log --follow'"
for step in preflight detach kill unmount; do
	ok "$step" cli "$step" || bail 'cannot go on'
done
ok 'resume' cli resume || bail 'cannot go on'
runs 'back'
last=$(vm_ssh1022 'ls /run/careen/jobs' | grep '^[0-9]' | tail -n 1)
vm_ssh1022 "for j in \$(ls /run/careen/jobs | grep '^[0-9]'); do careen log --json \$j; done" >"$vm_tmp/log"
events "$vm_tmp/log" >"$vm_tmp/want"
like "$(wc -l <"$vm_tmp/want")" '^[0-9]{3,4}$' 'there is something to tell'
ok 'the last word has come' eventually 30 said "\"job\":\"$last\".*\"event\":\"end\""
is "$(events "$vm_tmp/syslog" | comm -3 - "$vm_tmp/want")" '' 'the syslog server has every event, and no other'
ok 'in the form of RFC 5424' grep -Eq "^<29>1 20[0-9-]{8}T[0-9:.]*Z $(vm_ssh hostname) careen [0-9]+ end - \{" "$vm_tmp/syslog"
ok 'the follower has the last word, too' eventually 30 grep -q "\"job\":\"$last\".*\"event\":\"end\"" "$vm_tmp/follow"
is "$(events "$vm_tmp/follow" | comm -3 - "$vm_tmp/want")" '' 'and every event, across all jobs'
pkill -P "$follower"	# its timeout(1), which passes it on
wait "$follower" 2>/dev/null
ok 'it ends with its connection' eventually 30 vm_ssh1022 "! ps -eo args | grep -q '^careen log --follow'"

# In the resumed system.
out=$(vm_ssh careen log)
note "$out"
is "$(awk '{ print $2, $3 }' <<<"$out" | tr '\n' ' ')" 'resume done unmount done kill done detach done preflight done ' 'careen log has all jobs there'
id=$(awk '$2 == "unmount" { print $1 }' <<<"$out")
like "$(vm_ssh "careen log $id")" '^ +\$ umount /oldroot' 'with the commands'
like "$(vm_ssh "careen log $id")" 'done in [0-9.]+ s' 'how long they took'
is "$(vm_ssh "careen log --json $id" | grep -c '"event":"end","status":"done"')" 1 'and the end, as JSON'
like "$(vm_ssh 'cat /var/log/careen/*.log')" 'All done. PID 1 is systemd' 'and, without careen, a text, to the last word'
vm_ssh 'careen log --script' >"$vm_tmp/script"
ok 'a script, which bash reads' bash -n "$vm_tmp/script"
like "$(cat "$vm_tmp/script")" '^umount /oldroot' 'with what was done'
is "$(grep -vE '^(#.*)?$' "$vm_tmp/script" | grep -cE 'ADDRESS|PID|NNNN')" 0 'and nothing in it that is no command'
like "$(vm_ssh 'careen log --follow --json; echo status $?' 2>&1 | tr '\n' ' ')" 'ssh -p 1022 .*status 3' 'to follow, it says where'

# Again; and while it comes back the machine dies.
for step in detach kill unmount; do
	ok "again: $step" cli "$step" || bail 'cannot go on'
done
ok 'resume begins' cli resume --detach
ok 'and is half-way' eventually 120 eval "said '\"job\":\"$(printf %04d $((10#$last + 4)))\".*\"event\":\"start\",\"index\":2,'"
kill -9 "$(cat "$vm_build/run/$VM/pid")"
ok 'the machine is dead' eventually 20 eval '! vm_ssh1022 true 2>/dev/null'
for step in 1 2 3; do
	ok "the syslog server knows the end of job $((10#$last + step))" \
		said "\"job\":\"$(printf %04d $((10#$last + step)))\".*\"event\":\"end\",\"status\":\"done\""
done
ok 'and of the last one what was done before it died' \
	said "\"job\":\"$(printf %04d $((10#$last + 4)))\".*\"event\":\"done\",\"index\":1"
kill "$listener"
vm_stop
done_testing
