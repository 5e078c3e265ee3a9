#!/bin/bash
# The VMs themselves: Debian boots with careen in it and is content; the tools work.
. "$(dirname "$0")/../lib.sh"

# One login for all questions: it costs seconds in emulation.
questions='
echo state=$(systemctl is-system-running)
echo failed=$(systemctl --failed --no-legend --plain)
echo release=$(. /etc/os-release; echo $VERSION_ID)
echo serial=$(cat /sys/block/vda/serial)
echo root=$(findmnt -no SOURCE,FSTYPE /)
echo namespaces=$(readlink /proc/[0-9]*/ns/mnt | sort -u | wc -l)
echo boot_id=$(cat /proc/sys/kernel/random/boot_id)'
answer() { sed -n "s/^$1=//p" <<<"$answers"; }

release=${1:-13}
what="Debian $release"
vm_boot "$release"
answers=$(vm_ssh "$questions")
is "$(answer state)" running "$what: running"
is "$(answer failed)" '' "$what: no failed unit"
is "$(answer release)" "$release" "$what: the right release"
is "$(answer serial)" CAREEN0001 "$what: the disk has its serial"
is "$(answer root)" '/dev/vda1 ext4' "$what: root is on the first partition"
ok "$what: services have mount namespaces of their own" test "$(answer namespaces)" -ge 3
ok "$what: the rescue answers on port 1022" vm_wait ssh1022 60
is "$(vm_ssh1022 'cat /proc/sys/kernel/random/boot_id')" "$(answer boot_id)" "$what: in the same kernel"
is "$(vm_ssh1022 'cat /proc/self/oom_score_adj; cd /run/careen
	for i in dropbear lifeline; do cat /proc/$(cat $i.pid)/oom_score_adj; done' | xargs)" \
	'0 -900 -1000' "$what: when memory runs out, what an operator started goes first"
like "$(vm_ssh1022 careen status)" '^Rescue +[0-9]+[.][0-9] MB in RAM' "$what: its weight is told"
# Every file of the rescue, but what is not in RAM or not a file: owner, mode.
is "$(vm_ssh1022 'cd /; stat -c "%a" root root/.ssh root/.ssh/authorized_keys etc/careen/dropbear etc/careen/dropbear/* run/careen .
	find . -xdev \( ! -user 0 -o ! -group 0 -o ! -type l -perm +6022 \)' | xargs)" \
	'700 700 600 700 600 600 700 700' "$what: the keys are root's alone, nothing is setuid or for others to write"
is "$(vm_ssh 'stat -L -c %a /boot/initrd.img-* /etc/careen /etc/careen/dropbear /etc/careen/dropbear/* | sort -u | xargs')" \
	'600 700' "$what: nor can others read the image"

# The tools: a snapshot, a second disk (a snapshot has none that was plugged in), a terminal.
vm_ssh 'echo before >/root/mark; sync'
ok 'snapshot' vm_savevm one
vm_ssh 'echo after >/root/mark; sync'
ok 'back to the snapshot' vm_loadvm one
ok 'ssh works after it' vm_wait ssh 60
is "$(vm_ssh cat /root/mark)" before 'the disk is as it was'
ok 'a second disk can be plugged in' vm_disk2 256M
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
