# tree.sh - what the rescue is made of; sourced by whoever fills its tree
#
# The initramfs hook puts it into an image, enter-tree into a RAM file system. The
# caller sets DESTDIR (the tree), KERNEL and LIB (where careen's programs are), runs with
# `set -e`, and brings put_exec SOURCE [TARGET] and put_file KIND SOURCE [TARGET], which copy
# as copy_exec and copy_file of initramfs-tools(7) do.

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ETC=/etc/careen
IMAGE_LIB=/usr/lib/careen

# These replace busybox's applets of the same name; nothing in early boot uses them.
REPLACE="e2fsck mke2fs tune2fs resize2fs dumpe2fs debugfs e2image e2label lsattr chattr
	fsck.ext2 fsck.ext3 fsck.ext4 mkfs.ext2 mkfs.ext3 mkfs.ext4
	xfs_repair mkfs.xfs btrfs mkfs.btrfs fsck.vfat mkfs.vfat"
# These go to /usr/local/sbin where the image has another of that name. That directory is
# in the PATH of a login, not in that of early boot, which stays the stock one.
BESIDE="dd tar blkid lsblk findmnt mount umount swapon swapoff mkswap swaplabel sfdisk cfdisk wipefs
	blockdev losetup partx scp less blkdiscard cmp ddrescue gzip zstd xz kexec"
# Large, most of it libraries that nothing else here uses: with tools=full.
LARGE="ip ss ps"
# Of all these, what careen's own operations run: with tools=core nothing else, beside the tools
# of what this machine has in use.
CORE="sfdisk wipefs blockdev partx"

# What a repair may want of the kernel; the machine's own disks are another matter.
MODULES="ext4 xfs btrfs vfat f2fs iso9660 squashfs overlay nls_ascii nls_cp437 nls_utf8
	loop dm-mod dm-crypt xts algif_skcipher dm-mirror dm-snapshot dm-thin-pool
	raid0 raid1 raid10 raid456 virtio_blk virtio_scsi nvme sd_mod sr_mod ahci usb-storage uas"

TERMS="linux vt100 vt102 vt220 xterm xterm-256color xterm-color xterm-16color xterm-mono
	screen screen-256color screen.xterm-256color tmux tmux-256color rxvt rxvt-256color
	rxvt-unicode rxvt-unicode-256color alacritty kitty xterm-kitty foot ansi dumb putty
	putty-256color konsole konsole-256color gnome gnome-256color st st-256color
	vte vte-256color wezterm ghostty xterm-ghostty cygwin mintty iterm2 nsterm Eterm
	sun wyse60 cons25"

say()
{
	echo "careen: $*" >&2
}

give_up()
{
	say "$*"
	exit 1
}

port=1022
address=
filesystems=
tools=default
deadman=900
relogin=120
syslog=
armed=0
consoles=

# to_seconds VALUE: "90s", "15m", "1h" or "off" (0), into $seconds
to_seconds()
{
	case ${1%?} in '' | *[!0-9]* | ??????*) [ "$1" = off ] || wrong "a time is 90s, 15m, 1h or off" ;; esac
	case $1 in
	off) seconds=0 ;;
	*s) seconds=${1%s} ;;
	*m) seconds=$((${1%m} * 60)) ;;
	*h) seconds=$((${1%h} * 3600)) ;;
	*) wrong "a time is 90s, 15m, 1h or off" ;;
	esac
	[ "$1" = off ] || [ "$seconds" -ge 10 ] || wrong "less than 10s is no time to act in"
}

# is_address WORD: an IP address in numbers
is_address()
{
	rest=$1 groups=0
	case $1 in
	'' | *[!0-9a-fA-F.:]* | *:::* | *::*::* | *.*:* | *:*.*) return 1 ;;
	*:*)
		while [ -n "$rest" ]; do
			case ${rest%%:*} in ?????*) return 1 ;; esac
			groups=$((groups + 1))
			case $rest in *:*) rest=${rest#*:} ;; *) rest= ;; esac
		done
		case $1 in *::*) [ $groups -le 9 ] ;; :* | *:) return 1 ;; *) [ $groups -eq 8 ] ;; esac
		;;
	*)
		rest=$rest.
		while [ -n "$rest" ]; do
			group=${rest%%.*} rest=${rest#*.} groups=$((groups + 1))
			case $group in '' | ????* | *[!0-9]*) return 1 ;; esac
			[ "$group" -le 255 ] || return 1
		done
		[ $groups -eq 4 ]
		;;
	esac
}

