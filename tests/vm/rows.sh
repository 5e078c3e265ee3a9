# rows.sh - a line for every row of the tools table, on good and on damaged file systems; after
# tools.sh, which runs them at the command line (91-tools-all) or at the keys (94-tools-keys).
# It wants a second disk of 3 GiB, serial CAREEN0002.

rows_ext() {
what='table, ext4'
tools_run <<'END'
! printf 'label: gpt\nsize=100M,name=ext\nsize=32M\n' | sfdisk -q /dev/vdb
0 vdb table-check | the table is good
0 vdb table-save --set dst=/tmp/table | the table was saved
1 vdb table-save --set dst=/tmp/table | is there already
! dd if=/dev/zero of=/dev/vdb bs=512 seek=$(($(blockdev --getsz /dev/vdb) - 1)) count=1 2>&1
1 vdb table-check | one of the two copies
0 vdb table-restore --set src=/tmp/table | the kernel has read it
0 vdb table-check | the table is good
0 vdb1 ext4-make --set label=data | the file system was made
0 vdb1 ext4-check | the file system is good
! debugfs -w -R 'sif lost+found links_count 5' /dev/vdb1 2>&1
1 vdb1 ext4-check | has errors
0 vdb1 ext4-fix | found and corrected
0 vdb1 ext4-minimum | Estimated minimum
1 vdb1 ext4-shrink --set size=1M | not changed
0 vdb1 ext4-shrink --set size=50M | is now
0 vdb1 ext4-grow | it has its new size
1 vdb1 ext4-label --set label=thislabelistoolongforit | has not taken it
! dd if=/dev/zero of=/dev/vdb1 bs=1k seek=1 count=1 2>&1
0 vdb1 ext4-super | found and corrected
0 vdb2 swap-make --set label=swap | it was done
END
}

