/*
 * netway.c - the links that the operator's ssh sessions come through
 *
 * The kernel is asked for the route to the other end of each connection; a link
 * leads on to what is below it: a VLAN's device, the ports of a bridge.
 */
#include "model/network_internal.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "model/procfile.h"

enum { TCP_ESTABLISHED_STATE = 1 };

/* One end of a connection, as the kernel's sockets have it. */
struct peer {
	int family;
	unsigned char local[16], remote[16];
};

static void mark(struct reading *r, unsigned ifindex)
{
	size_t i;

	for (i = 0; i < r->nlink; i++)
		r->link[i].way |= r->link[i].ifindex == ifindex;
}

static int take_route(struct reading *r, const struct nlmsghdr *nh)
{
	const struct rtmsg *msg = NLMSG_DATA(nh);
	const unsigned *oif = netlink_attr(RTM_RTA(msg), RTM_PAYLOAD(nh), RTA_OIF, sizeof(*oif));

	if (oif)
		mark(r, *oif);
	return 0;
}

/* A link-local address says nothing of where it is; ours is on that link. */
static void mark_local(struct reading *r, const struct peer *p)
{
	char text[INET6_ADDRSTRLEN];
	size_t i;

	inet_ntop(p->family, p->local, text, sizeof(text));
	for (i = 0; i < r->net->naddr; i++)
		if (!strcmp(r->net->addr[i].text, text))
			mark(r, (unsigned)r->net->addr[i].ifindex);
}

static void mark_route(struct reading *r, int fd, const struct peer *p)
{
	unsigned short size = p->family == AF_INET ? 4 : 16;
	struct {
		struct nlmsghdr nh;
		struct rtmsg rt;
		struct {
			struct rtattr head;
			unsigned char ip[16];
		} attr[2];
	} ask = {
		.nh = { .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
			.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)) + 2 * RTA_SPACE(size) },
		.rt = { .rtm_family = (unsigned char)p->family, .rtm_dst_len = (unsigned char)(size * 8),
			.rtm_src_len = (unsigned char)(size * 8) },
	};
	struct rtattr *at = &ask.attr[0].head;

	*at = (struct rtattr){ .rta_type = RTA_DST, .rta_len = RTA_LENGTH(size) };
	memcpy(RTA_DATA(at), p->remote, size);
	at = (struct rtattr *)((char *)at + RTA_SPACE(size));
	*at = (struct rtattr){ .rta_type = RTA_SRC, .rta_len = RTA_LENGTH(size) };
	memcpy(RTA_DATA(at), p->local, size);
	netlink_ask(fd, &ask.nh, r, take_route);
}

/* "0100007F": words of 32 bits in the machine's order */
static bool take_ip(const char *hex, size_t words, unsigned char *ip)
{
	uint32_t word;
	size_t i;

	for (i = 0; i < words; i++) {
		if (sscanf(hex + i * 8, "%8x", &word) != 1)
			return false;
		memcpy(ip + i * 4, &word, 4);
	}
	return true;
}

/* IPv4 through a socket of IPv6 is IPv4. */
static void unmap(struct peer *p)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (p->family != AF_INET6 || memcmp(p->remote, mapped, sizeof(mapped)))
		return;
	p->family = AF_INET;
	memmove(p->remote, p->remote + 12, 4);
	memmove(p->local, p->local + 12, 4);
}

/* A line of /proc/net/tcp or tcp6, if it is an established connection to @port. */
static bool take_peer(const char *line, int port, struct peer *p)
{
	char local[33], remote[33];
	unsigned lport, state;
	size_t words;

	if (sscanf(line, "%*d: %32[0-9A-F]:%x %32[0-9A-F]:%*x %x", local, &lport, remote, &state) != 4 ||
	    lport != (unsigned)port || state != TCP_ESTABLISHED_STATE)
		return false;
	words = strlen(local) / 8;
	p->family = words == 1 ? AF_INET : AF_INET6;
	if (!take_ip(local, words, p->local) || !take_ip(remote, words, p->remote))
		return false;
	unmap(p);
	return true;
}

static void mark_sessions(struct reading *r, int fd, const char *table)
{
	struct peer p;
	char *text, *line;

	if (file_read_all(AT_FDCWD, table, &text, NULL) < 0)
		return;
	for (line = strchr(text, '\n'); line && *++line; line = strchr(line, '\n')) {
		if (!take_peer(line, r->port, &p))
			continue;
		if (p.family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL((struct in6_addr *)p.remote))
			mark_local(r, &p);
		else
			mark_route(r, fd, &p);
	}
	free(text);
}

/* What a link of the way stands on is the way, too. */
static bool mark_below(struct reading *r)
{
	bool more = false;
	size_t i, j;

	for (i = 0; i < r->nlink; i++)
		for (j = 0; r->link[i].way && j < r->nlink; j++) {
			if (r->link[j].way || (r->link[j].above != r->link[i].ifindex &&
					       r->link[j].ifindex != r->link[i].below))
				continue;
			r->link[j].way = more = true;
		}
	return more;
}

/* A tunnel of the kernel's own: what its packets go through is not asked for. */
static bool is_tunnel(const struct link *l)
{
	static const char *const kinds[] = {
		"wireguard", "vxlan", "geneve", "gre", "gretap", "ip6gre", "ip6gretap", "erspan",
		"ipip", "ip6tnl", "sit", "vti", "vti6", "xfrm", "gtp", "amt", "bareudp",
	};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(l->kind, kinds[i]))
			return true;
	return false;
}

void netway_find(struct reading *r)
{
	int fd = r->way_known || !r->port ? -1 : netlink_open(NETLINK_ROUTE);
	bool told = false, tunnel = false;
	size_t i;

	if (r->way_known)
		return;
	r->way_known = true;
	if (fd >= 0) {
		mark_sessions(r, fd, "/proc/net/tcp");
		mark_sessions(r, fd, "/proc/net/tcp6");
		close(fd);
	}
	while (mark_below(r))
		;
	for (i = 0; i < r->nlink; i++) {
		/* who comes by a port forwarded to us comes by we know not what */
		told |= r->link[i].way && strcmp(r->link[i].name, "lo");
		tunnel |= r->link[i].way && is_tunnel(&r->link[i]);
	}
	for (i = 0; i < r->nlink && (!told || tunnel); i++)
		r->link[i].way = true;
}
