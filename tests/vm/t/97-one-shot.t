#!/bin/bash
# check-long: makes images, emulated, and boots them from the disk
# The first boot of a new image is one-shot: one that comes up is no attempt any more; one that does
# not is followed by the image of before, with the rescue, and careen doctor says so. Then each of
# careen doctor's checks fails once, and is mended.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
VM_TIMEOUT=1800

block() { vm_ssh grub-editenv /boot/grub/grubenv list | grep '^careen_' | xargs; }
doctor() { vm_ssh "careen doctor $*; echo status \$?"; }
image() { vm_ssh "update-initramfs -u 2>&1"; }
# From its own disk. A boot that does not come up takes its time, and then there is another.
starts_anew() {
	vm_ssh sync
	vm cold "$VM" || vm_wait ssh 600 || return
	vm_wait running 600
	boot_id=$(fact_boot_id vm_ssh)
}
previous() { vm_ssh 'grep -c careen.boot=previous /proc/cmdline'; }

vm_boot "${CAREEN_RELEASE:-13}" --flavour grub
# the kernel starts anew five seconds after the initramfs has given up
ok 'GRUB on the disk' vm_ssh 'sed -i "s/mitigations=off/mitigations=off panic=5/" /etc/default/grub
	grub-install --target=i386-pc /dev/vda && update-grub' || bail 'cannot go on'
like "$(image)" 'not one-shot: this boot was not by GRUB' 'QEMU has booted it: it is said that nothing is kept'
is "$(block)" '' 'and nothing is changed'
ok 'a boot by GRUB' starts_anew
ok 'the rescue is there' vm_wait ssh1022 60
out=$(doctor)
like "$out" '^status 0' 'careen doctor: all is well' || diag "$out"
like "$out" '^login +ok +one on port 1022 has worked' 'a login has worked'
like "$out" '^image +ok ' 'the image is of today'

out=$(image)
like "$out" 'the one after it is by the image of before' 'a new image: it is said what follows' || diag "$out"
like "$(block)" '^careen_try=new careen_kernel=6' 'the next boot is an attempt'
is "$(vm_ssh 'grub-script-check /boot/grub/grub.cfg; echo $?')" 0 'GRUB understands its menu'
is "$(vm_ssh 'grep -c "^menuentry .*careen-previous" /boot/grub/grub.cfg')" 1 'with one entry of ours'
ok 'the attempt' starts_anew
is "$(previous)" 0 'the new image comes up'
ok 'it is no attempt any more' eventually 60 eval '[ -z "$(block)" ]'
ok 'another boot' starts_anew
is "$(previous)" 0 'is as ever'

# it gives up where careen would begin
vm_ssh 'printf "%s\n" "#!/bin/sh" "[ \"\$1\" != prereqs ] || exit 0" ". /scripts/functions" "panic broken on purpose" \
	>/etc/initramfs-tools/scripts/init-bottom/broken; chmod +x /etc/initramfs-tools/scripts/init-bottom/broken'
image >/dev/null
like "$(block)" '^careen_try=new' 'an image that is broken'
before=$boot_id
ok 'the machine comes back by itself' starts_anew || bail 'cannot go on'
like "$(vm_console_log)" 'broken on purpose' 'after a boot that did not come up'
is "$(previous)" 1 'by the image of before'
ok 'with the rescue' vm_wait ssh1022 60
out=$(doctor)
like "$out" '^rescue +problem +the new image has not come up' 'careen doctor says so' || diag "$out"
like "$out" '^status 2' 'as a problem'
like "$(vm_ssh careen status)" 'the new image has not come up' 'so does careen status'
like "$(block)" '^careen_try=tried' 'it stays so'
ok 'the next boot' starts_anew
is "$(previous)" 1 'is by the image of before, too'
ok 'what was wrong is mended' vm_ssh 'rm /etc/initramfs-tools/scripts/init-bottom/broken'
image >/dev/null
ok 'the next attempt' starts_anew
is "$(previous)" 0 'comes up'
ok 'all is well again' eventually 60 eval 'doctor | grep -q "^status 0"'

