/* netmsg.c - messages of rtnetlink(7) about addresses and routes */
#include "run/netmsg.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/text.h"

bool netmsg_is_route(const struct nlmsghdr *nh)
{
	return nh->nlmsg_type == RTM_NEWROUTE;
}

static size_t header_of(const struct nlmsghdr *nh)
{
	return netmsg_is_route(nh) ? sizeof(struct rtmsg) : sizeof(struct ifaddrmsg);
}

static const struct rtattr *attrs_of(const struct nlmsghdr *nh, int *ret_len)
{
	size_t at = NLMSG_SPACE(header_of(nh));

	*ret_len = (int)(nh->nlmsg_len - at);
	return (const struct rtattr *)((const char *)nh + at);
}

static const struct rtattr *find(const struct nlmsghdr *nh, unsigned short type)
{
	int len;
	const struct rtattr *a = attrs_of(nh, &len);

	for (; RTA_OK(a, len); a = RTA_NEXT(a, len))
		if (a->rta_type == type)
			return a;
	return NULL;
}

const void *netmsg_attr(const struct nlmsghdr *nh, unsigned short type, size_t least)
{
	const struct rtattr *a = find(nh, type);

	return a && RTA_PAYLOAD(a) >= least ? RTA_DATA(a) : NULL;
}

const void *netmsg_ip(const struct nlmsghdr *nh, unsigned short type)
{
	/* the family is the first byte of both headers */
	return netmsg_attr(nh, type, *(const unsigned char *)NLMSG_DATA(nh) == AF_INET ? 4 : 16);
}

bool netmsg_put(struct netmsg *m, unsigned short type, const void *data, size_t len)
{
	struct rtattr *a = (struct rtattr *)((char *)m + NLMSG_ALIGN(m->nh.nlmsg_len));

	if (NLMSG_ALIGN(m->nh.nlmsg_len) + RTA_SPACE(len) > sizeof(*m))
		return false;
	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	m->nh.nlmsg_len = NLMSG_ALIGN(m->nh.nlmsg_len) + (unsigned)RTA_SPACE(len);
	return true;
}

static bool is_lifetime(const struct nlmsghdr *nh, unsigned short type)
{
	return netmsg_is_route(nh) ? type == RTA_CACHEINFO || type == RTA_EXPIRES :
				     type == IFA_CACHEINFO;
}

static bool same_but(struct netmsg *m, const struct nlmsghdr *nh, unsigned short flags,
		     unsigned short but)
{
	int len;
	const struct rtattr *a = attrs_of(nh, &len);
	bool ok = true;

	memset(m, 0, sizeof(*m));
	m->nh.nlmsg_len = (unsigned)NLMSG_LENGTH(header_of(nh));
	m->nh.nlmsg_type = nh->nlmsg_type;
	m->nh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	memcpy(m->body, NLMSG_DATA(nh), header_of(nh));
	/* the rest of a route's flags tells how it is, not how it shall be */
	if (netmsg_is_route(nh))
		((struct rtmsg *)m->body)->rtm_flags &= RTNH_F_ONLINK;
	for (; RTA_OK(a, len) && ok; a = RTA_NEXT(a, len))
		if (a->rta_type != but && !is_lifetime(nh, a->rta_type))
			ok = netmsg_put(m, a->rta_type, RTA_DATA(a), RTA_PAYLOAD(a));
	return ok;
}

bool netmsg_same(struct netmsg *m, const struct nlmsghdr *nh, unsigned short flags)
{
	return same_but(m, nh, flags, 0);
}

/* A next hop's attributes are those of a route that has but one. */
static bool one_hop(struct netmsg *m, const struct nlmsghdr *nh, unsigned short flags,
		    const struct rtnexthop *hop)
{
	const struct rtattr *a = RTNH_DATA(hop);
	int len = hop->rtnh_len - (int)sizeof(*hop);
	bool ok = same_but(m, nh, flags, RTA_MULTIPATH) &&
		  netmsg_put(m, RTA_OIF, &hop->rtnh_ifindex, sizeof(hop->rtnh_ifindex));

	((struct rtmsg *)m->body)->rtm_flags = hop->rtnh_flags & RTNH_F_ONLINK;
	for (; RTA_OK(a, len) && ok; a = RTA_NEXT(a, len))
		ok = netmsg_put(m, a->rta_type, RTA_DATA(a), RTA_PAYLOAD(a));
	return ok;
}

