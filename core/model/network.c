/* network.c - links, addresses and routes by rtnetlink(7) */
#include "model/network_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>	/* before linux/if.h, which then leaves out what is the same */
#include <linux/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "model/procfile.h"

const struct rtattr *netlink_find(const struct rtattr *at, int left, unsigned short type)
{
	for (; RTA_OK(at, left); at = RTA_NEXT(at, left))
		if (at->rta_type == type)
			return at;
	return NULL;
}

const void *netlink_attr(const struct rtattr *at, int left, unsigned short type, size_t least)
{
	at = netlink_find(at, left, type);
	return at && RTA_PAYLOAD(at) >= least ? RTA_DATA(at) : NULL;
}

static size_t ip_size(int family)
{
	return family == AF_INET ? 4 : 16;
}

static int add_address(struct reading *r, const struct nlmsghdr *nh)
{
	struct ifaddrmsg *msg = NLMSG_DATA(nh);
	struct rtattr *at = IFA_RTA(msg);
	int left = IFA_PAYLOAD(nh);
	struct address a = { .ifindex = msg->ifa_index, .family = msg->ifa_family,
			     .prefix = msg->ifa_prefixlen, .valid_s = UINT32_MAX,
			     .link_local = msg->ifa_scope == RT_SCOPE_LINK };
	const void *local = netlink_attr(at, left, IFA_LOCAL, ip_size(a.family));
	const struct ifa_cacheinfo *ends = netlink_attr(at, left, IFA_CACHEINFO, sizeof(*ends));

	/* On a point-to-point link IFA_ADDRESS is the other end. */
	if (!local)
		local = netlink_attr(at, left, IFA_ADDRESS, ip_size(a.family));
	if (ends)
		a.valid_s = ends->ifa_valid;
	if (!local || !inet_ntop(a.family, local, a.text, sizeof(a.text)) ||
	    msg->ifa_scope == RT_SCOPE_HOST)
		return 0;
	if (!if_indextoname(a.ifindex, a.link))
		text_fmt(a.link, sizeof(a.link), "%d", a.ifindex);
	if (!grow((void **)&r->net->addr, r->net->naddr, &r->addr_cap, sizeof(a)))
		return -ENOMEM;
	r->net->addr[r->net->naddr++] = a;
	return 0;
}

/* The default route of the main table with the lowest metric. */
static int add_route(struct reading *r, const struct nlmsghdr *nh)
{
	struct rtmsg *msg = NLMSG_DATA(nh);
	struct rtattr *at = RTM_RTA(msg);
	int left = RTM_PAYLOAD(nh);
	const void *gateway = netlink_attr(at, left, RTA_GATEWAY, ip_size(msg->rtm_family));
	const uint32_t *priority = netlink_attr(at, left, RTA_PRIORITY, sizeof(*priority));
	uint32_t metric = priority ? *priority : 0;

	if (msg->rtm_dst_len || msg->rtm_table != RT_TABLE_MAIN ||
	    msg->rtm_type != RTN_UNICAST)
		return 0;
	/* IPv4 is asked first and stays, unless it has none. */
	if (!gateway || (r->net->gateway[0] &&
			 (msg->rtm_family == AF_INET6 || metric >= r->metric)))
		return 0;
	r->metric = metric;
	inet_ntop(msg->rtm_family, gateway, r->net->gateway, sizeof(r->net->gateway));
	return 0;
}

/* "wlan" and "wwan" have no kind of their own: uevent(5)'s DEVTYPE says it. */
static void kind_by_sysfs(struct link *l)
{
	char path[64], *text, *at;

	text_fmt(path, sizeof(path), "/sys/class/net/%s/uevent", l->name);
	if (file_read_all(AT_FDCWD, path, &text, NULL) < 0)
		return;
	at = strstr(text, "DEVTYPE=");
	if (at)
		text_fmt(l->kind, sizeof(l->kind), "%.*s", (int)strcspn(at + 8, "\n"), at + 8);
	free(text);
}

static void take_text(const struct rtattr *at, char *buf, size_t size)
{
	if (at)
		text_fmt(buf, size, "%.*s", (int)RTA_PAYLOAD(at), (const char *)RTA_DATA(at));
}

