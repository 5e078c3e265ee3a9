#!/bin/bash
# check-long: the clock has to pass a lease, on each release
# NetworkManager is killed, and what it has made stays: a lease, a VLAN, a bridge, a bond.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

steps() { vm_ssh1022 "for s in $*; do careen run \$s --yes --take-over || exit; done"; }
# What the kernel has, told in the same way from both sides: numbers of interfaces, too.
links='cd /sys/class/net; ls -d br0/brif/* bond0/lower_*; cat bond0/bonding/slaves bond0/bonding/mode
	sed 1,2d /proc/net/vlan/config
	for l in ens3 dummy0 dummy1 bond0 br0 br0.7; do cat $l/ifindex $l/address $l/operstate; done'
addresses() { vm_ssh "ip -4 -o address show dev $1 scope global"; }
has() { vm_ssh nmcli -t -f DEVICE,STATE,CONNECTION device | grep -qx "$1:connected:$1"; }

for release in 13 12; do
	note "Debian $release"
	vm_boot $release --flavour networkmanager
	boot_id=$(fact_boot_id vm_ssh)
	before=$(vm_ssh "$links")
	like "$before" '^br0.7 .*7 .*br0' 'a VLAN'
	like "$before" '^dummy0 dummy1' 'a bond'
	like "$before" '^br0/brif/bond0' 'a bridge'
	for link in ens3 dummy0 dummy1 bond0 br0 br0.7; do ok "NetworkManager has $link" has $link; done
	ok 'the console' op_console
	# What NetworkManager cannot renew any more, a minute of life. QEMU's DHCP server gives no router
	# to a network that leads nowhere.
	vm_ssh 'ip route replace default via 10.0.2.2 dev ens3
		ip address change 10.0.2.15/24 dev ens3 valid_lft 60 preferred_lft 50
		ip address add fd00:ca::5/64 dev br0.7 nodad valid_lft 60 preferred_lft 50
		ip -6 route add default via fd00:ca::1 dev br0.7 proto ra expires 60'
	ends=$(($(vm_ssh cut -d. -f1 /proc/uptime) + 65))
	ok 'off the disk' steps detach kill unmount || bail 'cannot go on'
	vm_ssh1022 "while read u x </proc/uptime && [ \${u%.*} -le $ends ]; do sleep 1; done"
	like "$(vm_ssh1022 ip address show dev ens3)" 'inet 10.0.2.15/24' 'the address is there after its end'
	like "$(vm_ssh1022 ip route show)" 'default via 10.0.2.2' 'and the default route'
	like "$(vm_ssh1022 ip -6 route show)" 'default via fd00:ca::1' 'and that of IPv6'
	is "$(vm_ssh1022 "$links")" "$before" 'VLAN, bridge and bond are as they were'
	like "$(vm_ssh1022 ip address show dev br0.7)" 'inet 198.51.100.1/24' 'with their addresses'
	like "$(vm_ssh1022 ip address show dev br0.7)" 'inet6 fd00:ca::5/64' 'and one that has had an end'
	ok 'the session lives' con_alive
	ok 'resume' steps resume || bail 'cannot go on'
	is "$(vm_ssh systemctl is-system-running)" running 'the system runs'
	is "$(vm_ssh systemctl --failed --no-legend --plain)" '' 'no failed unit'
	is "$(fact_boot_id vm_ssh)" "$boot_id" 'the same boot'
	for link in ens3 dummy0 dummy1 bond0 br0 br0.7; do
		ok "NetworkManager has $link again" eventually 30 has $link
	done
	ok 'a lease of its own' eventually 30 eval 'addresses ens3 | grep -q "dynamic.*valid_lft 8[0-9]*sec"'
	is "$(addresses ens3 | wc -l)" 1 'one address, and not a second'
	is "$(vm_ssh "$links")" "$before" 'VLAN, bridge and bond are as they were'
	is "$(addresses br0.7 | wc -l)" 1 'with their addresses'
	unlike "$(vm_ssh ip -6 -o address show dev br0.7 | grep fd00:ca::5)" forever 'what nobody renews has an end again'
	unlike "$(vm_ssh ip -6 route show default | grep -v expires)" fd00:ca::1 'a route, too'
	ok 'the session has lived through it' con_alive
	vm_stop
done
done_testing
