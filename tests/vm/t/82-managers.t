#!/bin/bash
# check-long: a kernel of its own, and many packages
# Who must live in user space, and the operator comes in by its link: a blocker, by its name; and
# none for a session by another link. Real programs, with their other ends in a namespace.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

far='ip netns exec far'
# by ADDRESS COMMAND: what careen says to a session from over there
by() {
	vm_ssh "$far ssh -i /root/key -p 1022 -o BatchMode=yes -o StrictHostKeyChecking=accept-new \
		-o UserKnownHostsFile=/dev/null root@$1 '$2' 2>&1"
}
run() { vm_ssh "systemd-run -q --unit=$1 $2"; }
stop() { vm_ssh "systemctl stop $*"; }
reaches() { eventually 60 vm_ssh "$far timeout 2 bash -c ': </dev/tcp/$1/1022'"; }

# is_blocker NAME ADDRESS LINK: for a session to that address, and not for the one by ens3
is_blocker() {
	ok "$1: its link" reaches "$2"
	like "$(by "$2" 'careen run detach --yes --take-over')" "$1 \(pid [0-9]+\) keeps $3 up" \
		"$1: Detach is refused to who comes in by it, with its name"
	like "$(vm_ssh1022 careen status)" "note +$3 goes down with $1 \(pid [0-9]+\)" "$1: not to another"
	unlike "$(vm_ssh1022 careen status)" '^Network +blocker' "$1: there is no blocker then"
}

vm_boot 13 --flavour managers
boot_id=$(fact_boot_id vm_ssh)
vm_ssh_in 'umask 077; cat >/root/key' <"$vm_build/key"
ok 'another network' vm_ssh "ip netns add far; $far ip link set lo up
	for n in v t; do ip link add \${n}0 type veth peer name \${n}1 netns far; done
	ip address add 10.1.0.1/24 dev v0; ip link set v0 up
	$far ip address add 10.1.0.2/24 dev v1; $far ip link set v1 up
	$far ip address add 10.7.0.2/24 dev t1; $far ip link set t1 up"
ok 'leads to us' reaches 10.1.0.1
unlike "$(by 10.1.0.1 'careen status')" '^Network +blocker' 'nothing in the way'

vm_ssh 'openvpn --genkey secret /root/static.key'
vpn='--secret /root/static.key --cipher AES-256-CBC'
run vpn "openvpn --dev tun9 --ifconfig 10.9.0.1 10.9.0.2 $vpn"
run vpn-far "$far openvpn --dev tun8 --ifconfig 10.9.0.2 10.9.0.1 --remote 10.1.0.1 $vpn"
is_blocker openvpn 10.9.0.1 tun9
stop vpn vpn-far

run ppp "pppd nodetach noauth local 10.8.0.1:10.8.0.2 pty \
	'$far pppd notty nodetach noauth local 10.8.0.2:10.8.0.1'"
is_blocker pppd 10.8.0.1 ppp0
stop ppp

run team "teamd -t team0 -c '{\"runner\": {\"name\": \"activebackup\"},
	\"link_watch\": {\"name\": \"ethtool\"}, \"ports\": {\"t0\": {}}}'"
ok 'a team' eventually 30 vm_ssh 'ip address add 10.7.0.1/24 dev team0 && ip link set team0 up'
is_blocker teamd 10.7.0.1 team0
stop team

ok 'radios' vm_ssh "modprobe mac80211_hwsim radios=2 && udevadm settle && iw phy phy1 set netns name far
	printf 'interface=%s\ndriver=nl80211\nssid=x\nhw_mode=g\nchannel=1\nwpa=2\nwpa_key_mgmt=WPA-PSK
	rsn_pairwise=CCMP\nwpa_passphrase=correcthorse\n' \$($far ls /sys/class/ieee80211/phy1/device/net) |
		sed 's/^[[:space:]]*//' >/root/hostapd.conf
	printf 'network={\nssid=\"x\"\npsk=\"correcthorse\"\n}\n' >/root/wpa.conf"
radio=$(vm_ssh ls /sys/class/ieee80211/phy0/device/net)
run ap "$far hostapd /root/hostapd.conf"
run wifi "wpa_supplicant -i $radio -c /root/wpa.conf"
vm_ssh "ip address add 10.6.0.1/24 dev $radio; $far ip address add 10.6.0.2/24 dev $(vm_ssh "$far ls /sys/class/ieee80211/phy1/device/net")"
is_blocker wpa_supplicant 10.6.0.1 "$radio"
stop wifi ap

vm_ssh 'printf "ctrl_interface=/run/wpa\nap_scan=0\nnetwork={\nkey_mgmt=IEEE8021X\neap=MD5\nidentity=\"x\"\npassword=\"x\"\neapol_flags=0\n}\n" >/root/wired.conf'
run wired 'wpa_supplicant -D wired -i v0 -c /root/wired.conf'
ok '802.1X on a wire' eventually 30 vm_ssh 'grep -q 888e /proc/net/packet'
is_blocker wpa_supplicant 10.1.0.1 v0
stop wired

vm_ssh 'printf "%s\n" "connections { x { remote_addrs = 10.1.0.2" "local { auth = psk }" "remote { auth = psk }" \
	"children { x {" "remote_ts = 10.99.0.0/24" "start_action = trap" "} } } }" >/etc/swanctl/conf.d/x.conf
	systemctl start strongswan'
ok 'IPsec' eventually 30 vm_ssh 'swanctl --load-conns; ip xfrm policy | grep -q 10.99'
like "$(vm_ssh1022 careen run detach --yes --take-over 2>&1)" 'charon-systemd \(pid [0-9]+\) keeps IPsec up' \
	'its daemon is a blocker for everybody'
ok 'no IPsec any more' vm_ssh 'swanctl --uninstall --child x && ! ip xfrm policy | grep -q 10.99'
unlike "$(vm_ssh1022 careen status)" '^Network +blocker' 'a daemon that has nothing to do is none'

ok 'WireGuard' vm_ssh "cd /root; umask 077; for k in a b; do wg genkey >\$k; wg pubkey <\$k >\$k.pub; done
	ip link add wg0 type wireguard; $far ip link add wg1 type wireguard
	wg set wg0 private-key a listen-port 51820 peer \$(cat b.pub) allowed-ips 10.5.0.2/32
	$far wg set wg1 private-key b peer \$(cat a.pub) allowed-ips 10.5.0.1/32 endpoint 10.1.0.1:51820
	ip address add 10.5.0.1/24 dev wg0; ip link set wg0 up
	$far ip address add 10.5.0.2/24 dev wg1; $far ip link set wg1 up"
ok 'WireGuard: its link' reaches 10.5.0.1
unlike "$(by 10.5.0.1 'careen status')" '^Network +blocker' 'the kernel does it: no blocker'
is "$(fact_boot_id vm_ssh)" "$boot_id" 'nothing has happened'
vm_stop
done_testing