# to_target VALUE: "ADDRESS", "ADDRESS:PORT" or "[ADDRESS]:PORT", into $syslog as "ADDRESS PORT"
to_target()
{
	target=$1 target_port=514
	case $1 in
	'['*']') target=${1#?} target=${target%?} ;;
	'['*']:'*) target=${1#?} target=${target%%]:*} target_port=${1##*:} ;;
	*:*:*) ;;
	*:*) target=${1%:*} target_port=${1##*:} ;;
	esac
	is_address "$target" || wrong "syslog wants an address in numbers: 192.0.2.1, 192.0.2.1:514 or [2001:db8::1]:514"
	case $target_port in '' | *[!0-9]* | ??????*) wrong "a port is a number" ;; esac
	[ "$target_port" -ge 1 ] && [ "$target_port" -le 65535 ] || wrong "a port is 1 to 65535"
	syslog="$target $target_port"
}

read_settings()
{
	[ -e "$ETC/careen.conf" ] || return 0
	number=0
	while IFS= read -r line || [ -n "$line" ]; do
		number=$((number + 1))
		value=${line#*=}
		case $line in
		'' | '#'*)
			;;
		port=*)
			case $value in '' | *[!0-9]* | ??????*) wrong "a port is a number" ;; esac
			[ "$value" -ge 1 ] && [ "$value" -le 65535 ] || wrong "a port is 1 to 65535"
			port=$value
			;;
		address=*)
			case $value in *[!0-9a-fA-F.:]*) wrong "an address is an IP address, without brackets" ;; esac
			address=$value
			;;
		filesystems=*)
			case $value in *[!a-z0-9\ ]*) wrong "file systems are words: xfs btrfs" ;; esac
			filesystems=$value
			;;
		tools=core | tools=default | tools=full) tools=$value ;;
		tools=*) wrong "tools are core, default or full" ;;
		deadman=*) to_seconds "$value"; deadman=$seconds ;;
		relogin=*) to_seconds "$value"; relogin=$seconds ;;
		syslog=) syslog= ;;
		syslog=*) to_target "$value" ;;
		console=*)
			case $value in *[!A-Za-z0-9\ ]*) wrong "lines are words: tty1 ttyS0" ;; esac
			consoles=$value
			;;
		port_open=always) armed=0 ;;
		port_open=armed) armed=1 ;;
		port_open=*) wrong "the port is open always, or armed" ;;
		*)
			wrong "known are port=, address=, port_open=, console=, filesystems=, tools=, deadman=, relogin= and syslog="
			;;
		esac
	done <"$ETC/careen.conf"
}

wrong()
{
	give_up "$ETC/careen.conf line $number: '$line': $1"
}

# in_image NAME: where the image has a program of that name
in_image()
{
	for dir in usr/sbin usr/bin; do
		[ ! -e "$DESTDIR/$dir/$1" ] || { echo "/$dir/$1"; return 0; }
	done
	return 1
}

is_busybox()
{
	[ "$DESTDIR$1" -ef "$DESTDIR/usr/bin/busybox" ]
}

replace()
{
	src=$(command -v "$1") || return 0
	if old=$(in_image "$1") && is_busybox "$old"; then
		rm -f "$DESTDIR$old"
	fi
	put_exec "$src"
}

beside()
{
	src=$(command -v "$1") || return 0
	src=$(readlink -f "$src")
	# a shell script of the same name would want its interpreter
	[ "$(head -c 4 "$src" | tail -c 3)" = ELF ] || return 0
	if ! old=$(in_image "$1"); then
		put_exec "$src" "/usr/bin/$1"
	elif cmp -s "$src" "$DESTDIR$old"; then
		put_exec "$src" "$old"
	else
		put_exec "$src" "/usr/local/sbin/$1"
	fi
}

