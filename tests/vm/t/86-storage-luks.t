#!/bin/bash
# check-long: as long as two others: Root in LUKS2; it is closed, too, and opened by its passphrase.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../storage.sh"

# By an operator at the console, who mistypes it first.
with_passphrase() {
	op_console && op_choose 6 && con_keys Enter && con_wait 'type the passphrase of cryptroot' 30 || return
	con_type 'open barley'; con_keys Enter
	con_wait 'no key of it is opened by this' 60 || return
	op_choose 6 && con_keys Enter && con_wait 'type the passphrase of cryptroot' 30 || return
	con_type 'open sesame'
	con_wait 'passphrase > \*{11}' 10 && ! con_screen | grep -q sesame || return
	con_keys Enter
	con_wait '✓ All done' 300
}

storage "${1:-13}" luks 'e2fsck -f -n /dev/mapper/cryptroot'
storage_close with_passphrase
is "$(vm_ssh1022 'grep -rl sesame /run/careen | wc -l')" 0 "$what: the passphrase is in no file"
con_close
ok "$what: the operator leaves" eventually 20 op_no_viewer
what="${what%, closed}, by --key-file"
storage_off --close
ok "$what: without it nothing is done" vm_ssh1022 'careen run resume --yes; [ $? -eq 3 ]'
ok "$what: resume" eval "echo 'open sesame' | vm_ssh1022_in 'careen run resume --yes --key-file -'"
storage_back
done_testing
