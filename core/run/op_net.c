/*
 * op_net.c - leased addresses and routes outlive the client that got them
 *
 * The kernel removes an address or an IPv6 route when its lifetime ends, and the
 * program that would renew it is about to be killed. NLM_F_REPLACE changes the
 * lifetime of the address that is there [net/ipv4/devinet.c inet_rtm_newaddr(),
 * net/ipv6/addrconf.c inet6_addr_modify()]. A route that is added again without
 * an end loses the one it had, and the answer is EEXIST all the same; one without
 * an end gets none that way, it has to be replaced [net/ipv6/ip6_fib.c
 * fib6_add_rt2node()].
 *
 * What the kernel itself has from a router, it renews itself: that is left alone.
 *
 * Resume gives what was kept what is left of its lifetime, so that what the DHCP
 * server or the router does not give out any more goes away by itself. Not so an
 * address of IPv4 before there is another lease: dhclient adds the one that it
 * gets, which fails where it is already, and an end of ours would come before
 * dhclient renews it and gives it its own [dhclient-script(8), BOUND and RENEW].
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "model/procfile.h"
#include "paths.h"
#include "run/exec.h"
#include "run/ifstate.h"
#include "run/netmsg.h"

#define LIFETIMES CAREEN_RUN "/lifetimes"	/* struct kept, one after the other */
#define LEAST_S 600	/* for a client to start and ask its server */

const char *net_lifetimes = LIFETIMES;		/* elsewhere only in tests */

/* An address or a route as it was before it was made permanent. */
struct kept {
	int64_t valid, preferred;	/* until then, by now_ms(); INT64_MAX for ever */
	struct netmsg was;
};

struct keep {
	struct op_ctx *ctx;
	struct error *err;
	int fd;			/* keep: where the lifetimes are written to */
	struct kept *kept;	/* release: what was written */
	size_t nkept;
	unsigned n;
	uint64_t family;	/* release: only of this one, AF_UNSPEC for both */
	char leased[32][IF_NAMESIZE];	/* interfaces with an IPv4 address that has an end */
	size_t nleased;
	int r;
};

/* The first byte of both headers. */
static unsigned char family_of(const struct nlmsghdr *nh)
{
	return *(const unsigned char *)NLMSG_DATA(nh);
}

static uint32_t addr_flags(const struct nlmsghdr *nh)
{
	const struct ifaddrmsg *ifa = NLMSG_DATA(nh);
	const uint32_t *flags = netmsg_attr(nh, IFA_FLAGS, sizeof(*flags));

	return flags ? *flags : ifa->ifa_flags;
}

/* Seconds that are left, of @ret_preferred before it is deprecated; 0 where it has no end. */
static uint32_t lifetime(const struct nlmsghdr *nh, uint32_t *ret_preferred)
{
	const struct ifa_cacheinfo *addr = netmsg_attr(nh, IFA_CACHEINFO, sizeof(*addr));
	const struct rta_cacheinfo *route = netmsg_attr(nh, RTA_CACHEINFO, sizeof(*route));

	*ret_preferred = UINT32_MAX;
	if (netmsg_is_route(nh))	/* in ticks of the user's clock */
		return route && route->rta_expires > 0 ?
		       (uint32_t)(route->rta_expires / sysconf(_SC_CLK_TCK)) + 1 : 0;
	if (!addr || addr->ifa_valid == UINT32_MAX)
		return 0;
	*ret_preferred = addr->ifa_prefered;
	return addr->ifa_valid;
}

/*
 * Does the kernel take what routers on this link advertise? A manager that does
 * it in its place turns that off [networkd-sysctl.c, NetworkManager's nm-device.c].
 */