# The tools of a file system, or of what lies between disks and file systems.
tools_of()
{
	case $1 in
	ext[234]) echo e2fsck mke2fs tune2fs resize2fs dumpe2fs debugfs e2image e2label lsattr chattr \
		fsck.ext2 fsck.ext3 fsck.ext4 mkfs.ext2 mkfs.ext3 mkfs.ext4 ;;
	xfs) echo xfs_repair mkfs.xfs xfs_growfs xfs_db ;;
	btrfs) echo btrfs mkfs.btrfs btrfstune ;;
	vfat) echo fsck.fat mkfs.fat fatlabel fsck.vfat mkfs.vfat ;;
	f2fs) echo fsck.f2fs mkfs.f2fs resize.f2fs f2fslabel ;;
	lvm) echo lvm dmsetup thin_check ;;
	crypt) echo cryptsetup dmsetup ;;
	md) echo mdadm mdmon ;;
	esac
}

# Those that there is a program for: dmsetup alone is everywhere, and large by its libraries.
containers()
{
	for container in lvm=lvm cryptsetup=crypt mdadm=md; do
		! command -v "${container%=*}" >/dev/null || echo "${container#*=}"
	done
}

# Where there is no sysfs (a chroot that makes an image) nobody can tell: all of them.
containers_in_use()
{
	[ -d /sys/class/block ] || { containers; return; }
	for uuid in /sys/class/block/*/dm/uuid; do
		[ ! -e "$uuid" ] || sed -n 's/^LVM-.*/lvm/p; s/^CRYPT-.*/crypt/p' "$uuid"
	done
	for array in /sys/class/block/*/md; do
		[ ! -d "$array" ] || echo md
	done
}

file_systems_in_use()
{
	sed 's/#.*//' /proc/mounts /etc/fstab 2>/dev/null | while read -r _ _ type _; do echo "$type"; done
}

# What the setting tools= says.
put_tools()
{
	others=
	case $tools in
	core) others=$CORE used=$(containers_in_use) ;;
	default) others=$BESIDE used=$(containers) ;;
	full) others="$BESIDE $LARGE" used="$(containers) xfs btrfs vfat f2fs" ;;
	esac
	used="$used $(file_systems_in_use)"
	[ "$tools" = core ] || for name in $REPLACE; do
		replace "$name"
	done
	for type in $(printf '%s\n' $used $filesystems | sort -u); do
		for name in $(tools_of "$type"); do
			replace "$name"
		done
	done
	for name in $others; do
		beside "$name"
	done
}

