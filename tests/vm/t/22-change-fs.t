#!/bin/bash
# check-long: the root becomes xfs, then btrfs: in the same boot, and after a cold one by its own GRUB.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../files.sh"
. "$(dirname "$0")/../tools.sh"

change() { vm_ssh1022 "careen run repair --device vda1 --tool change-fs --set fs=$1 --set via=vdb --confirm $token ${*:2}" 2>&1; }
# The word to confirm is of the plan, which says it to who has another one.
token() { token=$(change "$1" 2>&1 | sed -n 's/^To confirm, type \([^ ]*\) .*/\1/p'); }

# to FS: from the rescue, with the files on the second disk meanwhile
to() {
	was=${fs:-ext4} fs=$1
	what="Debian $release, $was to $fs"
	boot_id=$(fact_boot_id vm_ssh)
	off
}

# again: the system is back, from a cold boot, too, and its root has its label
again() {
	back
	is "$(label)" "$label" "$what: the root has its label"
}

# an initramfs is made in it, emulated
VM_TIMEOUT=1800 TOOLS_AT=keys TOOLS_WAIT=1800
release=${CAREEN_RELEASE:-13} token=none
what="Debian $release"
vm_boot "$release" --flavour grub
ok "$what: files of every kind" eval 'prepare && vm_ssh "chattr +i /root/acl"'
ok "$what: GRUB on the disk" vm_ssh 'grub-install /dev/vda && update-grub && sync' || bail "$what: cannot go on"
uuid=$(vm_ssh findmnt -no UUID /)
label() { vm_ssh 'blkid -p -o value -s LABEL /dev/vda1 | od -c'; }
ok "$what: a label that reads like a line of the journal" vm_ssh "e2label /dev/vda1 \$'rt\\ndone 1'"
label=$(label)
like "$label" 'd   o   n   e' "$what: it is there"
before=$(inventory)
ok "$what: a second disk" vm_disk2 2G

to xfs
ok "$what: a file system on the second disk" \
	vm_ssh1022 'careen run repair --device vdb --tool ext4-make --confirm vdb-0002'
out=$(change ntfs)
is $? 2 "$what: a file system that nobody knows is refused"
token xfs
ok "$what: it begins" change xfs --detach
ok "$what: it is stopped while it restores" \
	vm_ssh1022 'careen log --follow | grep -qm1 "running: restore" && careen stop'
eventually 30 eval '! vm_ssh1022 "careen status --json" | grep -q "\"running\":true"'
out=$(change btrfs)
is $? 2 "$what: it cannot go on as another"
like "$out" 'begun with another answer' "$what: it says why"
out=$(change xfs)
is $? 0 "$what: it goes on" || bail "$out"
like "$out" 'done before' "$what: from where it was"
unlike "$out" 'save its files' "$what: nothing is saved from a half-restored root"
again

to btrfs
ok "$what: the console" op_console
tools_run <<END || bail 'cannot go on'
WORD=$token 0 vda1 change-fs --set fs=btrfs --set via=vdb | All done
END
con_close
again

to ext4
out=$(change ext4)
is $? 0 "$what: it is changed" || bail "$out"
again
vm_stop
done_testing
