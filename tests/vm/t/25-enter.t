#!/bin/bash
# The route without preparation: an untouched Debian with its stock initramfs, careen
# installed into it while it runs; careen enter, trips, careen leave. No reboot anywhere.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../enter.sh"

begin 13
before=$(state)
like "$(vm_ssh 'careen run detach --yes' 2>&1)" 'careen enter makes one' 'without a rescue: says how to make one'
like "$(vm_ssh 'careen leave --yes; echo status $?' 2>&1)" 'status 4' 'nothing to leave'
like "$(vm_ssh 'careen enter --yes; echo status $?' 2>&1 | tr '\n' ' ')" 'no key in /etc/careen/authorized_keys.*status 1' \
	'without a key nobody could log in: refused'
vm_ssh 'careen leave --yes' >/dev/null 2>&1
ok 'keys' keys_in
vm_ssh 'mkdir /dev/shm/full; mount -t tmpfs -o size=100% x /dev/shm/full
	head -c "$(awk "/^MemAvailable:/ { print (\$2 - 90000) * 1024 }" /proc/meminfo)" /dev/zero >/dev/shm/full/x'
like "$(vm_ssh 'careen enter --yes; echo status $?' 2>&1 | tr '\n' ' ')" 'of RAM, and .* are available.*status 1' 'too little memory: refused'
vm_ssh 'umount /dev/shm/full; rmdir /dev/shm/full'
is "$(state)" "$before" 'and nothing has changed'

ok 'careen enter' vm_ssh 'careen enter --yes'
like "$(vm_ssh 'careen enter --yes; echo status $?' 2>&1)" 'status 4' 'once is enough'
weight=$(rescue_ram bytes)
ok "no more than 24 MB of RAM: $weight" test "$weight" -gt 1000000 -a "$weight" -le $rescue_limit
ok 'the console in the tree' op_console
client=$(con_pid)
con_shot enter-overview-80x24
is "$(vm_ssh systemctl is-system-running)" running 'the system does not mind'
is "$(cgroups)" rw,nsdelegate,memory_recursiveprot 'its control groups have their options'
like "$(vm_ssh1022 'careen status')" 'Root +ok +ext4 on /dev/vda1' 'the rescue sees the system around it'
vm_ssh1022 'head -c 67108864 /dev/zero >/proc/1/root/swapfile; chmod 600 /proc/1/root/swapfile
	mkswap /proc/1/root/swapfile' >/dev/null 2>&1
ok 'a swap file' vm_ssh 'swapon /swapfile'
ok 'preflight, at the console' op_step 1
is "$(vm_ssh systemctl is-system-running)" running 'the trial has no side effect'
is "$(vm_ssh 'findmnt -no TARGET /usr/lib/systemd/systemd')" '' 'and leaves nothing mounted'
ok 'detach' op_step 2
is "$(fact_pid1)" /usr/lib/careen/stub 'PID 1 is the stub'
ok 'kill' op_step 3
ok 'unmount' op_step 4
ok 'the proof is green' con_wait '/dev/vda1 is clean: no mount in any namespace'
ok 'the kernel agrees' fact_disk_free
is "$(vm_ssh1022 'e2fsck -f -p /dev/vda1 >/dev/null 2>&1; echo $?')" 0 'e2fsck in the rescue'
ok 'modules load from the tree' vm_ssh1022 'modprobe xfs && grep -qw xfs /proc/filesystems'
ok 'resume' op_step 6 300
is "$(con_pid)" "$client" 'one ssh session through all of it'
ok 'which lives' con_alive
runs 'first trip'
vm_ssh 'rm /swapfile'
con_close
ok 'the operator leaves' eventually 20 op_no_viewer
ok 'and again, in the same tree' cli_trip
runs 'second trip'
like "$(vm_ssh 'ls /var/log/careen/*.log | wc -l')" '^2$' 'two transcripts'

ok 'careen leave, after trips' vm_ssh 'careen leave --yes'
runs 'left'
is "$(cgroups)" rw,nsdelegate,memory_recursiveprot 'left: the control groups, too'
ok 'the RAM has come back' test "$(shmem_mb)" -lt 12
is "$(vm_ssh 'grep -c /run/careen /proc/self/mountinfo; ls -d /run/careen 2>/dev/null')" 0 'nothing of it is mounted'
not_ok 'nobody listens on 1022' vm_ssh 'exec 3<>/dev/tcp/127.0.0.1/1022'

# Half done, both ways: PID 1 is taken by hand, as a job that was killed would leave it.
half() {
	vm_ssh 'mount --bind /run/careen/usr/lib/careen/escape /usr/lib/systemd/systemd && kill -TERM 1'
	eventually 20 eval '[ "$(fact_pid1)" = /usr/lib/careen/stub ]' &&
		vm_ssh1022 'nsenter --target $(pidof cron) --root --mount umount -l /usr/lib/systemd/systemd'
}
ok 'entered again' vm_ssh 'careen enter --yes'
ok 'PID 1 is in RAM, the old root is not aside' half
like "$(vm_ssh1022 'careen status')" 'Detach +ready +Half done: PID 1 is in RAM' 'which status says'
like "$(vm_ssh1022 'careen status')" 'Kill +not yet' 'kill waits for it'
ok 'resume from there' cli resume
runs 'half way and back'
ok 'half way again' half
ok 'detach goes on from there' cli detach
like "$(vm_ssh1022 'careen status')" 'Detach +done' 'and is done'
ok 'kill and unmount' eval 'cli kill && cli unmount'
ok 'resume' cli resume
runs 'half way and on'
done_testing
