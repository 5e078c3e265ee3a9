#!/bin/bash
# Holders that do not let go by themselves: each is named, and Unmount says what is left.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

vm_boot 12
boot_id=$(fact_boot_id vm_ssh)
vm_wait running 60
ok 'the holders are made' vm_ssh 'set -e
	systemd-run --unit=stubborn bash -c "trap \"\" TERM; exec -a stubborn-one sleep 1000000" 
	systemd-run --unit=apart unshare -m sleep 1000001
	truncate -s 8M /srv/plain.img /srv/mounted.img; mkfs.ext4 -q /srv/mounted.img
	mount -o loop /srv/mounted.img /mnt
	losetup /dev/loop5 /srv/plain.img
	dd if=/dev/zero of=/swapfile bs=1M count=32 status=none; chmod 600 /swapfile
	mkswap -q /swapfile; swapon /swapfile; echo "/swapfile none swap sw 0 0" >>/etc/fstab'
apart=$(vm_ssh 'systemctl show -P MainPID apart')

ok 'the console' op_console -x 132 -y 43
op_choose 2
ok 'the plan of Detach stops swapping first' op_plan && con_wait 'stop swapping to /swapfile' 5
con_keys Escape
con_keys Tab; con_keys Tab
ok 'holders: a namespace of its own is seen' con_wait "^.* $apart .* ns +.*sleep" 20
ok 'holders: the loop device and its file' con_wait 'loop5 .*/srv/plain.img' 10
ok 'holders: the mounted one, too' con_wait 'loop[0-9]+ .*/srv/mounted.img' 10
ok 'holders: the swap file' con_wait 'swap.*/swapfile' 10
ok 'detach' op_step 2
is "$(vm_ssh1022 'wc -l </proc/swaps')" 1 'nothing is swapped to the disk any more'
ok 'kill' op_step 3
ok 'who ignored TERM is named' con_wait 'did not end on TERM: KILL' 10
is "$(vm_ssh1022 "ls -d /proc/$apart 2>/dev/null")" '' 'the one in another namespace is gone'

# Between plan and act somebody comes: a loop device, and a shell that sits there.
op_choose 4
ok 'the plan of Unmount' op_plan
ok 'detaches the loop devices where their turn is' con_wait 'detach loop5' 10
vm_ssh1022 'losetup /dev/loop6 /oldroot/srv/plain.img
	(cd /oldroot/srv; exec setsid sleep 1000002 >/dev/null 2>&1 </dev/null) & sleep 0.1'
con_keys Enter
ok 'Unmount fails' con_wait '✗|Stopped at' 60
ok 'and names who sits there' con_wait 'sleep.*cwd' 10
ok 'and the loop device with its file' con_wait 'loop6.*plain.img' 10
ok 'with what can be done' con_wait 'r tries again' 10
vm_ssh1022 'losetup -d /dev/loop6; kill $(ps -eo pid,args | awk "/[s]leep 1000002/ { print \$1 }")'
con_keys r
ok 'again: the plan is made anew' con_wait 'Enter runs it' 30
con_keys Enter
ok 'and the disk comes free' con_wait '✓ All done' 60
ok 'as the kernel says' fact_disk_free
ok 'resume' op_step 6 300
is "$(vm_ssh systemctl is-system-running)" running 'the system runs'
is "$(vm_ssh systemctl --failed --no-legend --plain)" '' 'no failed unit'
is "$(fact_boot_id vm_ssh)" "$boot_id" 'the same boot'
like "$(vm_ssh cat /proc/swaps)" /swapfile 'it swaps again'
done_testing