static int add_link(struct reading *r, const struct nlmsghdr *nh)
{
	struct ifinfomsg *msg = NLMSG_DATA(nh);
	struct rtattr *at = IFLA_RTA(msg);
	int left = IFLA_PAYLOAD(nh);
	struct link l = { .ifindex = (unsigned)msg->ifi_index };
	const unsigned *below = netlink_attr(at, left, IFLA_LINK, sizeof(*below));
	const unsigned *above = netlink_attr(at, left, IFLA_MASTER, sizeof(*above));
	const unsigned char *oper = netlink_attr(at, left, IFLA_OPERSTATE, sizeof(*oper));
	const struct rtattr *info = netlink_find(at, left, IFLA_LINKINFO);
	unsigned char state = oper ? *oper : IF_OPER_UNKNOWN;

	take_text(netlink_find(at, left, IFLA_IFNAME), l.name, sizeof(l.name));
	if (info)
		take_text(netlink_find(RTA_DATA(info), RTA_PAYLOAD(info), IFLA_INFO_KIND), l.kind,
			  sizeof(l.kind));
	l.below = below ? *below : 0;
	l.above = above ? *above : 0;
	if (!(msg->ifi_flags & IFF_UP) || (state != IF_OPER_UP && state != IF_OPER_UNKNOWN))
		return 0;
	if (!l.kind[0])
		kind_by_sysfs(&l);
	if (!grow((void **)&r->link, r->nlink, &r->link_cap, sizeof(l)))
		return -ENOMEM;
	r->link[r->nlink++] = l;
	return 0;
}

/* Messages of one dump, until NLMSG_DONE; of another answer until its NLM_F_ACK. */
static int read_answer(int fd, struct reading *r, on_message fn)
{
	char buf[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nh;
	int code;

	for (;;) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);
		size_t left = n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EPIPE;
		for (nh = (void *)buf; NLMSG_OK(nh, left); nh = NLMSG_NEXT(nh, left)) {
			if (nh->nlmsg_type == NLMSG_DONE)
				return 0;
			if (nh->nlmsg_type == NLMSG_ERROR)
				return ((struct nlmsgerr *)NLMSG_DATA(nh))->error;
			code = fn(r, nh);
			if (code < 0)
				return code;
		}
	}
}

int netlink_ask(int fd, const struct nlmsghdr *ask, struct reading *r, on_message fn)
{
	if (send(fd, ask, ask->nlmsg_len, 0) < 0)
		return -errno;
	return read_answer(fd, r, fn);
}

int netlink_open(int protocol)
{
	struct timeval limit = { .tv_sec = 3 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

static int dump(int fd, int type, int family, struct reading *r, on_message fn)
{
	struct {
		struct nlmsghdr nh;
		struct ifinfomsg body;	/* the largest of the three; all begin with the family */
	} ask = {
		.nh = { .nlmsg_len = sizeof(ask), .nlmsg_type = type,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .ifi_family = family },
	};

	return netlink_ask(fd, &ask.nh, r, fn);
}

static int read_kernel(struct reading *r)
{
	int fd = netlink_open(NETLINK_ROUTE), code;

	if (fd < 0)
		return fd;
	code = dump(fd, RTM_GETLINK, AF_UNSPEC, r, add_link);
	if (!code)
		code = dump(fd, RTM_GETADDR, AF_UNSPEC, r, add_address);
	if (!code)
		code = dump(fd, RTM_GETROUTE, AF_INET, r, add_route);
	if (!code)
		code = dump(fd, RTM_GETROUTE, AF_INET6, r, add_route);
	/* A kernel without IPv6 refuses the last: that is an answer. */
	if (code == -EAFNOSUPPORT || code == -EOPNOTSUPP)
		code = 0;
	close(fd);
	return code;
}

int network_read(struct network *net, int port, struct error *err)
{
	struct network seen = { 0 };
	struct reading r = { .net = &seen, .port = port };
	int code = read_kernel(&r);

	if (!code)
		code = netmanagers_read(&r);
	free(r.link);
	if (code < 0) {
		network_free(&seen);
		return error_set(err, code, "read the network", "", NULL, NULL);
	}
	seen.filtered = filter_in_use();
	*net = seen;
	return 0;
}

void network_free(struct network *net)
{
	free(net->addr);
	free(net->mgr);
	*net = (struct network){ 0 };
}
