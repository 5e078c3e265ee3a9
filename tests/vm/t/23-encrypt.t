#!/bin/bash
# check-long: two gigabytes are encrypted, emulated: the root, where it is; killed half-way; then a cold boot.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../files.sh"

# encrypt PASSPHRASE [OPTION]...
encrypt() {
	echo "$1" | vm_ssh1022_in "careen run repair --device vda2 --tool encrypt-root --confirm vda2-0001 --key-file - ${*:2}" 2>&1
}
# How much is encrypted, in percent, as the job that runs says it.
percent() { vm_ssh1022 'cat /run/careen/jobs/*/events | sed -n "s/.*	\([0-9]*\)[.][0-9]*%, ETA.*/\1/p" | tail -n 1'; }
reached() { [ "$(percent)" -ge "$1" ] 2>/dev/null; }
crypto() { vm_ssh1022 "$* cryptsetup luksDump /dev/vda2 | sed -n 's/^Requirements:[[:space:]]*//p'"; }

# By its own boot loader; the passphrase is typed on the serial console when it is asked for: once
# more, where it came before the prompt had thrown away what was typed before it.
said() { vm_console_log | grep -c "$1"; }
type_it() {
	[ "$(said 'Please unlock disk')" -gt "$1" ] || return
	(cd "$(vm dir "$VM")" && { printf '\025open sesame\r'; eventually 40 eval '[ "$(said "set up successfully")" -gt '"$2"' ]'; } |
		socat -u STDIN UNIX-CONNECT:console)
	[ "$(said 'set up successfully')" -gt "$2" ]
}
cold() {
	local asked opened
	asked=$(said 'Please unlock disk')
	opened=$(said 'set up successfully')
	vm cold "$VM" >"$vm_tmp/cold" 2>&1 &
	eventually 200 type_it "$asked" "$opened" && wait $!
}

changes=$encryption
same() {
	whole
	is "$(vm_ssh 'lsblk -dno TYPE $(findmnt -no SOURCE /)')" crypt "$what: its root is encrypted"
	is "$(vm_ssh findmnt -no UUID /)" "$uuid" "$what: the UUID of before"
}

# An operator types a new passphrase, mistypes it, types it twice; then the connection is cut.
by_console() {
	op_console && op_choose 5 && con_keys Enter && con_wait 'Devices' 60 && op_row vda2 &&
		con_keys Enter && con_wait 'what is to be done with vda2' 60 &&
		op_row 'Encrypt the root' && con_keys Enter && con_wait 'To run it, type' 60 || return
	con_type vda2-0001; con_keys Enter
	con_wait 'type a new passphrase for /dev/vda2' 60 || return
	con_type 'open sesame'; con_keys Enter
	con_wait 'once more' 60 || return
	con_type 'open barley'; con_keys Enter
	con_wait 'not the same' 60 || return
	con_type 'open sesame'; con_keys Enter
	con_wait 'once more' 60 || return
	con_type 'open sesame'
	con_wait 'passphrase > \*{11}' 60 && ! con_screen | grep -q sesame || return
	con_keys Enter
	con_wait 'encrypt what is in it' 120 && eventually 300 reached 1 && con_wait '[0-9]%.*ETA' 60 && con_shot job-encrypt && con_kill_client
}

VM_TIMEOUT=900
release=${CAREEN_RELEASE:-13}
what="Debian $release"
vm_boot "$release" --flavour grub-boot
ok "$what: files of every kind" prepare
boot_id=$(fact_boot_id vm_ssh)
uuid=$(vm_ssh findmnt -no UUID /)
before=$(inventory)

off
out=$(encrypt 'open sesame')
is $? 1 "$what: without a boot loader that is known it is refused"
like "$out" 'no /boot/grub/grub.cfg' "$what: it says why"
is "$(vm_ssh1022 'blkid -o value -s TYPE /dev/vda2; ls /run/careen/recipe /run/careen/written 2>&1 | grep -c "No such"')" \
	$'ext4\n2' "$what: and nothing was written"
out=$(vm_ssh1022 'careen run repair --device vda1 --tool encrypt-root --confirm vda1-0001' 2>&1)
isnt $? 0 "$what: what is not the root is refused"
like "$out" 'not the old root' "$what: it says so"
ok "$what: resume" vm_ssh1022 'careen run resume --yes' || bail "$what: cannot go on"
ok "$what: GRUB's menu" vm_ssh 'update-grub && sync'

off
out=$(encrypt $'short')
isnt $? 0 "$what: a short passphrase is refused"
ok "$what: it begins at the console" by_console || { con_screen; con_close; encrypt 'open sesame' --detach; }
for at in 10 50 90; do
	ok "$what: $at % are encrypted" eventually 400 reached $at || bail "$what: $(vm_ssh1022 careen log | tail)"
	ok "$what: cryptsetup is killed" vm_ssh1022 'kill -9 $(pidof cryptsetup)'
	eventually 30 eval '! vm_ssh1022 "careen status --json" | grep -q "\"running\":true"'
	like "$(crypto)" online-reencrypt "$what: it has not come to its end"
	out=$(vm_ssh1022 'careen run resume --yes' 2>&1)
	isnt $? 0 "$what: nobody resumes such a system"
	out=$(encrypt 'open barley')
	like "$out" 'no key of it is opened by this passphrase' "$what: with another passphrase it does not go on"
	[ $at = 90 ] || ok "$what: it goes on" encrypt 'open sesame' --detach
done
out=$(encrypt 'open sesame')
is $? 0 "$what: it goes on, to its end" || bail "$out"
like "$out" 'done before' "$what: from where it was"
is "$(crypto)" '' "$what: all of it is encrypted"
is "$(vm_ssh1022 'grep -rl "open sesame" /run/careen | wc -l')" 0 "$what: the passphrase is in no file"
is "$(vm_ssh1022 'grep -h "^what" /run/careen/vault/*/entry')" 'what first and last MiB, LUKS header' \
	"$what: the vault has the header, and nothing that was plain"
ok "$what: resume" vm_ssh1022 'careen run resume --yes' || bail "$what: cannot go on"
is "$(fact_boot_id vm_ssh)" "$boot_id" "$what: the same boot"
same
what="$what, cold"
vm_ssh sync
ok "$what: it asks for the passphrase, and boots" cold || bail "$(vm_console_log | tail -30)"
isnt "$(fact_boot_id vm_ssh)" "$boot_id" "$what: another boot"
same
vm_stop
done_testing
