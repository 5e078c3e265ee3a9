#!/bin/bash
# The VMs themselves: each Debian boots, without careen and with it, and is content.
. "$(dirname "$0")/../lib.sh"

for release in ${CAREEN_RELEASES:-12 13}; do
	for kind in base careen; do
		what="Debian $release, $kind"
		if [ $kind = base ]; then vm_boot "$release" --base; else vm_boot "$release"; fi
		is "$(vm_ssh systemctl is-system-running)" running "$what: running"
		is "$(vm_ssh '. /etc/os-release; echo $VERSION_ID')" "$release" "$what: the right release"
		is "$(vm_ssh systemctl --failed --no-legend --plain)" '' "$what: no failed unit"
		is "$(vm_ssh cat /sys/block/vda/serial)" CAREEN0001 "$what: the disk has its serial"
		is "$(vm_ssh findmnt -no SOURCE,FSTYPE / | tr -s ' ')" '/dev/vda1 ext4' "$what: root on the first partition"
		n=$(vm_ssh 'readlink /proc/[0-9]*/ns/mnt | sort -u | grep -vxc "$(readlink /proc/1/ns/mnt)"')
		ok "$what: services with mount namespaces of their own ($n)" test "$n" -ge 2
		if [ $kind = careen ]; then
			ok "$what: the rescue answers on port 1022" vm_wait ssh1022 60
			is "$(vm_ssh1022 'cat /proc/sys/kernel/random/boot_id')" \
				"$(vm_ssh 'cat /proc/sys/kernel/random/boot_id')" "$what: it is the same kernel"
		fi
		vm_stop
	done
done

# The tools themselves, on the last VM: a second disk, a snapshot, a terminal.
vm_boot 13 --base --disk2 256M
ok 'a second disk is there' vm_ssh 'udevadm wait -t 60 /dev/disk/by-id/virtio-CAREEN0002'
vm_ssh 'echo before >/root/mark; sync'
ok 'snapshot' vm_savevm one
vm_ssh 'echo after >/root/mark; sync'
ok 'back to the snapshot' vm_loadvm one
ok 'ssh works after it' vm_wait ssh 60
is "$(vm_ssh cat /root/mark)" before 'the disk is as it was'
con_open -p 22
ok 'a terminal: a shell answers' con_wait 'root@db1' 60
con_type 'stty size; echo $TERM'; con_keys Enter
ok 'it has the size asked for' con_wait '^24 80'
ok 'and the right TERM' con_wait '^tmux-256color'
con_resize 100 30
con_type 'stty size'; con_keys Enter
ok 'a new size gets through' con_wait '^30 100'
con_kill_client
ok 'the client can be killed' eventually 5 eval '! con_alive'
done_testing
