/* test_netmsg.c - messages of rtnetlink: what is too short is not there */
#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <string.h>
#include <sys/socket.h>

#include "run/netmsg.h"
#include "tap.h"

static void begin(struct netmsg *m, int family)
{
	*m = (struct netmsg){ .nh = { .nlmsg_type = RTM_NEWADDR,
				      .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg)) } };
	((struct ifaddrmsg *)m->body)->ifa_family = (unsigned char)family;
	((struct ifaddrmsg *)m->body)->ifa_prefixlen = 24;
}

static int no_hops(const struct netmsg *m)
{
	(void)m;
	return -1;
}

int main(void)
{
	static const unsigned char ip[4] = { 10, 0, 2, 15 };
	struct ifa_cacheinfo ends = { .ifa_valid = 7 };
	struct netmsg m;
	char text[160];

	begin(&m, AF_INET);
	netmsg_put(&m, IFA_LOCAL, ip, sizeof(ip));
	netmsg_put(&m, IFA_CACHEINFO, &ends, sizeof(ends));
	is_str(netmsg_text(&m.nh, text, sizeof(text)), "10.0.2.15/24 on ?", "an address");
	ok(netmsg_attr(&m.nh, IFA_CACHEINFO, sizeof(ends)), "its lifetime");

	begin(&m, AF_INET6);
	netmsg_put(&m, IFA_CACHEINFO, &ends, 4);
	netmsg_put(&m, IFA_LOCAL, ip, sizeof(ip));
	is_str(netmsg_text(&m.nh, text, sizeof(text)), "?/24 on ?", "four bytes are no address of IPv6");
	ok(!netmsg_attr(&m.nh, IFA_CACHEINFO, sizeof(ends)), "and no lifetime");

	m = (struct netmsg){ .nh = { .nlmsg_type = RTM_NEWROUTE,
				     .nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)) } };
	netmsg_put(&m, RTA_MULTIPATH, ip, 0);
	is_int(netmsg_hops(&m.nh, 0, no_hops), 0, "a route of no hops has none");
	return done_testing();
}
