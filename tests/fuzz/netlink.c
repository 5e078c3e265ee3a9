/* netlink.c - links, addresses and routes by rtnetlink(7), read and made permanent */
#include "model/network.c"

#include "fuzz.h"
#include "fuzz_netlink.h"
#include "run/netmsg.h"

static int take_hop(const struct netmsg *m)
{
	return m->nh.nlmsg_len > sizeof(*m) ? -EMSGSIZE : 0;
}

static void one(const char *text, size_t size, int type, size_t least, on_message fn)
{
	struct network net = { 0 };
	struct reading r = { .net = &net };
	struct nlmsghdr *nh = fuzz_message(text, size, type, least);
	struct netmsg m;
	char buf[160];

	fn(&r, nh);
	if (type != RTM_NEWLINK) {
		netmsg_text(nh, buf, sizeof(buf));
		netmsg_same(&m, nh, 0);
	}
	if (type == RTM_NEWROUTE)
		netmsg_hops(nh, 0, take_hop);
	free(nh);
	free(r.link);
	network_free(&net);
}

void fuzz_one(char *text, size_t size)
{
	one(text, size, RTM_NEWLINK, sizeof(struct ifinfomsg), add_link);
	one(text, size, RTM_NEWADDR, sizeof(struct ifaddrmsg), add_address);
	one(text, size, RTM_NEWROUTE, sizeof(struct rtmsg), add_route);
}
