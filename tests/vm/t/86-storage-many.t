#!/bin/bash
# check-long: The machine that people have, all of it at once (flavours/many): a green proof for
# every device, each file system checked; every mount, swap and file is there again as it was. Its
# NFS server dies meanwhile, with a reader waiting for it.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../storage.sh"

# All of it, pseudo file systems too; not what belongs to a login or to a start of a service, nor
# which loop device is which. An overlay says uuid=on at the first mount of a new upper layer only
# [fs/overlayfs/util.c ovl_init_uuid_xattr()].
mounted() {
	vm_ssh "findmnt -rn -o TARGET,SOURCE,FSTYPE,FSROOT,OPTIONS,PROPAGATION |
		grep -v '^/run/\(user\|credentials\|netns\)' |
		sed 's/loop[0-9]*/loop/; s/,\(fd\|pipe_ino\)=[0-9]*//g; s/,uuid=on//' | sort
		swapon --show=NAME,SIZE,PRIO --noheadings --raw | sort"
}
sums() { vm_ssh "cat /ballast/* /*/ballast /usr/share/ballast /boot/efi/ballast /mnt/img/ballast /srv/merged/ballast |
	md5sum; find /boot /etc /usr/sbin /home -xdev -type f | sort | xargs -d'\n' md5sum | md5sum"; }
far() { vm_ssh 'ls /mnt/far'; }

storage_boot "${1:-13}" many
is "$(far)" file "$what: the server answers"
vm_ssh 'mkdir /ballast
	for f in /ballast/x /usr/share/ballast /var/ballast /home/ballast /boot/ballast /boot/efi/ballast /mnt/img/ballast /srv/merged/ballast; do
		head -c 300000 /dev/urandom >$f; done; sync'
files=$(sums)
is "$(vm_ssh 'swapon --show=NAME --noheadings | wc -l')" 3 "$what: three kinds of swap"
# it is switched off; whoever wants something from it waits
ok "$what: its server dies" vm_ssh 'ip -n far address del 10.9.9.2/24 dev far1
	setsid cat /mnt/far/none >/dev/null 2>&1 </dev/null &'
storage_off
is "$(proofs "$out")" "$devices" "$what: the proof is green for every device"
ok "$what: the kernel agrees: the partition table can be read anew" eventually 10 vm_ssh1022 blockdev --rereadpt /dev/vda
for n in 2 4 5 6 7; do
	ok "$what: the file system on vda$n is good" vm_ssh1022 "e2fsck -f -n /dev/vda$n"
done
ok "$what: EFI's, too" vm_ssh1022 'fsck.vfat -n /dev/vda1'
ok "$what: resume" careen_run resume || bail "$what: cannot go on"
ok "$what: the server answers again" eventually 30 eval '[ "$(far)" = file ]'
storage_back
is "$(sums)" "$files" "$what: the same files"
done_testing
