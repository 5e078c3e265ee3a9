#!/bin/bash
# check-long: an initramfs of its own
# Beside dropbear-initramfs and cryptsetup-initramfs: the root is unlocked over ssh on port 22, by
# them, as ever; then careen's port is there, and a trip goes as on any machine.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

release=${1:-13} what="Debian ${1:-13}"
VM=$vm_test-$release.$$
vm_started+=("$VM")
ok "$what: it boots" vm start "$VM" "$release" --flavour unlock --no-wait || bail 'cannot go on'
ok "$what: the initramfs answers on port 22" vm_wait ssh 600 || bail 'cannot go on'
# a login of its own each: the other side is another one soon
argv=$(vm ssh-argv "$VM" 22)
is "$(eval "$argv 'ls -d /conf/initramfs.conf /usr/lib/careen/stub 2>/dev/null' </dev/null | xargs")" \
	'/conf/initramfs.conf /usr/lib/careen/stub' "$what: it is the initramfs, careen in it"
ok "$what: the passphrase is taken" eval "printf 'open sesame' | $argv cryptroot-unlock"
ok "$what: careen's port is there" vm_wait ssh1022 300 || bail 'cannot go on'
is "$(eventually 300 eval 'vm_ssh systemctl is-system-running --wait')" running "$what: the system runs"
is "$(vm_ssh systemctl --failed --no-legend --plain)" '' "$what: no failed unit"
boot_id=$(fact_boot_id vm_ssh)
off
ok "$what: the root is checked" vm_ssh1022 'careen run repair --device /dev/mapper/cryptroot --tool ext4-check --yes'
ok "$what: resume" vm_ssh1022 'careen run resume --yes'
is "$(vm_ssh systemctl is-system-running)" running "$what: the system runs again"
is "$(vm_ssh systemctl --failed --no-legend --plain)" '' "$what: no failed unit"
is "$(fact_boot_id vm_ssh)" "$boot_id" "$what: the same boot"
vm_stop
done_testing