int netmsg_hops(const struct nlmsghdr *nh, unsigned short flags, int (*fn)(const struct netmsg *m))
{
	const struct rtattr *many = find(nh, RTA_MULTIPATH);
	const struct rtnexthop *hop;
	int len, r = 0;
	struct netmsg m;

	if (!many)
		return netmsg_same(&m, nh, flags) ? fn(&m) : -EMSGSIZE;
	hop = RTA_DATA(many);
	for (len = (int)RTA_PAYLOAD(many);
	     len >= (int)sizeof(*hop) && RTNH_OK(hop, len) && r == 0; hop = RTNH_NEXT(hop)) {
		r = one_hop(&m, nh, flags, hop) ? fn(&m) : -EMSGSIZE;
		len -= RTNH_ALIGN(hop->rtnh_len);
	}
	return r;
}

static const char *ip_text(int family, const void *ip, char *buf, size_t size)
{
	return ip && inet_ntop(family, ip, buf, (socklen_t)size) ? buf : "?";
}

static const char *address_text(const struct nlmsghdr *nh, char *buf, size_t size)
{
	const struct ifaddrmsg *ifa = NLMSG_DATA(nh);
	const void *local = netmsg_ip(nh, IFA_LOCAL);
	char ip[INET6_ADDRSTRLEN], link[IF_NAMESIZE] = "?";

	if_indextoname(ifa->ifa_index, link);
	return text_fmt(buf, size, "%s/%u on %s",
			ip_text(ifa->ifa_family, local ? local : netmsg_ip(nh, IFA_ADDRESS), ip, sizeof(ip)),
			ifa->ifa_prefixlen, link);
}

static const char *route_text(const struct nlmsghdr *nh, char *buf, size_t size)
{
	const struct rtmsg *rt = NLMSG_DATA(nh);
	const unsigned *oif = netmsg_attr(nh, RTA_OIF, sizeof(*oif));
	char ip[INET6_ADDRSTRLEN], link[IF_NAMESIZE];

	if (!oif || !if_indextoname(*oif, link))
		text_fmt(link, sizeof(link), "%s", netmsg_attr(nh, RTA_MULTIPATH, 0) ? "several" : "?");
	if (rt->rtm_dst_len)
		return text_fmt(buf, size, "the route to %s/%u on %s",
				ip_text(rt->rtm_family, netmsg_ip(nh, RTA_DST), ip, sizeof(ip)),
				rt->rtm_dst_len, link);
	if (!netmsg_ip(nh, RTA_GATEWAY))
		return text_fmt(buf, size, "the default route on %s", link);
	return text_fmt(buf, size, "the default route by %s on %s",
			ip_text(rt->rtm_family, netmsg_ip(nh, RTA_GATEWAY), ip, sizeof(ip)), link);
}

const char *netmsg_text(const struct nlmsghdr *nh, char *buf, size_t size)
{
	return netmsg_is_route(nh) ? route_text(nh, buf, size) : address_text(nh, buf, size);
}

static int ask(int fd, unsigned short type, unsigned char family)
{
	struct {
		struct nlmsghdr nh;
		struct rtmsg rt;	/* the family is the first byte of both */
	} req = {
		.nh = { .nlmsg_len = sizeof(req), .nlmsg_type = type,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.rt = { .rtm_family = family },
	};

	return send(fd, &req, req.nh.nlmsg_len, 0) < 0 ? -errno : 0;
}

/* Read one datagram of the dump: 1 more to come, 0 the end, -errno. */
static int answer(int fd, void (*fn)(void *arg, const struct nlmsghdr *nh), void *arg)
{
	char buf[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *nh = (const struct nlmsghdr *)buf;
	ssize_t n = recv(fd, buf, sizeof(buf), 0);
	unsigned len;

	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	for (len = (unsigned)n; NLMSG_OK(nh, len); nh = NLMSG_NEXT(nh, len)) {
		if (nh->nlmsg_type == NLMSG_DONE)
			return 0;
		if (nh->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(nh))->error;
		fn(arg, nh);
	}
	return 1;
}

int netmsg_dump(unsigned short type, unsigned char family,
		void (*fn)(void *arg, const struct nlmsghdr *nh), void *arg)
{
	struct timeval patience = { .tv_sec = 3 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), r;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	r = ask(fd, type, family);
	while (r == 0 && (r = answer(fd, fn, arg)) > 0)
		r = 0;
	close(fd);
	/* a kernel without IPv6 */
	return r == -EAFNOSUPPORT || r == -EOPNOTSUPP ? 0 : r;
}