rows_all() {
what=table
tools_run <<'END'
! printf 'label: gpt\nsize=100M\nsize=400M\nsize=300M\nsize=64M\nsize=128M\nsize=32M\nsize=64M\nsize=64M\nsize=64M\nsize=64M\nsize=64M\nsize=400M\n' | sfdisk -q /dev/vdb
END

what=ext4
tools_run <<'END'
0 vdb1 ext4-make --set label=data | the file system was made
0 vdb1 ext4-repair | the file system is good
0 vdb1 ext4-label --set label=fresh | it was changed
0 vdb1 ext4-uuid --set uuid=12345678-1234-1234-1234-123456789012 | it was changed
0 vdb table-reread | the kernel has read the table
0 vdb12 part-grow | the kernel has read it
! test $(cat /sys/class/block/vdb12/size) -gt 2000000
END

what=xfs
tools_run <<'END'
0 vdb2 xfs-make --set label=data | the file system was made
0 vdb2 xfs-check | the file system is good
0 vdb2 xfs-label --set label=fresh | it has come to its end
1 vdb2 xfs-label --set label=thislabelistoolong | has not taken it
0 vdb2 xfs-uuid --set uuid=12345678-1234-1234-1234-123456789013 | it has come to its end
# a copy of it while it is mounted: with a journal
! mkdir -p /mnt; mount -t xfs /dev/vdb2 /mnt; cp /usr/bin/busybox /mnt/a; sync; echo b >/mnt/b; sync; dd if=/dev/vdb2 of=/dirty bs=1M 2>&1; umount /mnt
! dd if=/dirty of=/dev/vdb2 bs=1M 2>&1
1 vdb2 xfs-repair | must be replayed first
0 vdb2 xfs-replay | which replayed its journal
! test ! -e /run/careen/work/a && ! grep -q vdb2 /proc/mounts
0 vdb2 xfs-repair | the file system is good
! dd if=/dirty of=/dev/vdb2 bs=1M 2>&1
0 vdb2 xfs-zero-log | the file system is good
! xfs_db -x -c 'sb 0' -c 'write -d icount 12345' /dev/vdb2; rm /dirty
1 vdb2 xfs-check | has errors
0 vdb2 xfs-repair | the file system is good
! dd if=/dev/zero of=/dev/vdb2 bs=4k count=1 2>&1
0 vdb2 xfs-super | the file system is good
! mkfs.xfs -q -f -d size=300m /dev/vdb2
0 vdb2 xfs-grow | data blocks changed
END

what=btrfs
tools_run <<'END'
0 vdb3 btrfs-make --set label=data | the file system was made
0 vdb3 btrfs-check | the file system is good
0 vdb3 btrfs-check-lowmem | the file system is good
0 vdb3 btrfs-label --set label=fresh | it was changed
0 vdb3 btrfs-uuid --set uuid=12345678-1234-1234-1234-123456789014 | it was changed
0 vdb3 btrfs-shrink --set size=280M | it was changed
1 vdb3 btrfs-shrink --set size=1M | not changed
0 vdb3 btrfs-grow | it was changed
0 vdb3 btrfs-zero-log | the file system is good
0 vdb3 btrfs-scrub | as their checksums say
# the superblock
! dd if=/dev/zero of=/dev/vdb3 bs=4k seek=16 count=1 2>&1
0 vdb3 btrfs-super | recovered
0 vdb3 btrfs-repair | the file system is good
# one copy of the metadata: the other is good; then data, of which there is one copy
! mkfs.btrfs -q -f -m dup -d single /dev/vdb3; dd if=/dev/urandom of=/dev/vdb3 bs=1M seek=66 count=20 2>&1
0 vdb3 btrfs-scrub | Corrected: +[1-9]
! mount -t btrfs /dev/vdb3 /mnt; dd if=/dev/urandom of=/mnt/a bs=1M count=100 2>&1; umount /mnt
! dd if=/dev/urandom of=/dev/vdb3 bs=1M seek=120 count=60 2>&1
1 vdb3 btrfs-scrub | errors are left that no good copy can correct
END

what='vfat, f2fs, swap'
tools_run <<'END'
0 vdb4 vfat-make --set label=DATA --set volume=12345678 | the file system was made
0 vdb4 vfat-check | the file system is good
! mount -t vfat /dev/vdb4 /mnt; cp /usr/bin/busybox /mnt/a; umount /mnt
# in the first of its two tables
! dd if=/dev/urandom of=/dev/vdb4 bs=512 seek=10 count=1 2>&1
1 vdb4 vfat-check | has errors
0 vdb4 vfat-fix | the file system is good
0 vdb4 vfat-salvage | the file system is good
0 vdb4 vfat-label --set label=FRESH | it was changed
0 vdb4 vfat-uuid --set volume=87654321 | it was changed
0 vdb5 f2fs-make --set label=data | the file system was made
0 vdb5 f2fs-check | the file system is good
0 vdb5 f2fs-label --set label=fresh | it was changed
! mkfs.f2fs -q -f -w 512 /dev/vdb5 $((80 * 2048))
0 vdb5 f2fs-grow | the file system is good
# both copies of its segment information table
! dd if=/dev/zero of=/dev/vdb5 bs=4k seek=1536 count=1024 2>&1
1 vdb5 f2fs-check | has errors
0 vdb5 f2fs-fix | the file system is good
0 vdb6 swap-make --set label=swap | it was done
0 vdb6 swap-check | LABEL: swap
0 vdb6 swap-label --set label=fresh | it was done
0 vdb6 swap-uuid --set uuid=12345678-1234-1234-1234-123456789015 | it was done
END

what=LUKS
tools_run <<'END'
! printf 'open sesame' >/tmp/key; printf 'close sesame' >/tmp/wrong
0 vdb7 luks-make --key-file /tmp/key | it was done
0 vdb7 luks-check | the header can be read
0 vdb7 luks-label --set label=fresh | it was done
0 vdb7 luks-uuid --set uuid=12345678-1234-1234-1234-123456789016 | it was done
0 vdb7 luks-save --set dst=/tmp/header | it was done
1 vdb7 luks-open --set as=box --key-file /tmp/wrong | no key of it is opened
0 vdb7 luks-open --set as=box --key-file /tmp/key | it was done
0 vdb7 luks-check | the header can be read
3 vdb7 luks-fix | is in use
0 box luks-grow --key-file /tmp/key | it was done
0 box luks-close | it was done
# the first header, then both
! dd if=/dev/zero of=/dev/vdb7 bs=4k count=1 2>&1
0 vdb7 luks-fix | the header can be read
! dd if=/dev/zero of=/dev/vdb7 bs=4k count=20 2>&1
0 vdb7 luks-restore --set src=/tmp/header | the header can be read
END

what=LVM
tools_run <<'END'
0 vdb8 pv-make | it was done
! lvm vgcreate -q vg0 /dev/vdb8; lvm lvcreate -q -y -Wn -Zn -n lv -L 16M vg0; lvm vgcfgbackup -f /tmp/vg vg0
0 vdb8 pv-check | can be read
0 vdb8 pv-save --set dst=/tmp/pv | it was done
0 vg0-lv vg-check | it was done
0 vg0-lv lv-shrink --set size=12M | it was done
0 vg0-lv lv-grow | it was done
0 vdb8 pv-grow | it was done
0 vg0-lv lv-close | it was done
0 vdb8 pv-open | it was done
! lvm vgchange -q -an vg0; dd if=/dev/zero of=/dev/vdb8 bs=512 seek=8 count=1 2>&1
1 vdb8 pv-check | has errors
0 vdb8 pv-restore --set src=/tmp/vg | can be read
END

what=md
tools_run <<'END'
! mdadm -q --create /dev/md0 --run --level=1 --raid-devices=2 --assume-clean --metadata=1.2 /dev/vdb9 /dev/vdb10 2>&1
0 vdb9 md-examine | Raid Level
0 md0 md-detail | Raid Level
0 md0 md-check | the same
0 md0 md-close | it was done
! dd if=/dev/urandom of=/dev/vdb10 bs=1M seek=10 count=1 2>&1
0 vdb9 md-open | it was done
1 md0 md-check | not the same
WORD=md0-0002 0 md0 md-repair | are the same
WORD=md0-0002 0 md0 md-grow | it was done
! mdadm -q --manage /dev/md0 --fail /dev/vdb10 --remove /dev/vdb10; mdadm --zero-superblock /dev/vdb10
0 vdb10 md-add --set array=/dev/md0 | it was done
! mdadm --wait /dev/md0 || :
0 md0 md-close | it was done
END
}

rows_copies() {
what=copies
tools_run <<'END'
! rm -f /tmp/all.zst; yes careen | head -c 33554432 >/dev/vdb6; head -c 1048576 /dev/zero >/dev/vdb11; sha256sum </dev/vdb6 >/tmp/sum
0 vdb11 copy-onto --set src=/dev/vdb6 | read back
! head -c 33554432 /dev/vdb11 | sha256sum | cmp - /tmp/sum; head -c 33554432 /dev/zero >/dev/vdb11
0 vdb11 rescue-onto --set src=/dev/vdb6 | could be read
! head -c 33554432 /dev/vdb11 | sha256sum | cmp - /tmp/sum; head -c 33554432 /dev/zero >/dev/vdb11
0 vdb6 save-image --set dst=/tmp/all.zst | read back
1 vdb6 save-image --set dst=/tmp/all.zst | File exists
0 vdb11 write-image --set src=/tmp/all.zst | read back
! head -c 33554432 /dev/vdb11 | sha256sum | cmp - /tmp/sum
0 vdb11 wipe-zero | read back: zero
! ! head -c 67108864 /dev/vdb11 | tr -d '\0' | grep -q .
0 vdb6 wipe-discard | read back: zero
END
}