# The drivers that this machine's disks and network hang on, up to their buses.
drivers_in_use()
{
	for device in /sys/class/block/*/device /sys/class/net/*/device; do
		device=$(readlink -f "$device") || continue
		while [ "${device#/sys/devices/}" != "$device" ]; do
			[ ! -e "$device/driver/module" ] || basename "$(readlink -f "$device/driver/module")"
			device=${device%/*}
		done
	done | sort -u
}

# The files of $MODULES and of the drivers in use, with what they depend on.
module_files()
{
	modprobe -S "$KERNEL" -a --show-depends $MODULES $(drivers_in_use) 2>/dev/null |
		sed -n 's/^insmod \([^ ]*\).*/\1/p' | sort -u
}

# The firmware that the drivers in use name, if it is here. Some name all that there ever was:
# who has more than 4 MB of it is told, and goes without.
firmware_files()
{
	for driver in $(drivers_in_use); do
		files=$(modinfo -k "$KERNEL" -F firmware "$driver" 2>/dev/null | while read -r name; do
			for file in "/lib/firmware/updates/$name" "/lib/firmware/$name"; do
				for packed in "$file" "$file.xz" "$file.zst"; do
					[ ! -f "$packed" ] || echo "$packed"
				done
			done
		done)
		[ -n "$files" ] || continue
		if [ "$(echo "$files" | xargs stat -L -c %s | awk '{ n += $1 } END { print n > 4194304 }')" = 1 ]; then
			say "the firmware of $driver is too much for the rescue, which goes without it"
		else
			echo "$files"
		fi
	done | sort -u
}

# index_modules ROOT: what busybox's modprobe reads, and nothing else; modules are packed, if
# the kernel's package has not done it: it and the kernel unpack them.
index_modules()
{
	dir=$1/usr/lib/modules/$KERNEL
	for name in order builtin builtin.modinfo; do
		[ ! -e "/lib/modules/$KERNEL/modules.$name" ] || cp "/lib/modules/$KERNEL/modules.$name" "$dir"
	done
	depmod -b "$1" "$KERNEL" 2>/dev/null || say "depmod failed: modules may not load in the rescue"
	rm -f "$dir"/modules.*.bin "$dir/modules.order" "$dir/modules.builtin.modinfo" "$dir/modules.symbols"
	ending=gz packer='gzip -9 -n'
	! command -v xz >/dev/null || ending=xz packer='xz -9 --check=crc32'
	find "$dir" -name '*.ko' -exec $packer {} +
	[ -z "$(find "$dir" -name "*.ko.$ending" -print -quit)" ] || [ ! -e "$dir/modules.dep" ] ||
		sed -i "s/\.ko\([: ]\|\$\)/.ko.$ending\1/g" "$dir/modules.dep"
}

# What is dlopened, so that ldd does not show it.
put_hidden_libs()
{
	for lib in libnss_files libgcc_s; do
		for so in $(ldconfig -p | sed -n "s|^[[:space:]]*$lib\.so\.[0-9]* .*=> *||p"); do
			put_exec "$so"
		done
	done
}

# Beside early boot's, whose scripts ask `command -v`. klibc's tools, which are the stock ones
# where BUSYBOX=n, know few options: a login gets busybox's first. Hard links: in ramfs a symbolic
# one takes a page. `remains PATH` says if the stock one is the rescue's, too.
link_busybox()
{
	mkdir -p "$DESTDIR/usr/local/bin"
	for path in $(busybox --list-full); do
		name=${path##*/}
		case $name in run-init | switch_root | linuxrc | init) continue ;; esac
		if stock=$(in_image "$name") && remains "$stock"; then
			grep -q klibc "$DESTDIR$stock" || continue
		fi
		ln -f "$DESTDIR/usr/bin/busybox" "$DESTDIR/usr/local/bin/$name"
	done
	# the kernel calls these by this path
	for name in poweroff reboot modprobe; do
		[ -e "$DESTDIR/usr/sbin/$name" ] || ln "$DESTDIR/usr/bin/busybox" "$DESTDIR/usr/sbin/$name"
	done
}

put_terminfo()
{
	for term in $TERMS; do
		file=${term%"${term#?}"}/$term
		for dir in /etc/terminfo /lib/terminfo /usr/share/terminfo; do
			if [ -e "$dir/$file" ]; then
				put_file terminfo "$dir/$file" || [ $? = 1 ]
				break
			fi
		done
	done
}

put_locale()
{
	for file in /usr/lib/locale/C.utf8/* /usr/lib/locale/C.utf8/LC_MESSAGES/*; do
		[ ! -f "$file" ] || put_file locale "$file" || [ $? = 1 ]
	done
}

put_host_keys()
{
	sh "$LIB/host-keys" "$ETC/dropbear"
	install -d -m 700 "$DESTDIR/etc/careen/dropbear"
	{
		printf '%s\n' /usr/sbin/dropbear -F -E -s -j -k -m
		case $address in
		*:*) printf '%s\n' -p "[$address]:$port" ;;
		*) printf '%s\n' -p "${address:+$address:}$port" ;;
		esac
		printf '%s\n' -P /run/careen/dropbear.pid -K 30 -I 0 -W 1048576
		for key in "$ETC"/dropbear/*_host_key; do
			[ -s "$key" ] || continue
			install -m 600 "$key" "$DESTDIR/etc/careen/dropbear/"
			printf '%s\n' -r "/etc/careen/dropbear/${key##*/}"
		done
	} >"$DESTDIR/etc/careen/dropbear.argv"
	grep -qx -e -r "$DESTDIR/etc/careen/dropbear.argv" ||
		give_up "no host key in $ETC/dropbear (dropbearkey makes them, package dropbear-bin)"
}

# What careen itself reads in the rescue (core/model/settings.c).
put_careen_settings()
{
	printf '%s\n' "deadman=$deadman" "relogin=$relogin" "syslog=$syslog" "armed=$armed" \
		"consoles=$consoles" >"$DESTDIR/etc/careen/settings"
	chmod 644 "$DESTDIR/etc/careen/settings"
}

