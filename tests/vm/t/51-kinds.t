#!/bin/bash
# One holder of each kind on a real system: named with its word, its way out in the plan,
# the proof green afterwards. tests/holders/hold.c makes them.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

release=${1:-13}
make -s -C "$vm_src" build/tests/holders/hold || bail 'no hold'
vm_boot "$release"
boot_id=$(fact_boot_id vm_ssh)
vm_wait running 60
ok 'hold is there' vm_ssh_in 'cat >/root/hold && chmod 755 /root/hold' <"$vm_src/build/tests/holders/hold"

# hold KIND [DIR]: made, and it says so itself
hold() {
	ok "made: $1" vm_ssh "setsid /root/hold $1 ${2:-/srv} >/run/hold.$1 2>&1 </dev/null &
		for i in \$(seq 100); do grep -q ready /run/hold.$1 && exit; sleep 0.1; done
		cat /run/hold.$1; exit 1"
}
vm_ssh 'modprobe -a nfsd overlay binfmt_misc loop dm-mod md-mod raid1 dummy
	cp /root/hold /srv/interpreter; mkdir -p /srv/low /srv/up /srv/work /srv/merged /srv/frozen'
for kind in map sock netns scm backlog uring fanotify root container respawn nfsd mountns; do hold $kind; done
ok 'made: binfmt_misc' vm_ssh 'ls /proc/sys/fs/binfmt_misc >/dev/null; exec /root/hold binfmt /srv'
ok 'made: overlay, loop, dm, md, swap, a frozen file system with a writer' vm_ssh 'set -e
	mount -t overlay none /srv/merged -o lowerdir=/srv/low,upperdir=/srv/up,workdir=/srv/work
	truncate -s 8M /srv/plain.img /srv/mirror.img
	losetup /dev/loop5 /srv/plain.img; losetup /dev/loop6 /srv/mirror.img
	/root/hold dm /dev/loop5; /root/hold md /dev/loop6
	dd if=/dev/zero of=/srv/swapfile bs=1M count=16 status=none; chmod 600 /srv/swapfile
	mkswap -q /srv/swapfile; swapon /srv/swapfile
	truncate -s 16M /srv/frozen.img; mkfs.ext4 -q /srv/frozen.img; mount -o loop /srv/frozen.img /srv/frozen
	fsfreeze -f /srv/frozen
	setsid dd if=/dev/zero of=/srv/frozen/file bs=4k count=1 >/dev/null 2>&1 </dev/null &'
# What does not hold: a watch, an audit rule, process accounting, modules. All but the
# first stay until the proof, which would not be green.
for kind in inotify audit acct; do hold $kind; done
quiet=$(vm_ssh 'sed "s/ready //" /run/hold.inotify')

ok 'the console' op_console -x 150 -y 50
con_keys Tab; con_keys Tab
while read -r word; do
	ok "holders: $word" con_wait "$word" 20
done <<'END'
sock cwd root exe fd map +hold +unix socket sock .*TERM
scm cwd root exe fd map +hold +1 descriptor .*TERM
uring cwd root exe fd .*hold +io_uring file .*TERM
fanotify cwd root exe .*hold +fanotify .*TERM
ns +hold-in .*TERM
cwd root exe fd map +hold-(guard|twin) .*TERM
swap swap +/srv/swapfile .*swapoff
loop5 +/srv/plain.img .*detach
dm dm-0 +careen-ho.* on loop5 .*dmsetup
md md127 +md127 on loop6 .*mdadm
overlay /srv/merged +layer /srv/low .*umount
mountns mnt:.*/srv.ns/pin .*umount
nfsd careen-hold +/srv .*exportfs
binfmt careen-hold +/srv/interpreter .*remove
END
con_shot holders-kinds-150x50
unlike "$(vm_ssh1022 'careen status --json' | tr '{' '\n' | grep "\"pid\": *$quiet,")" \
	'sock|scm|uring|fanotify' 'an inotify watch is none of them'

ok 'detach' op_step 2
op_choose 3
ok 'the plan of Kill' op_plan
con_keys Enter
ok 'one that cannot die is named, with its state' con_wait 'dd \(state D\): it writes to a frozen' 90
ok 'and what would end it' con_wait 'fsfreeze -u|sysrq-trigger' 5

# Who starts another again and again need not be a holder, so it is not killed, but named.
vm_ssh1022 'cd /; setsid sh -c "while :; do (cd /oldroot/srv; exec sleep 1000003); done" >/dev/null 2>&1 </dev/null &
	echo $! >/tmp/again
	until ls -l /proc/[0-9]*/cwd 2>/dev/null | grep -q " /oldroot/srv$"; do sleep 0.1; done
	echo j >/proc/sysrq-trigger'
con_keys r
ok 'thawed, again: the plan is made anew' con_wait 'Enter runs it' 30
con_keys Enter
ok 'who starts them again is named' con_wait 'pid [0-9]+ sh starts processes again' 120
vm_ssh1022 'kill $(cat /tmp/again)'
con_keys r
ok 'without it: the plan is made anew' con_wait 'Enter runs it' 30
con_keys Enter
ok 'and nobody is left, respawning or not' con_wait '✓ All done' 60
is "$(vm_ssh1022 'for p in /proc/[0-9]*/comm; do cat $p; done 2>/dev/null' | grep -c '^hold')" 0 'none of them lives'

# One that nothing in /proc shows: from the rescue, so that it holds in no other way.
vm_ssh1022_in 'cat >/tmp/hold && chmod 755 /tmp/hold' <"$vm_src/build/tests/holders/hold"
ok 'made: one that nothing shows' vm_ssh1022 'cd /; setsid /tmp/hold unseen /oldroot/srv >/tmp/unseen 2>&1 </dev/null &
	for i in $(seq 100); do grep -q ready /tmp/unseen && exit; sleep 0.1; done; exit 1'
op_choose 4
ok 'the plan of Unmount' op_plan
ok 'stops the NFS server' con_wait 'stop the kernel.s NFS server' 5
ok 'forgets binfmt_misc' con_wait "forget binfmt_misc's careen-hold" 5
ok 'unmounts the overlay' con_wait 'unmount /srv/merged' 5
ok 'removes the map' con_wait 'remove dm-0 .careen-hold on loop5' 5
ok 'stops the mirror' con_wait 'stop md127' 5
ok 'and unmounts the namespace' con_wait 'unmount /srv.ns/pin' 5
con_keys Enter
ok 'what nothing shows is not "nothing"' con_wait 'held by the kernel, unseen' 90
vm_ssh1022 'kill $(sed "s/ready //" /tmp/unseen)'
con_keys r
ok 'again: the plan is made anew' con_wait 'Enter runs it' 30
con_keys Enter
ok 'the proof is green' con_wait '✓ All done' 90
ok 'for the partition' con_wait '/dev/vda1 is clean: no mount in any namespace' 5
ok 'as the kernel says' fact_disk_free
ok 'resume' op_step 6 300
is "$(vm_ssh systemctl is-system-running)" running 'the system runs'
is "$(vm_ssh systemctl --failed --no-legend --plain)" '' 'no failed unit'
is "$(fact_boot_id vm_ssh)" "$boot_id" 'the same boot'
done_testing
