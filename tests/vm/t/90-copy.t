#!/bin/bash
# check-long: it takes 15 minutes in emulation
# Copying, images through the connection, bad sectors, wiping and the vault: what goes wrong on the
# way is told, what is true is told, and nothing is done twice.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

mib=$((1024 * 1024))
# run WORD...: careen run; its output and its status, for `like`
run() { vm_ssh1022 "careen run $* 2>&1; echo status \$?"; }
# image NAME < FILE: onto /dev/vdc through the connection, with more options
write() { vm_ssh1022_in "careen run write-image /dev/vdc --confirm vdc-0003 $* 2>&1; echo status \$?"; }
sum() { vm_ssh1022 "head -c $2 $1 | sha256sum" | cut -d' ' -f1; }
sum_here() { head -c "$1" "$image" | sha256sum | cut -d' ' -f1; }
fill() { vm_ssh1022 "tr '\\0' '\\$2' </dev/zero | dd of=$1 bs=1M count=$3 iflag=fullblock conv=nocreat 2>/dev/null; sync"; }
jobs() { vm_ssh1022 'ls /run/careen/jobs | grep -c "^[0-9]"'; }
# the latest job has ended; said REGEX: or has said that
ended() { vm_ssh1022 'careen log | head -n 1' | grep -Eqv ' running '; }
said() { vm_ssh1022 'careen log --json $(ls /run/careen/jobs | grep "^[0-9]" | tail -n 1)' | grep -Eq "$1"; }
# begun N: there are more than N jobs, and the latest is at its fourth operation, the copy
begun() { vm_ssh1022 "set -- \$(ls /run/careen/jobs | grep '^[0-9]'); [ \$# -gt $1 ] && shift \$((\$# - 1)) &&
	grep -q 'start	3	' /run/careen/jobs/\$1/events"; }
# throttle DISK BYTES: reads of it, a second; 0: as fast as it is
throttle() { vm qmp "$VM" block_set_io_throttle \
	"{\"id\":\"/machine/peripheral/vdisk$1/virtio-backend\",\"bps\":0,\"bps_rd\":$2,\"bps_wr\":0,\"iops\":0,\"iops_rd\":0,\"iops_wr\":0}"; }

vm_boot 13 --flavour copy
boot_id=$(fact_boot_id vm_ssh)
image=$vm_tmp/disk.img
ok 'a source, a target and a small disk' eval 'vm add-disk "$VM" 48M CAREEN0002 && vm add-disk "$VM" 64M CAREEN0003 &&
	vm add-disk "$VM" 16M CAREEN0004 && vm_ssh "modprobe -a dm-mod dm-crypt algif_skcipher xts; udevadm wait -t 60 /dev/vdb /dev/vdc /dev/vdd"'
off
# every MiB of the source is another one
ok 'something to copy' vm_ssh1022 'i=0; while [ $i -lt 48 ]; do printf "MiB %04d of the source\n" $i |
	dd bs=1M count=1 conv=sync of=/dev/vdb seek=$i 2>/dev/null; i=$((i + 1)); done; sync'
whole=$(sum /dev/vdb $((48 * mib)))

# --- refusals: nothing has happened, and it is said why
before=$(sum /dev/vdc $((64 * mib)))
out=$(run copy-onto /dev/vdc --set src=/dev/vdb --confirm vdc-0004)
like "$out" 'not the word of this plan' 'a wrong word'
like "$out" 'status 3' 'is refused'
like "$(run copy-onto /dev/vdd --set src=/dev/vdb --confirm vdd-0004)" 'smaller than the source.*at least 50331648 bytes' \
	'a target that is too small'
vm_ssh1022 'truncate -s 80M /tmp/large.img; head -c 100000 /dev/zero | gzip >/tmp/odd.img'
like "$(run write-image /dev/vdc --set src=/tmp/large.img --confirm vdc-0003)" 'the image is larger than the device' \
	'an image that is too large'
like "$(run write-image /dev/vdc --set src=/tmp/odd.img --confirm vdc-0003)" 'it is compressed, and its name does not say so' \
	'an image that is compressed, and named as if it were not'
is "$(sum /dev/vdc $((64 * mib)))" "$before" 'and the target is what it was'
is "$(vm_ssh1022 'cat /run/careen/written 2>/dev/null')" '' 'nothing is said to have been written'

# --- device to device, the connection cut at 10, 50 and 90 %
ok 'the source is slow' throttle 0002 4000000
from=$(jobs)
argv=$(vm ssh-argv "$VM" 1022)
session() { con_close; con_terminal copy 80 24 tmux-256color "exec $argv '$1'"; }
session 'careen run copy-onto /dev/vdc --set src=/dev/vdb --confirm vdc-0003'
for percent in '[1-9][0-9]' '[5-9][0-9]' '(9[0-9]|100)'; do
	ok "the copy is at $percent %" eventually 60 said "\"text\":\"[0-9]+M of 48M, $percent %"
	ok 'the connection is cut' con_kill_client
	session 'careen log --follow'
done
ok 'to its end' eventually 60 ended
ok 'all was read back' said 'all 50331648 bytes read back: the same'
ok 'the source is fast again' throttle 0002 0
is "$(sum /dev/vdc $((48 * mib)))" "$whole" 'the copy is whole'
is "$(jobs)" $((from + 1)) 'and it was one job'

# --- stopped: the truth, and on from there
fill /dev/vdc 252 64
ok 'slow again' throttle 0002 4000000
vm_ssh1022 'careen run copy-onto /dev/vdc --set src=/dev/vdb --confirm vdc-0003 --detach' >/dev/null
ok 'half of it' eventually 60 said '"text":"(1[2-9]|[23][0-9])M of 48M'
vm_ssh1022 careen stop
ok 'it stops' eventually 30 ended
throttle 0002 0
out=$(vm_ssh1022 'careen log $(ls /run/careen/jobs | grep "^[0-9]" | tail -n 1)')
at=$(sed -n 's/.*written safely up to byte \([0-9]*\) of .*/\1/p' <<<"$out" | head -n 1)
like "$out" "Go on with --offset $((at - at % 4096))\." 'it says up to where it wrote, and how to go on'
ok 'in the middle' test "$at" -gt $((8 * mib)) -a "$at" -lt $((48 * mib))
is "$(sum /dev/vdc "$at")" "$(sum /dev/vdb "$at")" 'so far it is the source'
is "$(vm_ssh1022 "tail -c +$((at + 1)) /dev/vdc | tr -d '\\252' | wc -c")" 0 'and from there on what it was'
like "$(run copy-onto /dev/vdc --set src=/dev/vdb --offset $((at - at % 4096)) --confirm vdc-0003)" \
	'all 50331648 bytes read back: the same' 'it goes on, and the whole is compared'

# --- killed for want of memory: the kernel's own choice of what to kill, made sure to be dd
ok 'slow again' throttle 0002 4000000
vm_ssh1022 'careen run copy-onto /dev/vdc --set src=/dev/vdb --confirm vdc-0003 --detach' >/dev/null
ok 'a part of it' eventually 60 said '"text":"(1[2-9]|[23][0-9])M of 48M'
ok 'memory runs out' vm_ssh1022 'echo 1000 >/proc/$(pidof dd)/oom_score_adj && echo f >/proc/sysrq-trigger'
ok 'the job ends' eventually 60 ended
throttle 0002 0
ok 'and says what killed it, and where it stands' \
	said 'killed by the kernel, which ran out of memory; written safely up to byte [0-9]+ of /dev/vdc; what follows may have'
ok 'and what is to be done' said 'Go on with --offset [0-9]+'

# --- images from the operator's side
ok 'the source is saved through the connection' eval 'vm_ssh1022 "careen run save-image /dev/vdb" >"$image" 2>"$vm_tmp/words"'
is "$(sum_here $((48 * mib)))" "$whole" 'the image is the source'
is "$(vm_ssh1022 'careen run save-image /dev/vdb --set compress=zstd' 2>/dev/null | zstd -dc | sha256sum | cut -d' ' -f1)" \
	"$whole" 'compressed, too'
fill /dev/vdc 252 64
at=0 again=
for percent in 10 50 90; do
	to=$((48 * mib * percent / 100)) from=$(jobs)
	mkfifo "$vm_tmp/in"
	eval "exec $argv 'careen run write-image /dev/vdc --confirm vdc-0003 $again'" <"$vm_tmp/in" >"$vm_tmp/words" 2>&1 &
	client=$!
	exec 8>"$vm_tmp/in"
	tail -c +$((at + 1)) "$image" | head -c $((to - at)) >&8
	ok "$percent % has been sent, to a job of its own" eventually 60 begun "$from"
	# what is still on its way is not written: the sum says how far that is
	kill -KILL $client
	exec 8>&-
	rm "$vm_tmp/in"
	ok 'the connection is cut, and the job ends' eventually 120 eval 'ended && said "the connection was cut"'
	out=$(vm_ssh1022 'careen log $(ls /run/careen/jobs | grep "^[0-9]" | tail -n 1)')
	now=$(sed -n 's/.*written safely up to byte \([0-9]*\) of .*/\1/p' <<<"$out" | head -n 1)
	ok "it was written up to a byte: $now of $to" test "$now" -ge "$at" -a "$now" -le "$to"
	is "$(sum /dev/vdc "$now")" "$(sum_here "$now")" 'so far it is the image'
	is "$(vm_ssh1022 "tail -c +$((now + 1)) /dev/vdc | tr -d '\\252' | wc -c")" 0 'and from there on what it was'
	at=$((now - now % 4096)) again="--offset $at"
done
out=$(tail -c +$((at + 1)) "$image" | write "$again" --set "sha256=$whole")
like "$out" 'as was given' 'the rest of it goes on from there, and the whole has the right sum'
like "$out" 'status 0' 'and that is success'
fill /dev/vdc 252 64
like "$(write </dev/null)" 'it ended before its first byte: there is no image; written safely up to byte 0 of' \
	'a stream that brings nothing is no success'
out=$(head -c $((5 * mib)) "$image" | write --set "size=$((48 * mib))")
like "$out" "it ended too early: $((5 * mib)) of $((48 * mib)) bytes came" 'nor is one that brings too little'
like "$out" "Go on with --offset $((5 * mib)), sending tail -c \\+$((5 * mib + 1)) IMAGE" 'and it says how to go on'
out=$(tail -c +$((5 * mib + 1)) "$image" | write --set "size=$((48 * mib))" --offset $((5 * mib)) --set "sha256=$whole")
like "$out" 'of 43M, [0-9]+ %' 'where the size is known it tells percent'
like "$out" 'status 0' 'and on to the end'
zstd -q "$image" -o "$image.zst"
fill /dev/vdc 252 64
like "$(write <"$image.zst")" "the stream is zstd: it is unpacked" 'a compressed image is unpacked'
is "$(sum /dev/vdc $((48 * mib)))" "$whole" 'and is the image'
out=$(head -c $(($(stat -c %s "$image.zst") / 2)) "$image.zst" | write)
like "$out" 'damaged or ends too early' 'half a compressed image is no success'
like "$(write --set "sha256=${whole//[0-9]/0}" <"$image")" 'SHA-256 is not the one' 'nor is one with another sum'

# --- a source with bad sectors
ok 'a source with 8 bad sectors' vm_ssh1022 'printf "0 40000 linear /dev/vdb 0\n40000 8 error\n40008 58296 linear /dev/vdb 40008\n" |
	dmsetup create --noudevsync --noudevrules bad'
bad=/dev/dm-$(vm_ssh1022 'dmsetup info -c --noheadings -o minor bad')
fill /dev/vdc 252 64
out=$(run copy-onto /dev/vdc --set "src=$bad" --confirm vdc-0003)
like "$out" 'the source cannot be read to its end; written safely up to byte [0-9]+' 'a copy says where it stopped'
like "$out" 'Rescue a failing disk onto it' 'and what goes on past it'
out=$(run rescue-onto /dev/vdc --set "src=$bad" --confirm vdc-0003)
like "$out" 'some of the source could not be read; the rest was copied' 'ddrescue gets the rest'
is "$(vm_ssh1022 "cmp -l /dev/vdb /dev/vdc 2>/dev/null | wc -l")" 4096 'all but the 8 sectors'
ok 'the sectors can be read again' vm_ssh1022 'dmsetup suspend --noudevsync bad; echo "0 98304 linear /dev/vdb 0" | dmsetup reload bad; dmsetup resume --noudevsync bad'
like "$(run rescue-onto /dev/vdc --set "src=$bad" --confirm vdc-0003)" 'everything could be read' 'with its map it gets these, too'
is "$(sum /dev/vdc $((48 * mib)))" "$whole" 'and the copy is whole'
vm_ssh1022 'dmsetup remove --noudevsync bad; ls /run/careen/*.map' >/dev/null

# --- a full disk
ok 'a file system too small for an image' vm_ssh1022 'set -e; mke2fs -q -t ext4 /dev/vdd; mkdir -p /tmp/mnt; mount -t ext4 /dev/vdd /tmp/mnt'
out=$(run save-image /dev/vdb --set dst=/tmp/mnt/a.img --yes)
like "$out" 'there is no more room where it writes to; [0-9]+ bytes were saved; nothing was written to the device' 'a disk that is full'
like "$(run save-image /dev/vdb --set dst=/tmp/mnt/a.img --yes)" 'File exists|there already' 'and no file is overwritten'
vm_ssh1022 'umount /tmp/mnt'

# --- the vault
vm_ssh1022 'for v in $(careen vault --json | sed -n "s/.*\"id\":\"\([0-9]*\)\".*/\1/p"); do careen vault drop $v; done'
ok 'a disk with partitions and a file system' vm_ssh1022 'set -e; wipefs -qa /dev/vdd; printf "label: gpt\nsize=4M\n,\n" | sfdisk -q /dev/vdd
	until [ -b /dev/vdd2 ]; do :; done; mke2fs -q -t ext4 -L precious /dev/vdd2; sync; sfdisk -d /dev/vdd >/tmp/table'
out=$(run wipe-zero /dev/vdd --confirm vdd-0004)
like "$out" 'all 16777216 bytes read back: zero' 'a wipe is read back'
like "$out" 'entry 0001 of the vault.*of 2 partitions too' 'and was kept before'
is "$(vm_ssh1022 'tr -d "\0" </dev/vdd | wc -c; ls /dev/vdd?* 2>/dev/null')" 0 'nothing is left on it'
like "$(vm_ssh1022 careen vault)" '^0001 .* /dev/vdd, serial CAREEN0004' 'careen vault tells of it'
ok 'it can be copied off' eval 'vm_ssh1022 "tar -C /run/careen/vault -c 0001" | tar -C "$vm_tmp" -x && test -s "$vm_tmp/0001/sfdisk.txt"'
like "$(vm_ssh1022 'careen vault restore 1 --confirm vdd-0003 2>&1; echo status $?')" 'status 3' 'a wrong word puts nothing back'
ok 'it is put back' vm_ssh1022 'careen vault restore 1 --confirm vdd-0004'
is "$(vm_ssh1022 'sfdisk -d /dev/vdd')" "$(vm_ssh1022 cat /tmp/table)" 'the partition table is there again'
is "$(vm_ssh1022 'blkid -s LABEL -o value /dev/vdd2')" precious 'and the file system'
is "$(vm_ssh1022 'careen vault | grep -c "^0"')" 2 'what was there instead went into the vault, too'
ok 'a LUKS container' vm_ssh1022 'echo secret | cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file - /dev/vdc'
out=$(run wipe-discard /dev/vdc --confirm vdc-0003)
like "$out" 'read back: zero' 'wiped by discard'
entry=$(sed -n 's/.*entry \([0-9]*\) of the vault.*LUKS header.*/\1/p' <<<"$out")
is "$(vm_ssh1022 'blkid /dev/vdc')" '' 'it is no LUKS container any more'
ok 'put back' vm_ssh1022 "careen vault restore $entry --confirm vdc-0003"
ok 'it can be opened again' vm_ssh1022 'echo secret | cryptsetup open --test-passphrase --key-file - /dev/vdc'

ok 'an LVM volume with metadata of 3 MiB' vm_ssh1022 'wipefs -qa /dev/vdc; lvm pvcreate -q --metadatasize 3m /dev/vdc && lvm vgcreate -q precious /dev/vdc &&
	lvm lvcreate -q -an -Zn -Wn -L 8M -n data precious'
out=$(run wipe-zero /dev/vdc --confirm vdc-0003)
entry=$(sed -n 's/.*entry \([0-9]*\) of the vault.*LVM metadata.*/\1/p' <<<"$out")
is "$(vm_ssh1022 'lvm vgs --noheadings -o vg_name 2>/dev/null')" '' 'wiped, there is no volume group'
ok 'its whole metadata area was kept' vm_ssh1022 "test \$(cat /run/careen/vault/$entry/at-* | wc -c) -gt $((4 * mib)) && ls /run/careen/vault/$entry/*.vg"
ok 'put back' vm_ssh1022 "careen vault restore $entry --confirm vdc-0003"
is "$(vm_ssh1022 'lvm vgck precious && lvm lvs --noheadings -o lv_name precious 2>/dev/null' | tr -d ' ')" data 'it is there again, and whole'
vm_ssh1022 'lvm vgchange -qan precious' >/dev/null

# --- the vault is bounded: three LUKS headers are more than it holds
for i in 1 2 3; do
	vm_ssh1022 'wipefs -qa /dev/vdc; echo secret | cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file - /dev/vdc'
	out=$(run wipe-discard /dev/vdc --set verify=no --confirm vdc-0003)
	like "$out" 'LUKS header' "a LUKS header, the $i. time"
done
like "$out" 'the vault was full: entry [0-9]+ .* had to go' 'the oldest entries had to go, and that is told'
ok 'all of it is within 40 MiB' vm_ssh1022 'test $(cat /run/careen/vault/*/at-* | wc -c) -le 41943040'
entry=$(sed -n 's/.*entry \([0-9]*\) of the vault.*LUKS header.*/\1/p' <<<"$out")

# --- the vault in the console
ok 'the console' op_console
ok 'shows the vault' eval 'op_home && con_keys Tab Tab Tab Tab && con_wait "Vault, [0-9]+M of 40M in RAM" 20'
ok 'the newest entry first, and how to copy it off' con_wait "scp -rP1022 root@HOST:/run/careen/vault/$entry ." 20
con_shot vault
ok 'the way to copy it off is one that works' eval 'CAREEN_VM_PORT=1022 vm scp "$VM" -r "vm:/run/careen/vault/$entry" "$vm_tmp/off" && test -s "$vm_tmp/off/at-0"'
con_keys Enter
ok 'Enter shows the plan that puts it back' con_wait 'Restore entry.*of the vault' 20
con_type vdc-0004; con_keys Enter
ok 'a wrong word does nothing' con_wait 'That is not the word. Nothing has happened' 10
con_keys Escape
ok 'again' eval 'con_wait "Vault, " 20 && con_keys Enter && con_wait "To run it, type" 20'
con_type vdc-0003; con_keys Enter
ok 'it is put back' con_wait '✓ All done' 90
con_close
ok 'and can be opened again' vm_ssh1022 'echo secret | cryptsetup open --test-passphrase --key-file - /dev/vdc'

# --- a target that vanishes, and another disk in its place
ok 'slow once more' throttle 0002 4000000
vm_ssh1022 'careen run copy-onto /dev/vdc --set src=/dev/vdb --confirm vdc-0003 --detach' >/dev/null
ok 'the copy is under way' eventually 60 said '"text":"[1-9][0-9]?M of 48M'
ok 'the target is pulled out' vm qmp "$VM" device_del '{"id":"vdisk0003"}'
ok 'the job ends' eventually 120 ended
throttle 0002 0
ok 'and says what is true' said '/dev/vdc is gone from the machine; [0-9]+ bytes had been given to it'

ok 'the console' op_console
ok 'plan' eval 'op_choose 5 && con_keys Enter && con_wait Devices 20 && op_row vdd && con_keys Enter && con_wait "what is to be done with vdd" 20 &&
	op_row "Wipe with zeros" && con_keys Enter && con_wait "To run it, type" 20'
con_shot copy-plan
ok 'the disk is pulled out, and another comes by its name' eval 'vm qmp "$VM" device_del "{\"id\":\"vdisk0004\"}" && eventually 30 vm_ssh1022 "! test -b /dev/vdd" &&
	vm add-disk "$VM" 16M CAREEN0005 && vm add-disk "$VM" 16M CAREEN0006 && eventually 30 vm_ssh1022 "test -b /dev/vdd"'
con_type vdd-0004
con_keys Enter
ok 'the act refuses it' con_wait 'attached in its place|another device than' 60
con_shot copy-refused
is "$(vm_ssh1022 'careen vault | grep -c "/dev/vdd, serial CAREEN000[56]"')" 0 'and nothing of the other one was touched'
con_close
ok 'resume' vm_ssh1022 'careen run resume --yes --take-over'
is "$(vm_ssh systemctl is-system-running)" running 'the system runs'
is "$(vm_ssh systemctl --failed --no-legend --plain)" '' 'no failed unit'
is "$(fact_boot_id vm_ssh)" "$boot_id" 'the same boot'
like "$(vm_ssh1022 careen vault)" '^[0-9]+ .* /dev/vdc, serial CAREEN0003' 'the vault is still there'
done_testing
