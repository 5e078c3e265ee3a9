/*
 * op_net.c - leased addresses and routes outlive the client that got them
 *
 * The kernel removes an address or an IPv6 route when its lifetime ends, and the
 * program that would renew it is about to be killed. NLM_F_REPLACE changes the
 * lifetime of the address that is there [net/ipv4/devinet.c inet_rtm_newaddr(),
 * net/ipv6/addrconf.c inet6_addr_modify()]. A route that is added again without
 * an end loses the one it had, and the answer is EEXIST all the same
 * [net/ipv6/ip6_fib.c fib6_add_rt2node()].
 *
 * Resume gives the addresses an end again, so that one which the DHCP server
 * does not give out any more goes away by itself.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "paths.h"
#include "run/exec.h"
#include "run/ifstate.h"

#define LIFETIMES CAREEN_RUN "/lifetimes"	/* messages of rtnetlink(7), as they were dumped */
#define LEAST_S 600	/* for a client to start and ask its server */

const char *net_lifetimes = LIFETIMES;		/* elsewhere only in tests */

struct request {
	struct nlmsghdr nh;
	char body[1024];	/* struct ifaddrmsg or rtmsg, and attributes */
};

struct attrs {
	struct rtattr *first;
	int len;
};

struct keep {
	struct op_ctx *ctx;
	struct error *err;
	void (*one)(struct keep *k, const struct nlmsghdr *nh);
	int fd;			/* keep: where the lifetimes are written to */
	char *was;		/* release: what was written */
	size_t was_len;
	unsigned n;
	char leased[32][IF_NAMESIZE];	/* interfaces whose IPv4 address had an end */
	size_t nleased;
	int r;
};

static bool is_route(const struct nlmsghdr *nh)
{
	return nh->nlmsg_type == RTM_NEWROUTE;
}

static size_t header_of(const struct nlmsghdr *nh)
{
	return is_route(nh) ? sizeof(struct rtmsg) : sizeof(struct ifaddrmsg);
}

static struct attrs attrs_of(const struct nlmsghdr *nh)
{
	return is_route(nh) ? (struct attrs){ RTM_RTA(NLMSG_DATA(nh)), (int)RTM_PAYLOAD(nh) } :
			      (struct attrs){ IFA_RTA(NLMSG_DATA(nh)), (int)IFA_PAYLOAD(nh) };
}

static void *find_attr(const struct nlmsghdr *nh, unsigned short type)
{
	struct attrs a = attrs_of(nh);

	for (; RTA_OK(a.first, a.len); a.first = RTA_NEXT(a.first, a.len))
		if (a.first->rta_type == type)
			return RTA_DATA(a.first);
	return NULL;
}

static uint32_t addr_flags(const struct nlmsghdr *nh)
{
	const struct ifaddrmsg *ifa = NLMSG_DATA(nh);
	const uint32_t *flags = find_attr(nh, IFA_FLAGS);

	return flags ? *flags : ifa->ifa_flags;
}

static bool ends(const struct nlmsghdr *nh)
{
	const struct ifa_cacheinfo *ci = find_attr(nh, IFA_CACHEINFO);

	return ci && ci->ifa_valid != UINT32_MAX;
}

static bool addr_worth_keeping(const struct nlmsghdr *nh)
{
	const struct ifaddrmsg *ifa = NLMSG_DATA(nh);

	if (!ends(nh) || ifa->ifa_scope == RT_SCOPE_LINK)
		return false;
	/* temporary ones are made to go away; a tentative one is not ours yet */
	return !(ifa->ifa_family == AF_INET6 &&
		 (addr_flags(nh) & (IFA_F_TEMPORARY | IFA_F_TENTATIVE | IFA_F_DADFAILED)));
}

/* Only IPv6 routes end; what is left is dumped as ticks of the user's clock. */
static bool route_worth_keeping(const struct nlmsghdr *nh)
{
	const struct rtmsg *rt = NLMSG_DATA(nh);
	const struct rta_cacheinfo *ci = find_attr(nh, RTA_CACHEINFO);

	return ci && ci->rta_expires > 0 && rt->rtm_type == RTN_UNICAST &&
	       !(rt->rtm_flags & RTM_F_CLONED);
}

static bool put_attr(struct request *req, unsigned short type, const void *data, size_t len)
{
	struct rtattr *a = (struct rtattr *)((char *)req + NLMSG_ALIGN(req->nh.nlmsg_len));

	if (NLMSG_ALIGN(req->nh.nlmsg_len) + RTA_SPACE(len) > sizeof(*req))
		return false;
	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	req->nh.nlmsg_len = NLMSG_ALIGN(req->nh.nlmsg_len) + (unsigned)RTA_SPACE(len);
	return true;
}