# each check fails once
keys=/etc/careen/authorized_keys
vm_ssh "cp -p $keys /root/keys; cp -p /etc/careen/careen.conf /root/conf; echo 'ssh-dss AAAAB3NzaC1kc3M= x' >>$keys"
out=$(doctor)
like "$out" '^keys +warning .* line 2: none of dropbear' 'a key of a kind that dropbear has not' || diag "$out"
like "$out" "^rescue +warning .*made before a change of $keys" 'the rescue in RAM is older than the keys'
like "$out" "^image +problem .*made before a change of $keys" 'so is the image'
like "$out" '^status 2' 'a problem'
like "$(doctor --json | grep -v ^status | python3 -c 'import json,sys; d = json.load(sys.stdin); print(d["level"], d["status"])' 2>&1 ||
	doctor --json | tail -n 2)" 'problem.*2' 'as JSON'
vm_ssh "ssh-keygen -q -t ed25519 -N '' -f /root/k; cat /root/k.pub >$keys"
out=$(doctor)
like "$out" '^keys +warning .*1 of authorized_keys are not in the rescue in RAM' 'a new key is not in RAM'
like "$out" '^keys +warning .*lets 1 in that authorized_keys has not' 'one that was taken out is'
vm_ssh "grep '^#' /root/keys >$keys || : >$keys"
like "$(doctor)" '^keys +problem .*has no key' 'no key at all'
vm_ssh "cp -p /root/keys $keys; echo deadman=off >>/etc/careen/careen.conf; careen enter --replace --yes"
out=$(doctor)
like "$out" '^timers +warning .*dead-man timer is off' 'the dead-man timer is off' || diag "$out"
vm_ssh 'cp -p /root/conf /etc/careen/careen.conf; echo port_open=armed >>/etc/careen/careen.conf; careen enter --replace --yes'
like "$(doctor)" '^login +note +not tried: the port is closed' 'a port that is closed is told'
vm_ssh careen arm 5m
like "$(doctor)" '^login +ok' 'and tried once it is open'
vm_ssh 'cp -p /root/conf /etc/careen/careen.conf; careen enter --replace --yes
	mv /etc/careen/dropbear /root/hostkeys; sh /usr/lib/careen/host-keys /etc/careen/dropbear'
like "$(doctor)" '^login +problem .*host key .*none of this' 'another host key than careen fingerprint has'
vm_ssh 'rm -r /etc/careen/dropbear; mv /root/hostkeys /etc/careen/dropbear; cp /usr/bin/true /root/true; mv /usr/bin/dbclient /root/dbclient'
like "$(doctor)" '^login +problem' 'no login'
ok 'mended' vm_ssh 'mv /root/dbclient /usr/bin/dbclient'
# killed in the middle: the key is taken away all the same
rescue_keys() { vm_ssh 'cat /proc/$(cat /run/careen/run/careen/lifeline.pid)/root/root/.ssh/authorized_keys | sha256sum'; }
was=$(rescue_keys)
vm_ssh 'careen doctor >/dev/null & sleep 4; kill -KILL $!' 2>/dev/null
ok 'killed in the middle: its key goes all the same' eventually 200 eval '[ "$(rescue_keys)" = "$was" ]'
is "$(vm_ssh 'find /run/careen-doctor -type f')" '' 'and nothing of it is left'
ok 'all is well' eventually 60 eval 'doctor | grep -q "^status 0"'
not_ok 'nobody but root' vm_ssh 'setpriv --reuid=65534 --clear-groups careen doctor'

# away
ok 'uninstalled' vm_ssh '/usr/lib/careen/one-shot remove'
is "$(vm_ssh 'ls /boot/careen 2>/dev/null; grep -c careen-previous /boot/grub/grub.cfg')" 0 'nothing of it is left'
is "$(block)" '' 'nor in the environment block'
done_testing
