#!/bin/bash
# check-long: the root becomes xfs, and its files are with the operator meanwhile: four passes over ssh.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../files.sh"

change() { vm_ssh1022_in 'careen run repair --device vda1 --tool change-fs --set fs=xfs --set via=ssh --confirm vda1-0001'; }
plan_of_pass() { vm_ssh1022 'careen plan repair --device vda1 --tool change-fs --set fs=xfs --set via=ssh' 2>&1; }
fstype() { vm_ssh1022 'blkid -p -o value -s TYPE /dev/vda1'; }

VM_TIMEOUT=1800
release=${CAREEN_RELEASE:-13}
what="Debian $release"
tar=$vm_tmp/root.tar
vm_boot "$release" --flavour grub
ok "$what: files of every kind" eval 'prepare && vm_ssh "chattr +i /root/acl"'
ok "$what: GRUB on the disk" vm_ssh 'grub-install /dev/vda && update-grub && sync' || bail 'cannot go on'
uuid=$(vm_ssh findmnt -no UUID /)
boot_id=$(fact_boot_id vm_ssh)
before=$(inventory)
off

ok 'the files are sent' eval 'change </dev/null >$tar 2>$vm_tmp/said' || bail "$(tail "$vm_tmp/said")"
ok 'they are a tar archive' eval 'tar -tf $tar | grep -qx ./root/sparse'
head -c "$(($(stat -c %s "$tar") / 2))" "$tar" >"$tar.half"
out=$(change <"$tar.half" 2>&1)
isnt $? 0 'half of it is not believed'
like "$out" 'give it the same file' 'and what is wanted is said'
is "$(fstype)" ext4 'nothing was written'
out=$(change <"$tar" 2>&1)
is $? 0 'the whole of it is compared with the root' || bail "$out"
is "$(fstype)" ext4 'still nothing was written'

# The operator's ssh dies while the files come back.
change <"$tar" >"$vm_tmp/cut" 2>&1 &
ok 'while they do' eventually 180 vm_ssh1022 'test -e /run/careen/mnt/usr/bin'
ok 'the connection is cut' pkill -KILL -f "^ssh .*via=ssh"
wait $!
ok 'the restore ends with it' eventually 60 eval '! vm_ssh1022 "careen status --json" | grep -q "\"running\":true"'
like "$(plan_of_pass)" 'make the new file system' 'and begins anew'
out=$(vm_ssh1022 'careen run resume --yes' 2>&1)
isnt $? 0 'a root of half the files is not resumed into'
out=$(change <"$tar" 2>&1)
is $? 0 'the files are restored' || bail "$out"
is "$(fstype)" xfs 'on the new file system'
out=$(change <"$tar" 2>&1)
is $? 0 'and compared once more' || bail "$out"
like "$out" 'mend fstab' 'and the system learns it'

fs=xfs
back
done_testing
