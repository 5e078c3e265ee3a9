#!/bin/bash
# check-long: Preflight changes nothing: mounts of every namespace, kernel settings, control groups, processes,
# the files of the system and of the rescue are the same before and after.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../files.sh"

mounts_of_all() {
	vm_ssh 'for p in /proc/[0-9]*; do
		[ "$(stat -Lc %i $p/ns/mnt)" ] && echo "$(stat -Lc %i $p/ns/mnt) $p"; done 2>/dev/null | sort -k1,1 -u |
		while read -r ns p; do echo "== $ns"; cut -d" " -f3- "$p/mountinfo"; done 2>/dev/null | sort'
}
# What counts by itself (statistics, random numbers, timers) says nothing.
settings_of_kernel() {
	vm_ssh 'cat /sys/kernel/uevent_seqnum; sysctl -a 2>/dev/null | grep -v "random\|nr_inodes\|inode-\|dentry-state\|file-nr\|aio-nr\|pty.nr\|ns_last_pid\|cdrom.info\|pids_\|\.stat\|oops_count\|warn_count\|sched"
		find /sys/fs/cgroup -type d | grep -v "user.slice\|session-\|init.scope/\|ssh.service/" | sort
		for f in /sys/block/*/ro /sys/block/*/size /sys/block/*/queue/scheduler /sys/power/state /sys/class/net/*/operstate; do echo "$f $(cat $f)"; done
		swapon --show --noheadings; cat /proc/modules | cut -d" " -f1 | sort; ip -o address | sed "s/valid_lft.*//"; ip route'
}
# Not the threads of the kernel, whose workers come and go.
processes() { vm_ssh 'ps -eo ppid,comm | grep -v "^ *2 \|sshd\|kworker\|systemd-userwor\|(sd-pam)\| ps$\| bash$\| grep$\|dropbear\| sort$\| uniq$" | sort | uniq -c'; }
rescue_files() { vm_ssh1022 'find / -xdev -type f ! -path "/run/*" ! -path "/tmp/*" -exec stat -c "%n %s %Y %a %u" {} + | sort; find / -xdev -type d | sort'; }

vm_boot 13
vm_wait running 60
# Who asks for every setting mounts binfmt_misc, and who asks for unix sockets, as ss does, has their module loaded.
vm_ssh 'sysctl -a >/dev/null 2>&1; modprobe unix_diag'
for part in mounts_of_all settings_of_kernel processes rescue_files inventory; do $part >"$vm_tmp/$part.1"; done
ok 'five times' vm_ssh1022 'for i in 1 2 3 4 5; do careen run preflight --yes && careen status && careen plan detach || exit; done >/dev/null'
for part in mounts_of_all settings_of_kernel processes rescue_files inventory; do
	$part >"$vm_tmp/$part.2"
	ok "$part says something" [ -s "$vm_tmp/$part.1" ]
	is "$(diff "$vm_tmp/$part.1" "$vm_tmp/$part.2" | head -20)" '' "$part: the same before and after"
done
# A jump through the machine's own sshd: Kill would end that.
jump() {
	local argv
	eval "argv=($(vm ssh-argv "$VM" 1022))"
	timeout 120 "${argv[@]:0:${#argv[@]}-1}" -o ProxyCommand="$vm_here/vm ssh $VM 'exec 3<>/dev/tcp/127.0.0.1/1022; cat <&3 & cat >&3; kill \$!'" \
		root@127.0.0.1 "$@" </dev/null
}
like "$(jump 'careen run detach --yes; echo status $?' 2>&1 | tr '\n' ' ')" 'comes from this machine itself.*status 3' \
	'who jumps through the sshd that Kill ends is told so, and goes no further'
is "$(vm_ssh1022 'ls /oldroot | wc -l')" 0 'nothing is mounted on /oldroot'
is "$(vm_ssh systemctl --failed --no-legend --plain)" '' 'no failed unit'
done_testing