/* The same thing with everything as it was dumped, but its lifetime. */
static bool make_request(struct request *req, const struct nlmsghdr *nh, unsigned short flags)
{
	unsigned short lifetime = is_route(nh) ? RTA_CACHEINFO : IFA_CACHEINFO;
	struct attrs a = attrs_of(nh);
	bool ok = true;

	memset(req, 0, sizeof(*req));
	req->nh.nlmsg_len = (unsigned)NLMSG_LENGTH(header_of(nh));
	req->nh.nlmsg_type = nh->nlmsg_type;
	req->nh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	memcpy(req->body, NLMSG_DATA(nh), header_of(nh));
	for (; RTA_OK(a.first, a.len); a.first = RTA_NEXT(a.first, a.len))
		if (a.first->rta_type != lifetime && !(is_route(nh) && a.first->rta_type == RTA_EXPIRES))
			ok = ok && put_attr(req, a.first->rta_type, RTA_DATA(a.first),
					    RTA_PAYLOAD(a.first));
	return ok;
}

static int set_lifetime(const struct nlmsghdr *nh, uint32_t valid, uint32_t preferred)
{
	struct ifa_cacheinfo ci = { .ifa_prefered = preferred, .ifa_valid = valid };
	struct request req;

	if (!make_request(&req, nh, NLM_F_REPLACE) ||
	    !put_attr(&req, IFA_CACHEINFO, &ci, sizeof(ci)))
		return -EMSGSIZE;
	return sys->netlink(&req, req.nh.nlmsg_len);
}

static int route_for_ever(const struct nlmsghdr *nh)
{
	struct request req;
	int r;

	if (!make_request(&req, nh, NLM_F_CREATE))
		return -EMSGSIZE;
	/* the rest tells how it is, not how it shall be */
	((struct rtmsg *)req.body)->rtm_flags &= RTNH_F_ONLINK;
	r = sys->netlink(&req, req.nh.nlmsg_len);
	return r == -EEXIST ? 0 : r;
}

static const char *ip_text(int family, const void *ip, char *buf, size_t size)
{
	return ip && inet_ntop(family, ip, buf, (socklen_t)size) ? buf : "?";
}

/* "10.0.2.15/24 on ens3", "the route to default by fe80::2 on ens3" */
static const char *text_of(const struct nlmsghdr *nh, char *buf, size_t size)
{
	const struct ifaddrmsg *ifa = NLMSG_DATA(nh);
	const struct rtmsg *rt = NLMSG_DATA(nh);
	char ip[INET6_ADDRSTRLEN], via[INET6_ADDRSTRLEN], link[IF_NAMESIZE] = "?";
	const unsigned *oif = is_route(nh) ? find_attr(nh, RTA_OIF) : &ifa->ifa_index;
	const void *local;

	if (oif)
		if_indextoname(*oif, link);
	if (!is_route(nh)) {
		local = find_attr(nh, IFA_LOCAL);
		return text_fmt(buf, size, "%s/%u on %s",
				ip_text(ifa->ifa_family, local ? local : find_attr(nh, IFA_ADDRESS), ip,
					sizeof(ip)), ifa->ifa_prefixlen, link);
	}
	if (!rt->rtm_dst_len)
		return text_fmt(buf, size, "the default route by %s on %s",
				ip_text(rt->rtm_family, find_attr(nh, RTA_GATEWAY), via, sizeof(via)), link);
	return text_fmt(buf, size, "the route to %s/%u on %s",
			ip_text(rt->rtm_family, find_attr(nh, RTA_DST), ip, sizeof(ip)),
			rt->rtm_dst_len, link);
}

static void note_leased(struct keep *k, const struct ifaddrmsg *ifa)
{
	if (ifa->ifa_family == AF_INET && k->nleased < sizeof(k->leased) / sizeof(k->leased[0]) &&
	    if_indextoname(ifa->ifa_index, k->leased[k->nleased]))
		k->nleased++;
}

static void keep_one(struct keep *k, const struct nlmsghdr *nh)
{
	bool route = is_route(nh);
	char what[160];
	int r;

	if (!(route ? route_worth_keeping(nh) : addr_worth_keeping(nh)))
		return;
	if (!route)
		note_leased(k, NLMSG_DATA(nh));
	text_of(nh, what, sizeof(what));
	r = route ? route_for_ever(nh) : set_lifetime(nh, UINT32_MAX, UINT32_MAX);
	if (r < 0 && k->r == 0)
		k->r = error_set(k->err, r, "keep", what, NULL,
				 "It will go when its lifetime ends. By hand: ip address change "
				 "... valid_lft forever preferred_lft forever, or ip -6 route");
	if (r < 0)
		return;
	if (!route && k->fd >= 0 && write(k->fd, nh, NLMSG_ALIGN(nh->nlmsg_len)) < 0)
		ctx_note(k->ctx, "its lifetime could not be noted: %s", strerror(errno));
	k->n++;
	ctx_note(k->ctx, "%s stays for ever", what);
}

