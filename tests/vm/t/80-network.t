#!/bin/bash
# check-long: the clock has to pass a lease, on each release
# The network outlives its managers, and disks, modules and udev's database the end of udevd.
# Debian 12: ifupdown with dhclient, then static; Debian 13: systemd-networkd, ifupdown with dhcpcd.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

steps() { vm_ssh1022 "for s in $*; do careen run \$s --yes --take-over || exit; done"; }
addresses() { vm_ssh ip -4 -o address show dev ens3 scope global; }
off() {
	ok "$what: off the disk" steps detach kill unmount || bail "$what: cannot go on"
}
back() {
	ok "$what: resume" steps resume || bail "$what: cannot go on"
	is "$(vm_ssh systemctl is-system-running)" running "$what: the system runs"
	is "$(vm_ssh systemctl --failed --no-legend --plain)" '' "$what: no failed unit"
	is "$(fact_boot_id vm_ssh)" "$boot_id" "$what: the same boot"
	ok "$what: the session has lived through it" con_alive
}

# A process of that name, with a link of its own if it is given one.
fake() {
	vm_ssh_in 'cat >/root/fake.pl' <<-'END'
		$0 = $ARGV[0];
		if ($ARGV[1]) {
			open(F, "+<", "/dev/net/tun") or die $!;
			ioctl(F, 0x400454ca, pack("a16s", $ARGV[1], 1)) or die $!;	# TUNSETIFF, IFF_TUN
			system("ip link set $ARGV[1] up");
		}
		sleep 10000;
	END
	vm_ssh "systemd-run -q --unit=fake-$1 perl /root/fake.pl $*"
	[ $# -lt 2 ] || eventually 20 vm_ssh "ip link show $2 up | grep -q UP"
}

# What the managers cannot renew any more: an address and a route of each kind, a minute of life.
# QEMU's DHCP server gives no router to a network that leads nowhere.
shorten() {
	vm_ssh 'sysctl -qw net.ipv6.conf.ens3.disable_ipv6=0 net.ipv6.conf.ens3.accept_ra=0
		ip route replace default via 10.0.2.2 dev ens3
		ip address change 10.0.2.15/24 dev ens3 valid_lft 60 preferred_lft 50
		ip address add fd00:ca::5/64 dev ens3 nodad valid_lft 60 preferred_lft 50
		ip -6 route add default via fd00:ca::1 dev ens3 proto ra expires 60'
	ends=$(($(vm_ssh cut -d. -f1 /proc/uptime) + 65))
}
outlived() {
	vm_ssh1022 "while read u x </proc/uptime && [ \${u%.*} -le $ends ]; do sleep 1; done"
	like "$(vm_ssh1022 ip address show dev ens3)" 'inet 10.0.2.15/24' "$what: the address is there after its end"
	like "$(vm_ssh1022 ip address show dev ens3)" 'inet6 fd00:ca::5/64' "$what: and the one of IPv6"
	like "$(vm_ssh1022 ip -6 route show)" 'default via fd00:ca::1' "$what: and the route of a router's advertisement"
	like "$(vm_ssh1022 ip route show)" 'default via 10.0.2.2' "$what: and the default route"
	ok "$what: the session lives" con_alive
	con_keys F1
	ok "$what: and answers" con_wait 'Help' 20
	con_keys Escape
}
# What its manager does by itself: not dhclient, which adds what is there already. It is made to renew
# its lease soon.
renewed() {
	like "$(vm_ssh1022 cat '/run/careen/jobs/*/events')" 'default route by fd00:ca::1 on ens3 ends in 600 s' \
		"$what: what nobody renews has an end again"
	unlike "$(vm_ssh ip -6 route show default | grep -v expires)" fd00:ca::1 "$what: a route"
	unlike "$(vm_ssh ip -6 -o address show dev ens3 | grep fd00:ca::5)" forever "$what: and an address"
	is "$(addresses | wc -l)" 1 "$what: one address, and not a second"
	ok "$what: the same, leased anew" eventually 90 eval \
		'addresses | grep -Eq "inet 10.0.2.15/24.* dynamic .*valid_lft 8[0-9]{4}sec"'
}

hotplug() {
	ok 'a disk is plugged in, and udevd is gone' vm add-disk "$VM" 64M
	ok 'its node appears' eventually 30 vm_ssh1022 test -b /dev/vdb
	ok 'careen sees it' eventually 30 eval 'vm_ssh1022 careen status --json | grep -q "\"/dev/vdb\""'
	ok 'a repair tool can use it' vm_ssh1022 careen run repair --device vdb --tool ext4-make --confirm vdb-0002 --take-over
	# an ordinary open of the device, which an exclusive one does not see
	vm_ssh1022 'exec setsid sleep 1000003 </dev/vdb >/dev/null 2>&1 & sleep 0.1'
	like "$(vm_ssh1022 'careen run repair --device vdb --tool ext4-check --yes --take-over 2>&1')" \
		'/dev/vdb is in use: pid [0-9]+ sleep has it open' 'not while somebody has it open, and who that is is said'
	vm_ssh1022 'kill $(ps -eo pid,args | awk "/[s]leep 1000003/ { print \$1 }")'
	ok 'the kernel finds modprobe in the rescue' vm_ssh1022 'test -x $(cat /proc/sys/kernel/modprobe)'
	not_ok 'a file system that the kernel has not yet' vm_ssh1022 'grep -qw xfs /proc/filesystems'
	vm_ssh1022 'mkdir /tmp/m; mount -t xfs /dev/vdb /tmp/m' >/dev/null 2>&1	# it is none
	ok 'is loaded when something is mounted' vm_ssh1022 'grep -qw xfs /proc/filesystems'
	ok 'and modprobe works by hand' vm_ssh1022 'modprobe f2fs && test -d /sys/module/f2fs'
}
known() {
	like "$(vm_ssh1022 cat '/run/careen/jobs/*/events')" 'udev looks at every device again: [0-9]+ device events' 'udev is told that there was more'
	like "$(vm_ssh udevadm info /dev/vdb)" 'ID_FS_TYPE=ext4' 'udev knows the disk that came meanwhile'
	ok 'under all its names' vm_ssh test -b /dev/disk/by-id/virtio-CAREEN0002
	like "$(vm_ssh udevadm info /dev/vda1)" 'ID_FS_TYPE=ext4' 'and those that were there'
}

static() {
	vm_ssh_in 'cat >/root/static' <<-'END'
		ifdown ens3	# before its DHCP client is forgotten
		sed -i 's/^iface ens3 .*/iface ens3 inet static\n address 10.0.2.15\/24\n gateway 10.0.2.2/' /etc/network/interfaces
		ifup ens3
	END
	vm_ssh systemd-run -q --wait sh /root/static
}

# trip [FUNCTION]: there, past the end of every lease, and back; FUNCTION is called in between
trip() {
	shorten
	off
	[ $# -eq 0 ] || "$1"
	outlived
	back
	renewed
}
begin() {
	what=$1
	shift
	vm_boot "$@"
	boot_id=$(fact_boot_id vm_ssh)
	ok "$what: the console" op_console
}

begin 'Debian 13' 13
fake wpa_supplicant
fake openvpn tun9
like "$(vm_ssh1022 careen status)" 'tun9 goes down with openvpn \(pid [0-9]+\)' \
	'whose link the session does not come through is no blocker'
trip hotplug
known
vm_stop

begin 'Debian 13, ifupdown and dhcpcd' 13 --flavour ifupdown
trip
ok "$what: its client runs" vm_ssh pgrep -x dhcpcd
vm_stop

begin 'Debian 12' 12
vm_ssh 'echo "supersede dhcp-renewal-time 20;" >>/etc/dhcp/dhclient.conf'
trip
ok "$what: its client runs" vm_ssh pgrep -x dhclient
what='Debian 12, static'
ok "$what: set up" static
unlike "$(addresses)" dynamic "$what: no lease"
off
back
is "$(addresses | wc -l)" 1 "$what: one address"
like "$(vm_ssh ip route)" 'default via 10.0.2.2' "$what: and the default route"
done_testing
