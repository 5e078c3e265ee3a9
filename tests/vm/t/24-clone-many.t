#!/bin/bash
# check-long: many file systems, and two GiB copied and compared
# As 24-clone, of the disk that people have: EFI, /boot, swap, /usr, /home and /var apart, most of them
# named by label in fstab. Each must come from the new disk afterwards.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
export VM_TIMEOUT=900

# Every file system and swap that is in use, and the partition it is on.
used() { vm_ssh "{ findmnt -rno TARGET,SOURCE -t ext4,vfat | grep -v ' /dev/loop'; swapon --show=TYPE,NAME --noheadings --raw | grep '/dev/vd'; } | sort"; }
sums() { vm_ssh "find /boot /etc /usr/sbin /usr/lib/systemd /home -xdev -type f | sort | xargs -d'\\n' md5sum | md5sum"; }

vm_boot 13 --flavour many
ok 'a larger disk' vm_disk2 5G
boot_id=$(fact_boot_id vm_ssh)
before=$(used)
is "$(wc -l <<<"$before")" 8 'all of its seven partitions are in use, and a bind mount'
files=$(sums)
off
ok 'the console' op_console
ok 'the clone' op_repair vdb "Clone the root" vdb-0002 600
ok 'is done' con_wait '✓ All done' 5 || bail 'cannot go on'
ok 'resume' op_step 6 600 || bail 'cannot go on'
con_close
is "$(vm_ssh systemctl is-system-running)" running 'the system runs'
is "$(vm_ssh systemctl --failed --no-legend --plain)" '' 'no failed unit'
is "$(fact_boot_id vm_ssh)" "$boot_id" 'the same boot'
is "$(used)" "${before//vda/vdb}" 'all of it comes from the new disk'
is "$(vm_ssh 'ls /dev/disk/by-label | grep -ic "^was-"')" 6 'the old ones have other labels'
is "$(vm_ssh 'blkid -p -s UUID -o value /dev/vd[ab][1-7] | sort | uniq -d; blkid -p -s PART_ENTRY_UUID -o value /dev/vd[ab][1-7] | sort | uniq -d')" '' \
	'no UUID is there twice'
is "$(sums)" "$files" 'the same files'
done_testing
