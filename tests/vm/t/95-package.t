#!/bin/bash
# check-long: builds the package, and boots it four times from its disk
# The package on an untouched Debian: apt install, its own tests (debian/tests), careen enter and a trip
# without a reboot; then a reboot, a trip, an upgrade, a trip, removal, a reboot, purge, a reboot.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../enter.sh"

release=${1:-13}
cd "$vm_src" || bail "no $vm_src"
packages=$vm_src/build/package/vm-$release
version=$(sed -n '1s/^careen (\(.*\))$/\1/p' CHANGES)

# As `make package` builds it, for the VM's libraries if this host's are not newer.
build_package() {
	rm -rf "$packages"
	mkdir -p "$packages/careen" &&
		git ls-files -co --exclude-standard -z -- . ':!screenshots' | xargs -0 cp --parents -t "$packages/careen" &&
		(cd "$packages/careen" && env -i PATH="$PATH" LC_ALL=C.UTF-8 dpkg-buildpackage -b -us -uc) \
			>"$packages/build.log" 2>&1 || return
	mv "$packages/careen_${version}"_*.deb "$packages/careen.deb"
	# a newer one: the version is all that an upgrade looks at
	dpkg-deb -R "$packages/careen.deb" "$packages/newer" &&
		sed -i "s/^Version: .*/Version: $version+1/" "$packages/newer/DEBIAN/control" &&
		dpkg-deb -b --root-owner-group "$packages/newer" "$packages/newer.deb" >/dev/null
}
put() { vm_ssh_in "cat >/root/$1" <"$packages/$1"; }
apt() { VM_TIMEOUT=900 vm_ssh "DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends $* 2>&1"; }
# From its own disk: what the package has left there is what boots.
starts_anew() {
	vm_ssh sync
	vm cold "$VM" && vm_wait running 600 && boot_id=$(fact_boot_id vm_ssh)
}
in_image() { vm_ssh 'lsinitramfs /boot/initrd.img-$(uname -r) | grep -c usr/lib/careen/stub'; }
well() { # WHAT
	is "$(vm_ssh systemctl is-system-running)" running "$1: the system runs"
	is "$(vm_ssh systemctl --failed --no-legend --plain)" '' "$1: no failed unit"
}

# a package of a newer release wants that one's libraries
. /etc/os-release
[ "${VERSION_ID:-0}" -le "$release" ] || skip_all "a package that is built on $PRETTY_NAME is not for Debian $release"
ok 'the package is built' build_package || bail "see $packages/build.log"
vm_boot "$release" --flavour grub --base
ok 'GRUB on the disk' vm_ssh 'grub-install --target=i386-pc /dev/vda && update-grub && sync' || bail 'cannot go on'
boot_id=$(fact_boot_id vm_ssh)
ok 'it is brought there' put careen.deb
ok 'and a newer one' put newer.deb
said=$(apt install /root/careen.deb)
is "$(vm_ssh "dpkg-query -W -f '\${db:Status-Status}' careen")" installed 'apt installs it' || diag "$said"
like "$said" '/etc/careen/authorized_keys has no key' 'it says that nobody can log in yet'
like "$said" 'cat /root/.ssh/authorized_keys >>' "and offers root's own keys"
is "$(vm_ssh "grep -vc '^#' /etc/careen/authorized_keys")" 0 'which it has not taken'
is "$(in_image)" 1 'the initramfs has the rescue'
ok 'keys' vm_ssh 'cat /root/.ssh/authorized_keys >>/etc/careen/authorized_keys'
keys=$(vm_ssh 'sha256sum /etc/careen/dropbear/*')
for name in image enter; do
	ok "debian/tests/$name is brought there" eval "vm_ssh_in 'cat >/root/$name' <debian/tests/$name"
	ok 'and passes' eval "VM_TIMEOUT=900 vm_ssh 'AUTOPKGTEST_TMP=\$(mktemp -d) sh /root/$name >/root/$name.log 2>&1'" ||
		diag "$(vm_ssh tail -n 20 /root/$name.log)"
done

ok 'careen enter, without a reboot' vm_ssh 'careen enter --yes'
ok 'the trip' cli_trip
well 'back'
is "$(fact_boot_id vm_ssh)" "$boot_id" 'back: the same boot'

ok 'the keys come into the image' eval 'VM_TIMEOUT=900 vm_ssh update-initramfs -u'
ok 'a reboot' starts_anew
ok 'the rescue is there' vm_wait ssh1022 60
ok 'the trip, from the initramfs' cli_trip
well 'after it'

said=$(apt install /root/newer.deb)
like "$said" 'stays the old one until the next boot' 'an upgrade says what it does not change'
is "$(vm_ssh "dpkg-query -W -f '\${Version}' careen")" "$version+1" 'it is the newer one'
is "$(vm_ssh 'sha256sum /etc/careen/dropbear/*')" "$keys" 'with the same host keys'
ok 'a reboot into it' starts_anew
ok 'its rescue is there' vm_wait ssh1022 60
ok 'the trip, after the upgrade' cli_trip
well 'after that'

said=$(apt remove careen)
is "$(vm_ssh "dpkg-query -W -f '\${db:Status-Status}' careen")" config-files 'apt removes it' || diag "$said"
is "$(in_image)" 0 'the initramfs is without it'
is "$(vm_ssh 'ls /etc/careen/dropbear | wc -l')" 2 'host keys stay for another install'
ok 'a reboot without it' starts_anew
well 'removed'
not_ok 'no rescue is there' vm_ssh1022 true

ok 'purge' apt purge careen
not_ok 'nothing of it is left in /etc' vm_ssh 'ls -d /etc/careen'
ok 'a reboot after the purge' starts_anew
well 'purged'
done_testing
