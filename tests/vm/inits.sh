# inits.sh - the whole trip with another init, twice in one boot; after lib.sh and operator.sh.
#
# init_roundtrip WHAT INIT STRATEGY UP SERVICE...: WHAT is for the tests' names; INIT is
# /proc/1/exe; STRATEGY a word of its plan; UP what careen says of the resumed system, a regular
# expression; each SERVICE a process that runs before and must run afterwards. $first and $second
# are the two detaches' options: after a --clean one the processes $stopped are gone, $kept still
# there. $console=1 makes the second trip at the console; $straight=1 puts another between the two,
# that comes back before anything was killed or unmounted.
first='' second='' console='' straight='' stopped='' kept=''

run() { VM_TIMEOUT=600 vm_ssh1022 "careen run $* --yes" 2>&1; }
address() { vm_ssh "ip -4 -o address show scope global | awk '{ print \$2, \$4 }'"; }
runs() { vm_ssh "pgrep -x $1 >/dev/null"; }

# was_clean WHAT: services have been stopped, the network and we have not
was_clean() {
	local names name
	names=$(vm_ssh1022 'cat /proc/[0-9]*/comm')
	for name in $stopped; do unlike "$names" "^$name\$" "$1: $name was stopped, before Kill"; done
	for name in $kept dropbear; do like "$names" "^$name\$" "$1: $name was not"; done
	like "$(vm_ssh1022 ip -4 -o address show scope global)" "${address#* }" "$1: the address is there"
}

# by_hand WHAT [OPTION]...: out, over ssh with commands
by_hand() {
	local what=$1
	shift
	out=$(run detach "$@")
	is $? 0 "$what: detach $*" || { diag "$out"; bail "$what: cannot go on"; }
	is "$(fact_pid1)" /usr/lib/careen/stub "$what: PID 1 is the stub"
	case "$*" in *--clean*) was_clean "$what" ;; esac
	out=$(run kill)
	like "$out" '^All done|no process holds the old root' "$what: kill" || bail "$what: cannot go on"
	out=$(run unmount)
	is $? 0 "$what: unmount" || { diag "$out"; bail "$what: cannot go on"; }
	like "$out" '/dev/vda1 is clean: no mount in any namespace' "$what: the proof is green"
	ok "$what: the kernel agrees: the partition table can be re-read" fact_disk_free
	is "$(vm_ssh1022 'e2fsck -f -p /dev/vda1 >/dev/null 2>&1; echo $?')" 0 "$what: e2fsck finds nothing"
	started=$(vm_console_log | wc -l)
	out=$(run resume)
	is $? 0 "$what: resume" || { diag "$out"; bail "$what: cannot go on"; }
	like "$out" "$up" "$what: it knows that the system is up"
}

# at_console WHAT: the same by an operator
at_console() {
	local what=$1
	ok "$what: the console" op_console
	ok "$what: detach" op_step 2 || bail "$what: cannot go on"
	ok "$what: kill" op_step 3 || bail "$what: cannot go on"
	ok "$what: unmount" op_step 4 || bail "$what: cannot go on"
	ok "$what: the proof is green" con_wait '/dev/vda1 is clean: no mount in any namespace'
	ok "$what: check" op_repair vda1 Check '' 180
	started=$(vm_console_log | wc -l)
	ok "$what: resume" op_step 6 300 || bail "$what: cannot go on"
	ok "$what: it knows that the system is up" con_wait "$up"
	con_keys q
}

# straight_back WHAT: out, and back before anything was killed or unmounted
straight_back() {
	out=$(run detach)
	is $? 0 "$1: detach" || { diag "$out"; bail "$1: cannot go on"; }
	started=$(vm_console_log | wc -l)
	out=$(run resume)
	is $? 0 "$1: resume at once" || { diag "$out"; bail "$1: cannot go on"; }
	like "$out" "$up" "$1: it knows that the system is up"
}

init_back() {
	local what=$1 init=$2 service
	shift 2
	is "$(vm_ssh1022 'readlink /proc/1/exe')" "$init" "$what: PID 1 is the init again"
	ok "$what: ssh on port 22 answers" vm_wait ssh 60
	for service; do ok "$what: $service runs again" eventually 30 runs "$service"; done
	is "$(fact_boot_id vm_ssh)" "$boot_id" "$what: the same boot"
	is "$(address)" "$address" "$what: the same address"
	# the generator finds no vsock in these VMs, runit's script no wtmpdb: not at a boot either;
	# mount's hint comes when OpenRC 0.45 mounts a cgroup tree that came back with the system
	not_ok "$what: no script has failed at its start" eval "sed -n '$started,\$p' <<<\"\$(vm_console_log)\" |
		grep -v -e systemd-ssh-generator -e wtmpdb -e 'dmesg(1) may have more' | grep -i 'failed'"
	is "$(vm_ssh 'findmnt -no OPTIONS / | cut -d, -f1')" rw "$what: the root is writable"
	like "$(vm_ssh 'udevadm info /dev/vda1')" 'ID_FS_TYPE=ext4' "$what: udev has its database"
	like "$(vm_ssh ls /var/log/careen)" '\.log$' "$what: the transcript is in /var/log/careen"
}

init_roundtrip() {
	local what=$1 init=$2 strategy=$3 up=$4 service
	shift 4
	boot_id=$(fact_boot_id vm_ssh)
	address=$(address)
	is "$(vm_ssh readlink -f /proc/1/exe)" "$init" "$what: PID 1 is $init"
	for service; do ok "$what: $service runs" runs "$service"; done
	ok "$what: the rescue answers on port 1022" vm_wait ssh1022 60
	like "$(vm_ssh1022 careen plan detach)" "take PID 1 .*by .*$strategy" "$what: the plan takes it by $strategy"
	by_hand "$what, trip 1" $first
	init_back "$what, trip 1" "$init" "$@"
	[ -z "$straight" ] || { straight_back "$what, straight back"; init_back "$what, straight back" "$init" "$@"; }
	if [ "$console" ]; then at_console "$what, trip 2"; else by_hand "$what, trip 2" $second; fi
	init_back "$what, trip 2" "$init" "$@"
}