# The real root is mounted over the image's /root until run-init moves it. dropbear has no
# option against the forwarding of an agent, and -j and -k speak of TCP alone.
put_authorized_keys()
{
	no_forwarding=no-port-forwarding,no-agent-forwarding,no-X11-forwarding
	install -d -m 700 "$DESTDIR/root/.ssh"
	chmod 700 "$DESTDIR/root"
	[ ! -e "$ETC/authorized_keys" ] ||
		sed -e '/^[[:space:]]*\(#\|$\)/d' -e 's/^[[:space:]]*//' \
			-e "/^\(ssh\|ecdsa\|sk\)-/{s/^/$no_forwarding /;b}" -e "s/^/$no_forwarding,/" \
			"$ETC/authorized_keys" >"$DESTDIR/root/.ssh/authorized_keys"
	[ -e "$DESTDIR/root/.ssh/authorized_keys" ] || : >"$DESTDIR/root/.ssh/authorized_keys"
	chmod 600 "$DESTDIR/root/.ssh/authorized_keys"
	grep -qE '(ssh-(rsa|ed25519)|ecdsa-sha2-nistp(256|384|521)) ' "$DESTDIR/root/.ssh/authorized_keys" ||
		say "WARNING: no key in $ETC/authorized_keys: nobody can log in to the rescue on port $port"
}

put_etc()
{
	rescue=$DESTDIR/etc/careen/rescue
	install -d -m 755 "$rescue"
	cat >"$rescue/passwd" <<-'END'
	root:*:0:0:root:/root:/usr/bin/careen
	nobody:*:65534:65534:nobody:/:/bin/false
	END
	printf '%s\n' root:x:0: tty:x:5: disk:x:6: nogroup:x:65534: >"$rescue/group"
	printf '%s\n' /usr/bin/careen /bin/sh >"$rescue/shells"
	printf '%s\n' 'passwd: files' 'group: files' 'shadow: files' 'hosts: files' >"$rescue/nsswitch.conf"
	cat >"$rescue/profile" <<-'END'
	export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	PS1='rescue:\w\$ '
	END
	chmod 644 "$rescue"/*
	for file in /etc/os-release /etc/mke2fs.conf /etc/e2fsck.conf; do
		[ ! -e "$file" ] || [ -e "$DESTDIR$file" ] || install -m 644 "$file" "$DESTDIR$file"
	done
	mkdir -p "$DESTDIR/oldroot"
}

# Before anything is put anywhere.
check_programs()
{
	console=$(command -v careen) || give_up "no careen in /usr/sbin or /usr/local/sbin"
	for program in run-init stub escape lifeline trim one-shot host-keys mend-root encrypt-root root-stream file-flags; do
		[ -x "$LIB/$program" ] || give_up "no $LIB/$program"
	done
	command -v dropbear >/dev/null || give_up "no dropbear (package dropbear-bin)"
	command -v busybox >/dev/null || give_up "no busybox (package busybox)"
	command -v e2fsck >/dev/null || say "WARNING: no e2fsck (package e2fsprogs): the rescue cannot check ext4"
	read_settings
}

# All that is copied from the running system: nearly all of the tree's size.
put_programs()
{
	for program in stub escape lifeline; do
		put_exec "$LIB/$program" "$IMAGE_LIB/$program"
	done
	for script in mend-root encrypt-root root-stream file-flags; do
		install -D -m 755 "$LIB/$script" "$DESTDIR$IMAGE_LIB/$script"
	done
	put_exec "$console" /usr/bin/careen
	put_tools
	put_exec "$(readlink -f "$(command -v busybox)")" /usr/bin/busybox
	put_exec "$(command -v dropbear)" /usr/sbin/dropbear
	# where Debian's dropbear looks for it: _PATH_SSH_SFTP_SERVER in its localoptions.h
	if [ -e /usr/lib/sftp-server ]; then
		put_exec "$(readlink -f /usr/lib/sftp-server)" /usr/lib/sftp-server
	else
		say "no /usr/lib/sftp-server (package openssh-sftp-server): scp and sftp will not work in the rescue"
	fi
	put_hidden_libs
	put_terminfo
	put_locale
}

# What a tool is allowed in the normal system (mount is setuid) is nobody's need in the rescue.
tighten()
{
	find "$DESTDIR" -xdev \( ! -user 0 -o ! -group 0 \) -exec chown -h 0:0 {} +
	find "$DESTDIR" -xdev ! -type l -perm /6022 -exec chmod ug-s,go-w {} +
}

# All that is made for it.
put_settings()
{
	link_busybox
	put_host_keys
	put_careen_settings
	put_authorized_keys
	put_etc
	"$LIB/one-shot" inputs >"$DESTDIR/etc/careen/inputs"
	tighten
}
