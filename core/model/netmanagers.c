/* netmanagers.c - the processes that carry the network, and what dies with them */
#include "model/network_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "model/procfile.h"

/*
 * By comm, which the kernel cuts at 15 bytes. kind: in words, what IFLA_INFO_KIND
 * or sysfs calls the links that the program keeps up, and that die with it; "ipsec"
 * where it keeps keys of the kernel's; NULL where it only gives out addresses and
 * routes, which stay.
 */
static const struct {
	const char *comm, *kind;
} managers[] = {
	{ "systemd-network", NULL }, { "NetworkManager", NULL }, { "dhclient", NULL },
	{ "dhcpcd", NULL }, { "dhcpcd5", NULL }, { "udhcpc", NULL }, { "udhcpc6", NULL },
	{ "connmand", NULL }, { "dhcp6c", NULL }, { "odhcp6c", NULL },
	{ "avahi-autoipd", NULL }, { "netifd", NULL }, { "wicked", NULL },
	{ "wickedd", NULL }, { "wickedd-dhcp4", NULL }, { "wickedd-dhcp6", NULL },
	{ "wickedd-nanny", NULL }, { "pump", NULL }, { "dibbler-client", NULL },
	{ "nm-dispatcher", NULL }, { "nm-dhcp-helper", NULL }, { "rdnssd", NULL },
	{ "zebra", NULL }, { "bgpd", NULL }, { "ospfd", NULL }, { "ospf6d", NULL },
	{ "isisd", NULL }, { "staticd", NULL }, { "watchfrr", NULL }, { "bird", NULL },
	{ "babeld", NULL }, { "keepalived", NULL },
	{ "wpa_supplicant", "wlan" }, { "iwd", "wlan" }, { "hostapd", "wlan" },
	{ "ModemManager", "wwan" },
	{ "pppd", "ppp" }, { "pppoe", "ppp" }, { "xl2tpd", "ppp" }, { "pptp", "ppp" },
	{ "sstpc", "ppp" }, { "openfortivpn", "ppp" },
	{ "teamd", "team" },
	{ "ovs-vswitchd", "openvswitch" }, { "ovsdb-server", "openvswitch" },
	{ "openvpn", "tun ovpn ovpn-dco" }, { "vpnc", "tun" }, { "openconnect", "tun" },
	{ "tailscaled", "tun" }, { "zerotier-one", "tun" }, { "wireguard-go", "tun" },
	{ "boringtun", "tun" }, { "boringtun-cli", "tun" }, { "tincd", "tun" },
	{ "nebula", "tun" }, { "netbird", "tun" }, { "fastd", "tun" }, { "tayga", "tun" },
	{ "miredo", "tun" }, { "slirp4netns", "tun" },
	{ "charon", "ipsec" }, { "charon-systemd", "ipsec" }, { "pluto", "ipsec" },
	{ "racoon", "ipsec" },
};

static const char *manager_kind(const char *comm, bool *ret_found)
{
	size_t i;

	*ret_found = true;
	for (i = 0; i < sizeof(managers) / sizeof(managers[0]); i++)
		if (!strcmp(managers[i].comm, comm))
			return managers[i].kind;
	*ret_found = false;
	return NULL;
}

bool network_manager_name(const char *comm, bool *ret_needed)
{
	bool found;
	const char *kind = manager_kind(comm, &found);

	if (found)
		*ret_needed = kind != NULL;
	return found;
}

static bool same_netns(pid_t pid)
{
	struct stat ours, theirs;
	char path[48];

	text_fmt(path, sizeof(path), "/proc/%d/ns/net", pid);
	return stat(path, &theirs) < 0 || stat("/proc/self/ns/net", &ours) < 0 ||
	       ours.st_ino == theirs.st_ino;
}

/*
 * Has @pid the tun device @name? proc(5) fdinfo says "iff:" of an open one
 * [drivers/net/tun.c tun_chr_show_fdinfo()]; what cannot be read may be one.
 */
static bool has_tun(pid_t pid, const char *name)
{
	char path[48], want[IF_NAMESIZE + 8], *text;
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	text_fmt(want, sizeof(want), "iff:\t%s\n", name);
	text_fmt(path, sizeof(path), "/proc/%d/fdinfo", pid);
	dir = opendir(path);
	if (!dir)
		return errno != ENOENT;
	while (!found && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    file_read_all(dirfd(dir), entry->d_name, &text, NULL) < 0)
			continue;
		found = strstr(text, want) != NULL;
		free(text);
	}
	closedir(dir);
	return found;
}

static bool keeps_up(const struct link *l, const char *kind, pid_t pid)
{
	if (l->eapol && text_has_word(kind, "wlan"))
		return true;
	return text_has_word(kind, l->kind) && (strcmp(l->kind, "tun") || has_tun(pid, l->name));
}

/* What dies with it; it is needed if the operator comes in by that. */
static void take_links(struct reading *r, const char *kind, struct net_manager *m)
{
	const struct link *l;
	size_t i;

	if (!strcmp(kind, "ipsec"))
		m->needed = ipsec_in_use();
	for (i = 0; i < r->nlink && !m->needed; i++) {
		l = &r->link[i];
		if (!keeps_up(l, kind, m->pid))
			continue;
		netway_find(r);
		m->needed = l->way;
		text_fmt(m->link, sizeof(m->link), "%s", l->name);
	}
}

static int add_manager(struct reading *r, pid_t pid)
{
	struct net_manager m = { .pid = pid };
	char path[48], comm[32];
	const char *kind;
	bool found;

	text_fmt(path, sizeof(path), "/proc/%d/comm", pid);
	if (file_read_line(AT_FDCWD, path, comm, sizeof(comm)) < 0)
		return 0;
	kind = manager_kind(comm, &found);
	if (!found || !same_netns(pid))
		return 0;
	if (kind)
		take_links(r, kind, &m);
	text_fmt(m.name, sizeof(m.name), "%s", comm);
	if (!grow((void **)&r->net->mgr, r->net->nmgr, &r->mgr_cap, sizeof(m)))
		return -ENOMEM;
	r->net->mgr[r->net->nmgr++] = m;
	return 0;
}

/* "sk RefCnt Type Proto Iface R Rmem User Inode": an open packet socket of ETH_P_PAE. */
static void mark_eapol(struct reading *r)
{
	char *text, *line;
	unsigned ifindex;
	size_t i;

	if (file_read_all(AT_FDCWD, "/proc/net/packet", &text, NULL) < 0)
		return;
	for (line = strchr(text, '\n'); line; line = strchr(line + 1, '\n'))
		if (sscanf(line, "%*s %*d %*d 888e %u", &ifindex) == 1)
			for (i = 0; i < r->nlink; i++)
				r->link[i].eapol |= r->link[i].ifindex == ifindex;
	free(text);
}

int netmanagers_read(struct reading *r)
{
	pid_t *pid;
	size_t i, n;
	int code = pids_list(AT_FDCWD, "/proc", &pid, &n);

	if (code < 0)
		return code;
	mark_eapol(r);
	for (i = 0; i < n && !code; i++)
		code = add_manager(r, pid[i]);
	free(pid);
	return code;
}
