#!/bin/bash
# check-long: an image of the whole disk comes and goes through the connection, emulated, three times.
# The README's blocks of commands, word for word, as its reader types them: only `host` is a VM here.
# Those that install are run by 95-package and tests/vm/image; tests/static/readme.t knows of each.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

# block REGEX: the block of commands in the README that has such a line
block() {
	awk -v want="$1" '/^```/ { if (open && text ~ want) printf "%s", text; open = !open; text = ""; next }
		open { text = text $0 "\n" }' "$vm_src/README.md"
}
ssh() {
	[ "$1 $2 $3" = '-p 1022 root@host' ] || { echo "not as in the README: ssh $*" >&2; return 1; }
	shift 3
	if [ "$given" ]; then vm_ssh1022_in "$*"; else vm_ssh1022 "$*"; fi
}
# typed WHAT BLOCK: each line must succeed
typed() {
	isnt "$2" '' "$1: the README has it"
	while IFS= read -r line <&3; do
		case $line in *' < '*) given=1 ;; *) given= ;; esac
		ok "$1: $line" eval "$line"
	done 3<<<"$2"
}
VM_TIMEOUT=1800
vm_boot 13
boot_id=$(fact_boot_id vm_ssh)

typed 'for scripts' "$(block 'careen run detach')"
is "$(vm_ssh systemctl is-system-running)" running 'the system runs again'
is "$(fact_boot_id vm_ssh)" "$boot_id" 'in the same boot'
for step in detach kill unmount; do ok "$step" vm_ssh1022 "careen run $step --yes"; done
while IFS= read -r line; do
	ok "in the rescue: $line" vm_ssh1022 "$line"
done <<'END'
careen status
careen deadman resume
careen deadman off
careen deadman 45m
careen deadman
END
cd "$vm_tmp" || bail 'no directory'
typed images "$(block 'careen run save-image')"
is "$(zstd -qdc disk.img.zst | sha256sum)" "$(sha256sum <disk.img)" 'both images are the same'
ok resume vm_ssh1022 'careen run resume --yes'
is "$(vm_ssh systemctl is-system-running)" running 'the system runs from the image'
is "$(fact_boot_id vm_ssh)" "$boot_id" 'in the same boot'

while IFS= read -r line; do
	ok "in the normal system: $line" vm_ssh "${line#sudo }"
done <<'END'
sudo careen status
sudo careen fingerprint
careen fingerprint --known-hosts NAME
careen help
careen log
careen log --script
sudo careen doctor
END
done_testing
