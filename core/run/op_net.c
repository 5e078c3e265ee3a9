/*
 * op_net.c - leased addresses outlive the client that got them
 *
 * The kernel removes an address when its lifetime ends, and the DHCP client
 * that would renew it is about to be killed. NLM_F_REPLACE changes the
 * lifetime of the address that is there [net/ipv4/devinet.c inet_rtm_newaddr(),
 * net/ipv6/addrconf.c inet6_addr_modify()].
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "run/exec.h"
#include "run/ifstate.h"

struct request {
	struct nlmsghdr nh;
	struct ifaddrmsg ifa;
	char attrs[512];
};

struct keep {
	struct op_ctx *ctx;
	struct error *err;
	unsigned kept;
	char leased[32][IF_NAMESIZE];	/* interfaces whose IPv4 address had an end */
	size_t nleased;
	int r;
};

static struct rtattr *find_attr(const struct nlmsghdr *nh, unsigned short type)
{
	struct ifaddrmsg *ifa = NLMSG_DATA(nh);
	struct rtattr *a = IFA_RTA(ifa);
	int len = (int)IFA_PAYLOAD(nh);

	for (; RTA_OK(a, len); a = RTA_NEXT(a, len))
		if (a->rta_type == type)
			return a;
	return NULL;
}

static uint32_t addr_flags(const struct nlmsghdr *nh)
{
	const struct ifaddrmsg *ifa = NLMSG_DATA(nh);
	const struct rtattr *a = find_attr(nh, IFA_FLAGS);

	return a ? *(const uint32_t *)RTA_DATA(a) : ifa->ifa_flags;
}

static bool worth_keeping(const struct nlmsghdr *nh)
{
	const struct ifaddrmsg *ifa = NLMSG_DATA(nh);
	const struct rtattr *a = find_attr(nh, IFA_CACHEINFO);
	const struct ifa_cacheinfo *ci = a ? RTA_DATA(a) : NULL;

	if (!ci || ci->ifa_valid == UINT32_MAX || ifa->ifa_scope == RT_SCOPE_LINK)
		return false;
	/* temporary ones are made to go away; a tentative one is not ours yet */
	return !(ifa->ifa_family == AF_INET6 &&
		 (addr_flags(nh) & (IFA_F_TEMPORARY | IFA_F_TENTATIVE | IFA_F_DADFAILED)));
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

/* The same address with everything as it was dumped, and a lifetime without end. */
static bool make_request(struct request *req, const struct nlmsghdr *nh)
{
	static const struct ifa_cacheinfo forever = {
		.ifa_prefered = UINT32_MAX, .ifa_valid = UINT32_MAX,
	};
	struct ifaddrmsg *ifa = NLMSG_DATA(nh);
	struct rtattr *a = IFA_RTA(ifa);
	int len = (int)IFA_PAYLOAD(nh);
	bool ok = true;

	memset(req, 0, sizeof(*req));
	req->nh.nlmsg_len = NLMSG_LENGTH(sizeof(*ifa));
	req->nh.nlmsg_type = RTM_NEWADDR;
	req->nh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_REPLACE;
	req->ifa = *ifa;
	for (; RTA_OK(a, len); a = RTA_NEXT(a, len))
		if (a->rta_type != IFA_CACHEINFO)
			ok = ok && put_attr(req, a->rta_type, RTA_DATA(a), RTA_PAYLOAD(a));
	return ok && put_attr(req, IFA_CACHEINFO, &forever, sizeof(forever));
}

static const char *addr_text(const struct nlmsghdr *nh, char *buf, size_t size)
{
	const struct ifaddrmsg *ifa = NLMSG_DATA(nh);
	const struct rtattr *a = find_attr(nh, IFA_LOCAL);
	char text[INET6_ADDRSTRLEN] = "?", link[IF_NAMESIZE] = "?";

	if (!a)
		a = find_attr(nh, IFA_ADDRESS);
	if (a)
		inet_ntop(ifa->ifa_family, RTA_DATA(a), text, sizeof(text));
	if_indextoname(ifa->ifa_index, link);
	return text_fmt(buf, size, "%s/%u on %s", text, ifa->ifa_prefixlen, link);
}

/* IPv6 ones may come from a router's advertisement, beside a static one. */
static void note_leased(struct keep *k, const struct ifaddrmsg *ifa)
{
	if (ifa->ifa_family == AF_INET && k->nleased < sizeof(k->leased) / sizeof(k->leased[0]) &&
	    if_indextoname(ifa->ifa_index, k->leased[k->nleased]))
		k->nleased++;
}

static void keep_one(struct keep *k, const struct nlmsghdr *nh)
{
	struct request req;
	char what[96];
	int r;

	if (nh->nlmsg_type != RTM_NEWADDR || !worth_keeping(nh))
		return;
	note_leased(k, NLMSG_DATA(nh));
	addr_text(nh, what, sizeof(what));
	r = make_request(&req, nh) ? sys->netlink(&req, req.nh.nlmsg_len) : -EMSGSIZE;
	if (r < 0 && k->r == 0)
		k->r = error_set(k->err, r, "keep the address", what, NULL,
				 "It will go when its lifetime ends. By hand: ip address change "
				 "... valid_lft forever preferred_lft forever");
	if (r < 0)
		return;
	k->kept++;
	ctx_note(k->ctx, "%s stays for ever", what);
}

static int send_dump(int fd)
{
	struct {
		struct nlmsghdr nh;
		struct ifaddrmsg ifa;
	} req = {
		.nh = {
			.nlmsg_len = NLMSG_LENGTH(sizeof(req.ifa)), .nlmsg_type = RTM_GETADDR,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
		.ifa = { .ifa_family = AF_UNSPEC },
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
		keep_one(k, nh);
	}
	return 1;
}

int op_net_keep(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	struct keep k = { .ctx = ctx, .err = err };
	struct timeval patience = { .tv_sec = 3 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int r = fd < 0 ? -errno : 0;

	(void)op;
	if (r == 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		r = send_dump(fd);
	}
	while (r == 0 && (r = read_dump(fd, &k)) > 0)
		r = 0;
	if (fd >= 0)
		close(fd);
	if (r < 0)
		return error_set(err, r, "read", "the addresses", NULL,
				 "Nothing was changed. See: ip address");
	if (!k.kept && !k.r)
		ctx_note(ctx, "no address has an end");
	return k.r < 0 ? k.r : ifstate_keep(k.leased, k.nleased, err);
}
