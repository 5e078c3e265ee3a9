#!/bin/bash
# check-long: two GiB are sent in four pieces, unpacked in emulation
# A new system through a connection that is cut at 10, 50 and 90 % of the image, which comes as gzip
# and as xz: each time it is said up to which byte the disk is written, the rest goes on from there,
# and the machine starts from the whole.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../files.sh"
export VM_TIMEOUT=900

image=$vm_tmp/new.img
sum() { vm_ssh1022 "head -c $1 /dev/vda | sha256sum" | cut -d' ' -f1; }
sum_here() { head -c "$1" "$image" | sha256sum | cut -d' ' -f1; }
jobs() { vm_ssh1022 'ls /run/careen/jobs | grep -c "^[0-9]"'; }
latest() { vm_ssh1022 "careen log $* \$(ls /run/careen/jobs | grep '^[0-9]' | tail -n 1)"; }
said() { latest --json | grep -Eq "$1"; }
ended() { vm_ssh1022 'careen log | head -n 1' | grep -Eqv ' running '; }
# begun N: a job beyond the first N has written something
begun() { [ "$(jobs)" -gt "$1" ] && said '"text":"[1-9][0-9]*[MG]'; }
new_boot() { local now; now=$(fact_boot_id vm_ssh 2>/dev/null) && [ -n "$now" ] && [ "$now" != "$boot_id" ]; }

# cut_at PERCENT PACKER: of the image, in the middle of a packed stream
cut_at() {
	local packed=$vm_tmp/rest.$2 from now out client
	what="$2, $1 %"
	tail -c +$((at + 1)) "$image" | head -c $((size * $1 / 100 - at)) | "$2" -1 -c | head -c -20000 >"$packed"
	from=$(jobs)
	mkfifo "$vm_tmp/in"
	eval "exec $argv 'careen run new-system /dev/vda --confirm vda-0001 $again'" <"$vm_tmp/in" >"$vm_tmp/words" 2>&1 &
	client=$!
	exec 8>"$vm_tmp/in"
	cat "$packed" >&8
	ok "$what: a job of its own writes" eventually 120 begun "$from" || bail "$(cat "$vm_tmp/words")"
	# what is still on its way is not written: the sum says how far that is
	kill -KILL $client
	exec 8>&-
	rm "$vm_tmp/in" "$packed"
	ok "$what: the connection is cut, and the job ends" eventually 300 eval 'ended && said "the connection was cut"'
	out=$(latest)
	like "$out" "the stream is $2: it is unpacked" "$what: it was unpacked"
	now=$(sed -n 's/.*written safely up to byte \([0-9]*\) of .*/\1/p' <<<"$out" | head -n 1)
	ok "$what: it was written up to a byte: $now" test "$now" -gt "$at" -a "$now" -lt "$size"
	is "$(sum "$now")" "$(sum_here "$now")" "$what: so far it is the image"
	is "$(vm_ssh1022 "tail -c +$((now + 1)) /dev/vda | head -c 67108864 | tr -d '\\252' | wc -c")" 0 \
		"$what: and from there on what it was"
	at=$((now - now % 4096)) again="--offset $at"
	like "$out" "Go on with --offset $at, sending $2 -dc IMAGE \\| tail -c \\+$((at + 1)) \\| $2" "$what: it says how to go on"
	like "$(vm_ssh1022 'careen run resume --yes 2>&1')" 'begun and has not ended' "$what: nobody resumes such a system"
	is "$(fact_boot_id vm_ssh1022)" "$boot_id" "$what: the machine is on"
}

what='Debian 13'
vm_boot 13 --flavour grub
ok 'GRUB on the disk' vm_ssh 'grub-install --target=i386-pc /dev/vda && update-grub && echo new >/root/system && sync'
boot_id=$(fact_boot_id vm_ssh)
argv=$(vm ssh-argv "$VM" 1022)
off
ok 'an image of it' eval 'vm_ssh1022 "careen run save-image /dev/vda --set compress=zstd" 2>"$vm_tmp/words" | zstd -qdc >"$image"'
size=$(stat -c %s "$image")
is "$size" "$(vm_ssh1022 blockdev --getsize64 /dev/vda)" 'the whole of it'
ok 'the disk holds nothing of it any more' vm_ssh1022 "tr '\\0' '\\252' </dev/zero | dd of=/dev/vda bs=4M count=$((size / 4194304)) iflag=fullblock conv=nocreat,fsync"
at=0 again=
cut_at 10 gzip
cut_at 50 gzip
cut_at 90 xz
out=$(tail -c +$((at + 1)) "$image" | xz -1 -c | vm_ssh1022_in "careen run new-system /dev/vda --confirm vda-0001 $again --set sha256=$(sum_here "$size") 2>&1")
like "$out" 'as was given' 'the rest of it goes on from there, and the whole has the right sum'
ok 'the machine starts anew' eventually 200 new_boot
is "$(vm_ssh systemctl is-system-running --wait)" running 'the system runs'
is "$(vm_ssh cat /root/system)" new 'and is the one in the image'
ok 'a cold boot of it' vm cold "$VM"
is "$(vm_ssh systemctl is-system-running --wait)" running 'the system runs'
done_testing
