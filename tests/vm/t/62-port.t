#!/bin/bash
# check-long: as many logins as an attacker tries
# Port 1022 as an attack surface: keys only, nothing is forwarded, our own host keys alone; idle
# connections keep nobody out; with port_open=armed it is closed until `careen arm`.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

# client PORT OPTION...: ssh that speaks of what it is refused
client() {
	local argv
	eval "argv=($(vm ssh-argv "$VM" "$1"))"
	shift
	argv=("${argv[@]/LogLevel=ERROR/LogLevel=INFO}")
	timeout 60 "${argv[@]:0:${#argv[@]}-1}" "$@" 2>&1 | grep --line-buffered -v '^Warning: Permanently added'
	return "${PIPESTATUS[0]}"
}
to=root@127.0.0.1

# through PORT SOCKET WORD: -L to a socket of the machine; until WORD comes out of it, or from the client
through() {
	local ssh socat status
	rm -f "$vm_tmp/fwd"
	client "$1" -N -L "$vm_tmp/fwd:$2" $to >"$vm_tmp/said" </dev/null &
	ssh=$!
	eventually 90 test -S "$vm_tmp/fwd" || return
	printf '\0AUTH\r\n' | timeout 90 socat STDIO,ignoreeof "UNIX-CONNECT:$vm_tmp/fwd" >>"$vm_tmp/said" 2>/dev/null &
	socat=$!
	eventually 60 grep -aq "$3" "$vm_tmp/said"
	status=$?
	cat "$vm_tmp/said"
	pkill -P "$ssh,$socat"
	return $status
}

eval "$(ssh-agent)" >/dev/null
trap 'kill "$SSH_AGENT_PID"; vm_cleanup' EXIT
for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
	ssh-keygen -q -t ed25519 -N '' -f "$vm_tmp/wrong$n" && ssh-add -q "$vm_tmp/wrong$n"
done

read -r -a releases <<<"${CAREEN_RELEASES:-12 13}"
for release in "${releases[@]}"; do
	what="Debian $release"
	vm_boot "$release"
	like "$(client 1022 -o PubkeyAuthentication=no $to true)" 'Permission denied \(publickey\)' "$what: a password is not even asked for"
	like "$(client 1022 -W 127.0.0.1:22 $to </dev/null)" 'forwarding failed' "$what: -L is refused"
	like "$(client 22 -W 127.0.0.1:22 $to </dev/null | tr -d '\0')" 'SSH-2.0-OpenSSH' "$what: (the normal system does it)"
	like "$(client 1022 -o ExitOnForwardFailure=yes -R 18081:127.0.0.1:22 $to true)" 'remote port forwarding failed' "$what: -R is refused"
	like "$(client 1022 -o ExitOnForwardFailure=yes -R /tmp/s:127.0.0.1:22 $to true)" 'remote port forwarding failed' "$what: of a socket, too"
	ok "$what: -L to a socket is refused" through 1022 /proc/1/root/run/dbus/system_bus_socket 'open failed'
	ok "$what: (the normal system does it)" through 22 /run/dbus/system_bus_socket REJECTED
	is "$(client 1022 -A $to 'echo ${SSH_AUTH_SOCK:-none}')" none "$what: -A is refused"
	isnt "$(client 22 -A $to 'echo ${SSH_AUTH_SOCK:-none}')" none "$what: (the normal system does it)"
	like "$(DISPLAY=:9 client 1022 -X $to 'echo ${DISPLAY:-none}')" '^none$' "$what: X11 is refused"
	# a scan is as many connections at once as wait to log in at most: one of them may be refused
	is "$(for n in 1 2 3; do ssh-keyscan -T 60 -p "$(vm_port 1022)" 127.0.0.1 2>/dev/null; done | cut -d' ' -f 2,3 | sort -u)" \
		"$(vm_ssh 'for key in /etc/careen/dropbear/*_host_key; do dropbearkey -y -f $key; done' | grep -E '^(ssh|ecdsa)-' | cut -d' ' -f 1,2 | sort)" \
		"$what: it shows our host keys, and no other"
	like "$(client 1022 -o IdentitiesOnly=no $to echo in)" '^in$' "$what: twelve wrong keys of an agent do not keep the right one out"
	[ "$release" = "${releases[-1]}" ] || vm_stop
done

# The operator and the attacker have one address here: the worst case.
op_console
before=$(con_pid)
idle() { for n in $(seq 50); do exec {fd}<>"/dev/tcp/127.0.0.1/$(vm_port 1022)"; done; }
idle
not_ok '50 idle connections from the operator'\''s own address: nobody gets in' client 1022 -o ConnectTimeout=5 $to true
note "$(seconds eventually 60 client 1022 $to true) seconds until somebody does"
ok 'half a minute later somebody does' eventually 30 client 1022 $to true
like "$(vm_ssh1022 cat /run/careen/lifeline.log)" 'connections that had not logged in after 10 s are ended' 'the idle ones are ended, which is noted'
is "$(con_pid)" "$before" 'the session that was there'
ok 'lives on' con_alive
con_close

# Closed until armed.
answers() { exec 3<>"/dev/tcp/127.0.0.1/$(vm_port 1022)" && IFS= read -r -t 20 line <&3 && [[ $line == SSH-* ]]; }
open() { (answers) 2>/dev/null; }
closed() { ! open; }
left() { vm_ssh1022 'echo $(($(cat /run/careen/armed) - $(cut -d. -f1 /proc/uptime)))'; }
vm_ssh 'echo port_open=sometimes >/etc/careen/careen.conf'
like "$(vm_ssh 'careen enter --replace --yes' 2>&1)" "line 1: 'port_open=sometimes': the port is open always, or armed" 'a wrong word is told'
vm_ssh 'echo port_open=armed >/etc/careen/careen.conf'
like "$(vm_ssh 'careen enter --yes' 2>&1)" 'The port is closed again: careen arm opens it' 'a rescue whose port is opened by arming'
ok 'it is closed' closed
like "$(vm_ssh careen status)" 'sudo careen arm' 'which status says, and how to open it'
vm_ssh "kill -KILL $(vm_ssh 'pidof @careen-lifeline careen-lifeline lifeline' | cut -d' ' -f 1)"
ok 'the lifeline is killed, and another is there' eventually 30 eval 'vm_ssh careen status | grep -q "sudo careen arm"'
ok 'the port is closed still' closed
like "$(vm_ssh 'careen arm 25h; echo status $?' 2>&1)" 'status 2' 'an armed state expires'
like "$(vm_ssh careen arm 30s)" 'The port is open for 0:30' 'careen arm'
ok 'it is open' open
ok 'and closed when the time is over' eventually 60 closed
ok 'armed again' vm_ssh careen arm
like "$(vm_ssh careen status)" 'open +armed for (1 h|59:)' 'and status says for how long'
ok 'the console' op_console
like "$(vm_ssh 'careen disarm; echo status $?' 2>&1)" 'somebody is logged in through it' 'it does not close behind who is logged in'
ok 'detach' op_step 2
ok 'detached it is open for an hour to come' eventually 20 eval '[ "$(left)" -gt 3000 ]'
vm_ssh1022 'rm /run/careen/armed; kill -KILL $(cat /run/careen/lifeline.pid)'
ok 'whatever happens to the lifeline' eventually 30 eval '[ "$(left)" -gt 3000 ]'
con_close
ok 'resume' vm_ssh1022 careen run resume --yes
ok 'after which it is open for a while' test "$(left)" -gt 3000
ok 'careen disarm' eventually 90 vm_ssh careen disarm
ok 'closes it' closed
done_testing
