# roundtrip.sh - the whole trip at the console, twice in one boot; after
# lib.sh and operator.sh. Called with the release.

# Damage that a kernel would trip over: an inode cleared under its name, and
# blocks marked free that are in use.
damage() {
	vm_ssh1022 "debugfs -w -R 'clri /root/victim' /dev/vda1 2>&1;
		debugfs -w -R 'freeb 20000 50' /dev/vda1 2>&1;
		e2fsck -f -n /dev/vda1 >/tmp/damage.txt 2>&1; echo status \$?"
}

# trip RELEASE NUMBER
trip() {
	local what="Debian $1, trip $2"
	ok "$what: detach" op_step 2 || bail "$what: cannot go on"
	is "$(fact_pid1)" /usr/lib/careen/stub "$what: PID 1 is the stub"
	ok "$what: kill" op_step 3 || bail "$what: cannot go on"
	ok "$what: unmount" op_step 4 || bail "$what: cannot go on"
	ok "$what: the proof is green for the partition" con_wait '/dev/vda1 is clean: no mount in any namespace'
	ok "$what: the kernel agrees: the partition table can be re-read" fact_disk_free
	like "$(vm_ssh1022 careen status)" 'Unmount +done' "$what: and careen status says so"
	like "$(damage)" 'status 4' "$what: the file system has been damaged"
	ok "$what: check says so" op_repair vda1 Check '' 180
	ok "$what: and names what to do" con_wait 'Run Check and fix'
	ok "$what: check and fix" op_repair vda1 'Check and fix' vda1-0001 180 || bail "$what: cannot go on"
	ok "$what: errors were found and corrected" con_wait 'errors were found and corrected'
	is "$(vm_ssh1022 'e2fsck -f -n /dev/vda1 >/dev/null 2>&1; echo $?')" 0 "$what: it is good now"
	ok "$what: resume" op_step 6 300 || bail "$what: cannot go on"
}

back() {
	local what="Debian $1, trip $2"
	is "$(vm_ssh systemctl is-system-running)" running "$what: the system runs"
	is "$(vm_ssh systemctl --failed --no-legend --plain)" '' "$what: no failed unit"
	is "$(fact_boot_id vm_ssh)" "$boot_id" "$what: the same boot"
	is "$(vm_ssh ip -4 -o address show scope global | awk '{ print $2, $4 }')" "$address" "$what: the same address"
	is "$(vm_ssh 'test -e /root/victim; echo $?')" 1 "$what: what was damaged is gone, as e2fsck said"
	[ "$1" = 13 ] || like "$(vm_ssh pgrep -a dhclient)" ens3 "$what: its DHCP client runs again"
	like "$(vm_ssh ls /var/log/careen)" '\.log$' "$what: the transcript is in /var/log/careen"
	like "$(vm_ssh 'udevadm info /dev/vda1')" 'ID_FS_TYPE=ext4' "$what: udev has its database"
	ok "$what: the operator's one session is still the first one" con_alive
	is "$(con_pid)" "$client" "$what: the same ssh client"
}

roundtrip() {
	vm_boot "$1"
	boot_id=$(fact_boot_id vm_ssh)
	address=$(vm_ssh ip -4 -o address show scope global | awk '{ print $2, $4 }')
	ok "Debian $1: the console is there" op_console
	client=$(con_pid)
	local n
	for n in 1 2; do
		vm_ssh 'echo precious >/root/victim; sync'
		trip "$1" $n
		back "$1" $n
	done
	vm_stop
}