/* What the same address was like before it was kept, or NULL. */
static const struct nlmsghdr *was_kept(const struct keep *k, const struct nlmsghdr *nh)
{
	const struct ifaddrmsg *a = NLMSG_DATA(nh), *b;
	const struct nlmsghdr *old = (const struct nlmsghdr *)k->was;
	size_t left = k->was_len, len = a->ifa_family == AF_INET ? 4 : 16;
	const void *x = find_attr(nh, IFA_ADDRESS), *y;

	for (; NLMSG_OK(old, left); old = NLMSG_NEXT(old, left)) {
		b = NLMSG_DATA(old);
		y = find_attr(old, IFA_ADDRESS);
		if (a->ifa_family == b->ifa_family && a->ifa_index == b->ifa_index &&
		    a->ifa_prefixlen == b->ifa_prefixlen && x && y && !memcmp(x, y, len))
			return old;
	}
	return NULL;
}

static uint32_t at_least(uint32_t seconds)
{
	return seconds < LEAST_S ? LEAST_S : seconds;
}

/* Not what a client has been faster with. */
static void release_one(struct keep *k, const struct nlmsghdr *nh)
{
	const struct nlmsghdr *old = ends(nh) ? NULL : was_kept(k, nh);
	const struct ifa_cacheinfo *ci = old ? find_attr(old, IFA_CACHEINFO) : NULL;
	char what[160];
	int r;

	if (!ci)
		return;
	r = set_lifetime(nh, at_least(ci->ifa_valid), at_least(ci->ifa_prefered));
	text_of(nh, what, sizeof(what));
	if (r < 0)
		ctx_note(k->ctx, "%s stays for ever: %s", what, strerror(-r));
	else
		ctx_note(k->ctx, "%s ends in %u s unless it is renewed", what, at_least(ci->ifa_valid));
	k->n += r == 0;
}

static int send_dump(int fd, unsigned short type, unsigned char family)
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
static int read_dump(int fd, struct keep *k)
{
	char buf[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *nh = (const struct nlmsghdr *)buf;
	ssize_t n = recv(fd, buf, sizeof(buf), 0);
	unsigned len;

	if (n < 0)
		return -errno;
	for (len = (unsigned)n; NLMSG_OK(nh, len); nh = NLMSG_NEXT(nh, len)) {
		if (nh->nlmsg_type == NLMSG_DONE)
			return 0;
		if (nh->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(nh))->error;
		k->one(k, nh);
	}
	return 1;
}

static int each(struct keep *k, unsigned short type, unsigned char family)
{
	struct timeval patience = { .tv_sec = 3 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), r;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	r = send_dump(fd, type, family);
	while (r == 0 && (r = read_dump(fd, k)) > 0)
		r = 0;
	close(fd);
	/* a kernel without IPv6 */
	return r == -EAFNOSUPPORT || r == -EOPNOTSUPP ? 0 : r;
}

int op_net_keep(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	struct keep k = { .ctx = ctx, .err = err, .one = keep_one };
	int r;

	(void)op;
	k.fd = open(net_lifetimes, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	r = each(&k, RTM_GETADDR, AF_UNSPEC);
	if (r == 0)
		r = each(&k, RTM_GETROUTE, AF_INET6);
	if (k.fd >= 0)
		close(k.fd);
	if (r < 0)
		return error_set(err, r, "read", "the addresses and routes", NULL,
				 "See: ip address; ip -6 route");
	if (!k.n && !k.r)
		ctx_note(ctx, "no address and no route has an end");
	return k.r < 0 ? k.r : ifstate_keep(k.leased, k.nleased, err);
}

int op_net_release(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	struct keep k = { .ctx = ctx, .err = err, .one = release_one };
	struct stat st;
	int r = 0;

	(void)op;
	if (stat(net_lifetimes, &st) == 0 && st.st_size > 0) {
		k.was = read_whole(net_lifetimes);
		k.was_len = k.was ? (size_t)st.st_size : 0;
		r = each(&k, RTM_GETADDR, AF_UNSPEC);
		free(k.was);
	}
	if (r < 0)
		return error_set(err, r, "read", "the addresses", NULL, "Skip this: they stay for ever.");
	unlink(net_lifetimes);
	if (!k.n)
		ctx_note(ctx, "no address has to have an end");
	return 0;
}
