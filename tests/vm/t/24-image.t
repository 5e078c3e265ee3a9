#!/bin/bash
# check-long: it sends and writes two GiB twice, and boots four times
# A whole new system onto the root's disk, from the operator's side and from a file: the machine
# starts from it, through the boot loader that is in the image.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
export VM_TIMEOUT=900

write() { vm_ssh1022_in "careen run new-system $* 2>&1; echo status \$?"; }
head_of() { vm_ssh1022 "head -c 1048576 $1 | sha256sum"; }
new_boot() { local now; now=$(fact_boot_id vm_ssh 2>/dev/null) && [ -n "$now" ] && [ "$now" != "$boot_id" ]; }
image=$vm_tmp/new.img.zst

vm_boot 13 --flavour grub
ok 'GRUB on the disk, and another disk' eval 'vm_ssh "grub-install --target=i386-pc /dev/vda && update-grub && echo new >/root/system && sync" && vm_disk2 1G'
ok 'it boots from its own disk' vm cold "$VM"
off
sum=$(vm_ssh1022 'sha256sum /dev/vda' | cut -d' ' -f1)
ok 'an image of it' eval 'vm_ssh1022 "careen run save-image /dev/vda --set compress=zstd" >"$image" 2>"$vm_tmp/words"'
ok 'which is kept on the other disk, too' eval 'vm_ssh1022 "mke2fs -q -F -t ext4 /dev/vdb && mkdir -p /tmp/mnt && mount -t ext4 /dev/vdb /tmp/mnt" &&
	vm_ssh1022_in "cat >/tmp/mnt/new.img.zst && umount /tmp/mnt" <"$image"'
ok 'resume' vm_ssh1022 'careen run resume --yes'
vm_ssh 'echo old >/root/system; sync'
boot_id=$(fact_boot_id vm_ssh)
off

# --- refused: nothing has happened
before=$(head_of /dev/vda)
like "$(write /dev/vdb --confirm vdb-0002 <"$image")" 'the old root was not on this disk.*It was on /dev/vda' 'another disk than the root was on'
out=$(write /dev/vda --confirm vda-0002 <"$image")
like "$out" 'not the word of this plan' 'a wrong word'
like "$out" 'status 3' 'is refused'
vm_ssh1022 'truncate -s 3G /tmp/large.img'
like "$(write /dev/vda --set src=/tmp/large.img --confirm vda-0001 </dev/null)" 'the image is larger than the device' 'an image that is too large'
is "$(head_of /dev/vda)" "$before" 'the disk is what it was'
is "$(vm_ssh1022 'cat /run/careen/written 2>/dev/null; rm /tmp/large.img')" '' 'nothing is said to have been written'

like "$(vm_ssh1022 'careen plan repair --device vda --tool new-system-kexec --set src=/tmp/mnt/x 2>&1')" 'apt install kexec-tools' \
	'kexec is not in this rescue: its package is named'

# --- half of it arrives: the machine stays on, and nothing starts from that
out=$(head -c $(($(stat -c %s "$image") / 2)) "$image" | write /dev/vda --confirm vda-0001)
like "$out" 'damaged or ends too early' 'half an image is told from a whole one'
like "$out" 'Stopped at: Write an image onto it' 'and it stops there'
is "$(vm_ssh1022 cat /proc/sys/kernel/random/boot_id)" "$boot_id" 'the machine is on'
like "$(vm_ssh1022 'careen run resume --yes 2>&1')" 'begun and has not ended' 'what is half written is not resumed to'

# --- through the connection
out=$(write /dev/vda --set "sha256=$sum" --confirm vda-0001 <"$image")
like "$out" 'the stream is zstd: it is unpacked' 'the image is unpacked on its way'
like "$out" 'as was given' 'the whole has the right sum when it is read back'
ok 'the machine starts anew' eventually 200 new_boot
is "$(vm_ssh systemctl is-system-running --wait)" running 'the system runs'
is "$(vm_ssh cat /root/system)" new 'and is the one in the image'
vm_ssh 'echo old >/root/system; sync'
ok 'a cold boot of it' vm cold "$VM"
is "$(vm_ssh systemctl is-system-running --wait)" running 'the system runs'

# --- from a file on another disk, at the console
boot_id=$(fact_boot_id vm_ssh)
off
ok 'the image is there' vm_ssh1022 'mkdir -p /tmp/mnt && mount -t ext4 -o ro /dev/vdb /tmp/mnt && test -s /tmp/mnt/new.img.zst'
ok 'the console' op_console
ok 'the tool' eval 'op_choose 5 && con_keys Enter && con_wait Devices 20 && op_row vda && con_keys Enter &&
	con_wait "what is to be done with vda" 20 && op_row "Write a new system" && con_keys Enter && con_wait "Enter Answer" 20'
con_type /tmp/mnt/new.img.zst
con_keys Enter
ok 'the plan' con_wait 'To run it, type' 20
con_shot plan-new-system
con_type vda-0001
con_keys Enter
ok 'the machine starts anew' eventually 400 new_boot
con_close
is "$(vm_ssh systemctl is-system-running --wait)" running 'the system runs'
is "$(vm_ssh cat /root/system)" new 'and is the one in the image'
ok 'a cold boot of it' vm cold "$VM"
is "$(vm_ssh systemctl is-system-running --wait)" running 'the system runs'
is "$(vm_ssh cat /root/system)" new 'from its own disk'
done_testing
