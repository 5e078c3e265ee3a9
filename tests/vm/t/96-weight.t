#!/bin/bash
# check-long: an initramfs of everything, unpacked in emulation
# The rescue's weight on the kernel of real machines, whose initramfs has every driver: what early boot
# alone needed is gone once the system runs, the rest is what a trip and a repair want.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../enter.sh"

trimmed() { vm_ssh1022 'test ! -e /usr/lib/careen/keep'; }
# largest: what there is, for who wants to know
largest() { vm_ssh1022 'find / -xdev -type f -size +150k -exec ls -ln {} + | awk "{ print \$5, \$9 }" | sort -rn | head -n 40'; }

light() { # RELEASE
	local what="Debian $1" weight
	like "$(vm_ssh uname -r)" '[0-9]-amd64$|[0-9]\+deb[0-9]+-amd64$' "$what: it is the kernel of real machines"
	ok "$what: early boot's files go" eventually 60 trimmed || bail "$what: cannot go on: $(vm_ssh1022 'dmesg | grep careen')"
	note "$(vm_ssh1022 'dmesg | grep careen-trim')"
	weight=$(rescue_ram bytes)
	note "$what: $weight bytes in RAM, $(rescue_ram files) of files, $(rescue_ram processes) of programs"
	note "$(largest)"
	ok "$what: no more than 24 MB: $weight" test "$weight" -gt 1000000 -a "$weight" -le $rescue_limit
	like "$(vm_ssh1022 careen status)" '^Rescue +[0-9]+[.][0-9] MB in RAM' "$what: careen status says it"
	like "$(vm_ssh 'careen status')" '^Rescue +[0-9]+[.][0-9] MB in RAM' "$what: in the normal system, too"
	ok "$what: the system's own root has lost nothing" vm_ssh 'test -x /usr/bin/udevadm -a -d /lib/modules/$(uname -r)/kernel/drivers/net'
	is "$(vm_ssh1022 'ls -d /scripts /conf /init /usr/lib/udev /usr/bin/kmod 2>/dev/null')" '' "$what: nothing of early boot is there"
	like "$(vm_ssh1022 'dmesg | grep careen')" 'files of early boot removed' "$what: the kernel's log has what was done"
	unlike "$(vm_ssh1022 'dmesg | grep careen-trim')" 'cannot' "$what: nothing went wrong"
}

# The console's commands, out and back.
trip() { # RELEASE
	local what="Debian $1" m
	off
	is "$(fact_pid1)" /usr/lib/careen/stub "$what: PID 1 is the stub"
	for m in xfs f2fs raid1; do
		not_ok "$what: $m is not loaded" vm_ssh1022 "test -d /sys/module/$m"
		ok "$what: modprobe loads it" vm_ssh1022 "modprobe $m && test -d /sys/module/$m"
	done
	not_ok "$what: btrfs is not there" vm_ssh1022 'grep -qw btrfs /proc/filesystems'
	vm_ssh1022 'mkdir /tmp/m; mount -t btrfs /dev/vda /tmp/m' >/dev/null 2>&1	# it is none
	ok "$what: the kernel loads it by itself" vm_ssh1022 'grep -qw btrfs /proc/filesystems'
	ok "$what: the root is checked" vm_ssh1022 'careen run repair --device vda1 --tool ext4-fix --confirm vda1-0001'
	ok "$what: resume" vm_ssh1022 'careen run resume --yes' || bail "$what: cannot go on"
	is "$(vm_ssh systemctl is-system-running)" running "$what: the system runs"
	is "$(vm_ssh systemctl --failed --no-legend --plain)" '' "$what: no failed unit"
	is "$(fact_boot_id vm_ssh)" "$boot_id" "$what: the same boot"
	ok "$what: no heavier for it: $(rescue_ram bytes)" test "$(rescue_ram bytes)" -le $rescue_limit
}

# The tree of careen enter, which is the same.
entered() { # RELEASE
	local what="Debian $1, careen enter" weight
	begin "$1" --flavour generic
	keys_in && ok "$what" vm_ssh 'careen enter --yes' || bail "$what: cannot go on"
	weight=$(rescue_ram bytes)
	ok "$what: no more than 24 MB: $weight" test "$weight" -gt 1000000 -a "$weight" -le $rescue_limit
	vm_stop
}

for release in ${CAREEN_RELEASES:-12 13}; do
	vm_boot $release --flavour generic
	boot_id=$(fact_boot_id vm_ssh)
	light $release
	trip $release
	vm_stop
	entered $release
done
done_testing
