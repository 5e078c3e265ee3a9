# The recipe of the Debian systems that the VMs run: packages and settings.
# Sourced by `image`. Its checksum names the cached trees, so every change here
# costs a new debootstrap (about a minute a release): keep experiments elsewhere.

suite_of() {
	case $1 in
	12) echo bookworm ;;
	13) echo trixie ;;
	*) echo "no such Debian release: $1 (12, 13)" >&2; return 2 ;;
	esac
}

# What a small server has, with services that make careen's life realistically hard:
# udevd, logind and timesyncd live in mount namespaces of their own.
packages_of() {
	local p=(linux-image-cloud-amd64 systemd-sysv systemd-timesyncd dbus libpam-systemd udev
		openssh-server initramfs-tools busybox zstd e2fsprogs dropbear-bin
		iproute2 kmod procps cron tar libncursesw6 libmount1 libblkid1
		fdisk attr acl psmisc)
	case $1 in
	12) p+=(ifupdown isc-dhcp-client rsyslog) ;;
	13) p+=() ;;	# systemd-networkd is in systemd itself
	esac
	(IFS=,; echo "${p[*]}")
}

build_packages="gcc,libc6-dev,musl-tools,make,pkg-config,libncurses-dev,libmount-dev,libblkid-dev"

root_uuid_of() {
	echo "ca4ee000-0000-4000-8000-0000000000$1"
}

# configure RELEASE TREE: everything that is not a package.
configure() {
	local release=$1 tree=$2 unit

	echo db1 >"$tree/etc/hostname"
	printf '127.0.0.1 localhost\n127.0.1.1 db1\n::1 localhost\n' >"$tree/etc/hosts"
	# A known machine id: with none, systemd would apply all presets at the first boot.
	echo "ca4ee00000004000800000000000$(printf %04d "$release")" >"$tree/etc/machine-id"
	echo "UUID=$(root_uuid_of "$release") / ext4 errors=remount-ro 0 1" >"$tree/etc/fstab"
	echo 'LANG=C.UTF-8' >"$tree/etc/default/locale"
	ln -sf /usr/share/zoneinfo/UTC "$tree/etc/localtime"

	if [ -x "$tree/sbin/ifup" ]; then
		printf 'auto lo\niface lo inet loopback\n\nauto ens3\niface ens3 inet dhcp\n' \
			>"$tree/etc/network/interfaces"
	else
		printf '[Match]\nName=en*\n\n[Network]\nDHCP=ipv4\nIPv6AcceptRA=no\n' \
			>"$tree/etc/systemd/network/80-wired.network"
		chroot "$tree" systemctl -q enable systemd-networkd 2>/dev/null
	fi

	# Periodic noise that would run in the middle of a test.
	for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
		e2scrub_all.timer e2scrub_reap.service fstrim.timer man-db.timer logrotate.timer; do
		ln -sf /dev/null "$tree/etc/systemd/system/$unit"
	done
	mkdir -p "$tree/etc/ssh/sshd_config.d"
	printf 'UseDNS no\nPermitRootLogin prohibit-password\n' >"$tree/etc/ssh/sshd_config.d/vm.conf"
	: >"$tree/etc/motd"
	# Unpacking is emulated too: trade size for speed. And where the image is made there is no
	# disk with that UUID, to see which fsck has to go into the initramfs.
	printf 'COMPRESSLEVEL=1\nFSTYPE=ext4\n' >"$tree/etc/initramfs-tools/conf.d/vm"
	rm -rf "$tree"/var/lib/apt/lists/* "$tree"/var/cache/apt/*.bin
}