static bool kernel_takes_ra(unsigned ifindex)
{
	char path[80], link[IF_NAMESIZE];
	uint64_t takes, forwards;

	if (!if_indextoname(ifindex, link))
		return false;
	text_fmt(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_ra", link);
	takes = file_read_u64(AT_FDCWD, path, 0);
	text_fmt(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/forwarding", link);
	forwards = file_read_u64(AT_FDCWD, path, 0);
	return forwards ? takes == 2 : takes != 0;
}

static bool addr_worth_keeping(const struct nlmsghdr *nh)
{
	const struct ifaddrmsg *ifa = NLMSG_DATA(nh);
	const uint8_t *proto = netmsg_attr(nh, IFA_PROTO, sizeof(*proto));

	if (ifa->ifa_scope == RT_SCOPE_LINK)
		return false;
	if (ifa->ifa_family != AF_INET6)
		return true;
	if (proto && *proto == IFAPROT_KERNEL_RA && kernel_takes_ra(ifa->ifa_index))
		return false;
	/* temporary ones are made to go away; a tentative one is not ours yet */
	return !(addr_flags(nh) & (IFA_F_TEMPORARY | IFA_F_TENTATIVE | IFA_F_DADFAILED));
}

/* Only IPv6 routes end. The kernel's own: of a prefix "kernel", to a router "ra". */
static bool route_worth_keeping(const struct nlmsghdr *nh)
{
	const struct rtmsg *rt = NLMSG_DATA(nh);
	const unsigned *oif = netmsg_attr(nh, RTA_OIF, sizeof(*oif));

	if ((rt->rtm_protocol == RTPROT_KERNEL || rt->rtm_protocol == RTPROT_RA) && oif &&
	    kernel_takes_ra(*oif))
		return false;
	return rt->rtm_type == RTN_UNICAST && !(rt->rtm_flags & RTM_F_CLONED);
}

static int request_child(void *arg, struct error *err)
{
	const struct netmsg *m = arg;

	(void)err;
	return sys->netlink(m, m->nh.nlmsg_len);
}

/* A driver that hangs keeps the kernel's one lock of the network [net/core/rtnetlink.c rtnl_lock]. */
static int request(const struct netmsg *m)
{
	return run_with_deadline(10, request_child, (void *)m, NULL);
}

/*
 * An IPv6 address that gets an end ends its prefix's route at once: the kernel
 * takes the seconds for a time [addrconf.c modify_prefix_route()]. The second time
 * the address has an end already, and the route is given one as it should be.
 */
static int set_lifetime(const struct nlmsghdr *nh, uint32_t valid, uint32_t preferred)
{
	struct ifa_cacheinfo ci = { .ifa_prefered = preferred, .ifa_valid = valid };
	struct netmsg m;
	bool ok = netmsg_same(&m, nh, NLM_F_REPLACE) &&
		  (netmsg_is_route(nh) ? netmsg_put(&m, RTA_EXPIRES, &valid, sizeof(valid)) :
					 netmsg_put(&m, IFA_CACHEINFO, &ci, sizeof(ci)));
	int r;

	if (!ok)
		return -EMSGSIZE;
	r = request(&m);
	if (r == 0 && !netmsg_is_route(nh) && family_of(nh) == AF_INET6 && valid != UINT32_MAX)
		r = request(&m);
	return r;
}

static int add_again(const struct netmsg *m)
{
	int r = request(m);

	return r == -EEXIST ? 0 : r;
}

static int for_ever(const struct nlmsghdr *nh, uint32_t preferred)
{
	if (netmsg_is_route(nh))
		return netmsg_hops(nh, NLM_F_CREATE, add_again);
	return set_lifetime(nh, UINT32_MAX, preferred ? UINT32_MAX : 0);
}

static void note_leased(struct keep *k, const struct nlmsghdr *nh)
{
	const struct ifaddrmsg *ifa = NLMSG_DATA(nh);

	if (ifa->ifa_family == AF_INET && k->nleased < sizeof(k->leased) / sizeof(k->leased[0]) &&
	    if_indextoname(ifa->ifa_index, k->leased[k->nleased]))
		k->nleased++;
}

static int64_t until(uint32_t seconds)
{
	return seconds == UINT32_MAX ? INT64_MAX : now_ms() + seconds * INT64_C(1000);
}

static void write_down(struct keep *k, const struct nlmsghdr *nh, uint32_t valid, uint32_t preferred)
{
	struct kept was = { .valid = until(valid), .preferred = preferred ? until(preferred) : 0 };

	if (k->fd < 0)
		errno = ENOENT;
	else if (netmsg_same(&was.was, nh, 0) && write(k->fd, &was, sizeof(was)) == sizeof(was))
		return;
	ctx_note(k->ctx, "its lifetime could not be noted: %s", strerror(errno));
}

static void keep_one(void *arg, const struct nlmsghdr *nh)
{
	struct keep *k = arg;
	bool route = netmsg_is_route(nh);
	uint32_t preferred, valid = lifetime(nh, &preferred);
	char what[160];
	int r;

	if (!valid || !(route ? route_worth_keeping(nh) : addr_worth_keeping(nh)))
		return;
	if (!route)
		note_leased(k, nh);
	netmsg_text(nh, what, sizeof(what));
	r = for_ever(nh, preferred);
	if (r < 0 && k->r == 0)
		k->r = error_set(k->err, r, "keep", what, NULL,
				 "It will go when its lifetime ends. By hand: ip address change "
				 "... valid_lft forever preferred_lft forever, or ip -6 route");
	if (r < 0)
		return;
	write_down(k, nh, valid, preferred);
	k->n++;
	ctx_note(k->ctx, "%s stays for ever", what);
}

static bool same_address(const struct nlmsghdr *x, const struct nlmsghdr *y)
{
	const struct ifaddrmsg *a = NLMSG_DATA(x), *b = NLMSG_DATA(y);
	const void *p = netmsg_ip(x, IFA_ADDRESS), *q = netmsg_ip(y, IFA_ADDRESS);

	return a->ifa_family == b->ifa_family && a->ifa_index == b->ifa_index &&
	       a->ifa_prefixlen == b->ifa_prefixlen && p && q &&
	       !memcmp(p, q, a->ifa_family == AF_INET ? 4 : 16);
}

static bool same_route(const struct nlmsghdr *x, const struct nlmsghdr *y)
{
	struct netmsg a, b;

	return netmsg_same(&a, x, 0) && netmsg_same(&b, y, 0) && !memcmp(&a, &b, sizeof(a));
}

/* What the same thing was like when it was kept last, or NULL. */
static const struct kept *was_kept(const struct keep *k, const struct nlmsghdr *nh)
{
	const struct nlmsghdr *was;
	size_t i;

	for (i = k->nkept; i-- > 0;) {
		was = &k->kept[i].was.nh;
		if (was->nlmsg_type == nh->nlmsg_type &&
		    (netmsg_is_route(nh) ? same_route(was, nh) : same_address(was, nh)))
			return &k->kept[i];
	}
	return NULL;
}

static uint32_t left(int64_t until_ms)
{
	int64_t s = (until_ms - now_ms()) / 1000;

	if (!until_ms || until_ms == INT64_MAX)
		return until_ms ? UINT32_MAX : 0;
	return s < LEAST_S ? LEAST_S : (uint32_t)s;
}

static void find_leased(void *arg, const struct nlmsghdr *nh)
{
	uint32_t preferred;

	if (lifetime(nh, &preferred))
		note_leased(arg, nh);
}

static bool may_release(struct keep *k, const struct nlmsghdr *nh)
{
	const struct ifaddrmsg *ifa = NLMSG_DATA(nh);
	char link[IF_NAMESIZE];

	if (k->family != AF_UNSPEC && family_of(nh) != k->family)
		return false;
	return k->family != AF_INET || (if_indextoname(ifa->ifa_index, link) &&
					ifstate_is_leased(k->leased, k->nleased, link));
}

/* Not what a client has been faster with. */
static void release_one(void *arg, const struct nlmsghdr *nh)
{
	struct keep *k = arg;
	uint32_t preferred;
	const struct kept *was = lifetime(nh, &preferred) || !may_release(k, nh) ? NULL : was_kept(k, nh);
	char what[160];
	int r;

	if (!was)
		return;
	r = set_lifetime(nh, left(was->valid), left(was->preferred));
	netmsg_text(nh, what, sizeof(what));
	if (r < 0)
		ctx_note(k->ctx, "%s stays for ever: %s", what, strerror(-r));
	else
		ctx_note(k->ctx, "%s ends in %u s unless it is renewed", what, left(was->valid));
	k->n += r == 0;
}

static int each(struct keep *k, void (*fn)(void *arg, const struct nlmsghdr *nh))
{
	int r = netmsg_dump(RTM_GETADDR, AF_UNSPEC, fn, k);

	return r < 0 ? r : netmsg_dump(RTM_GETROUTE, AF_INET6, fn, k);
}

int op_net_keep(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	struct keep k = { .ctx = ctx, .err = err };
	int r;

	(void)op;
	k.fd = open(net_lifetimes, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	r = each(&k, keep_one);
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
	struct keep k = { .ctx = ctx, .err = err, .family = op->number };
	struct stat st;
	int r = 0;

	if (stat(net_lifetimes, &st) == 0 && st.st_size > 0) {
		k.kept = (struct kept *)read_whole(net_lifetimes);
		k.nkept = k.kept ? (size_t)st.st_size / sizeof(*k.kept) : 0;
		r = netmsg_dump(RTM_GETADDR, AF_INET, find_leased, &k);
		r = r < 0 ? r : each(&k, release_one);
		free(k.kept);
	}
	if (r < 0)
		return error_set(err, r, "read", "the addresses and routes", NULL,
				 "Skip this: they stay for ever.");
	if (k.family != AF_INET6)
		unlink(net_lifetimes);
	if (!k.n)
		ctx_note(ctx, "nothing has to have an end");
	return 0;
}
