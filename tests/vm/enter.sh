# enter.sh - the route without preparation; after lib.sh and operator.sh

# What `apt install` would do, but for the initramfs, which stays Debian's.
install_careen() {
	local stage
	stage=$("$vm_here/image" --build "$1") &&
		tar -C "$stage" -c . | vm_ssh_in 'tar -C / -x --no-same-owner --keep-directory-symlink'
}
keys_in() { vm_ssh 'cp /root/.ssh/authorized_keys /etc/careen/authorized_keys'; }
# What must be as it was before: mounts, processes, memory in tmpfs files, files.
state() {
	vm_ssh 'cut -d" " -f4- /proc/self/mountinfo | sed "s/ shared:[0-9]*//" | sort
		ls /run; ps -eo comm | grep -c -e careen -e dropbear'
}
# cgroups: the options that the one hierarchy of control groups has, wherever it is mounted
cgroups() { vm_ssh 'sed -n "s/.* - cgroup2 [^ ]* //p" /proc/1/mountinfo | sort -u'; }
shmem_mb() { vm_ssh 'awk "/^Shmem:/ { print int(\$2 / 1024) }" /proc/meminfo'; }
cli() { vm_ssh1022 "careen run $1 --yes ${2-}"; }
cli_trip() { cli detach && cli kill && cli unmount && vm_ssh1022 'e2fsck -f -p /dev/vda1' && cli resume; }
runs() { # WHAT
	is "$(vm_ssh systemctl is-system-running)" running "$1: the system runs"
	is "$(vm_ssh systemctl --failed --no-legend --plain)" '' "$1: no failed unit"
	is "$(fact_boot_id vm_ssh)" "$boot_id" "$1: the same boot"
}

begin() { # RELEASE [OPTION of vm_boot]...
	vm_boot "$@" --base
	boot_id=$(fact_boot_id vm_ssh)
	ok "Debian $1: careen is installed into the running system" install_careen "$1"
}
