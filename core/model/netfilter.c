/*
 * netfilter.c - does a packet filter look at what comes in?
 *
 * Its rules are the kernel's and outlive a detach. What they let through is not judged here:
 * a session that came through them is the proof.
 */
#include "model/network_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/procfile.h"

static uint32_t number(const struct rtattr *at, int left, unsigned short type, uint32_t otherwise)
{
	const uint32_t *value = netlink_attr(at, left, type, sizeof(*value));

	return value ? ntohl(*value) : otherwise;
}

/* At a hook that incoming packets pass; numbers are in the network's order [nf_tables.h]. */
static bool is_incoming(const struct rtattr *at, int left)
{
	const struct rtattr *hook = netlink_find(at, left, NFTA_CHAIN_HOOK);
	uint32_t n = hook ? number(RTA_DATA(hook), RTA_PAYLOAD(hook), NFTA_HOOK_HOOKNUM, NF_INET_NUMHOOKS) :
			    NF_INET_NUMHOOKS;

	return n == NF_INET_PRE_ROUTING || n == NF_INET_LOCAL_IN;
}

/* A chain that has rules, or drops what none of them takes. */
static int take_chain(struct reading *r, const struct nlmsghdr *nh)
{
	const struct nfgenmsg *msg = NLMSG_DATA(nh);
	const struct rtattr *at = (const void *)((const char *)nh + NLMSG_SPACE(sizeof(*msg)));
	int left = (int)nh->nlmsg_len - (int)NLMSG_SPACE(sizeof(*msg));
	const char *type = netlink_attr(at, left, NFTA_CHAIN_TYPE, sizeof("filter"));

	if (left < 0 || !type || memcmp(type, "filter", sizeof("filter")) || !is_incoming(at, left))
		return 0;
	if (msg->nfgen_family == NFPROTO_INET || msg->nfgen_family == NFPROTO_IPV4 ||
	    msg->nfgen_family == NFPROTO_IPV6)
		r->filtered |= number(at, left, NFTA_CHAIN_USE, 0) ||
			       number(at, left, NFTA_CHAIN_POLICY, NF_ACCEPT) == NF_DROP;
	return 0;
}

/*
 * Asking would load the module, and without it there are no rules [nfnetlink_rcv_msg()]; a
 * kernel that has no modules has it built in, or not at all.
 */
static bool may_ask(void)
{
	return access("/sys/module/nf_tables", F_OK) == 0 || access("/proc/modules", F_OK) < 0;
}

static bool nf_tables_filter(void)
{
	struct {
		struct nlmsghdr nh;
		struct nfgenmsg body;
	} ask = {
		.nh = { .nlmsg_len = sizeof(ask), .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};
	struct reading r = { 0 };
	int fd = may_ask() ? netlink_open(NETLINK_NETFILTER) : -ENOENT;

	if (fd < 0)
		return false;
	netlink_ask(fd, &ask.nh, &r, take_chain);
	close(fd);
	return r.filtered;
}

/* The old one has its tables listed: "filter" is there once iptables-legacy was used. */
static bool legacy_filter(const char *names)
{
	char *text;
	bool found;

	if (file_read_all(AT_FDCWD, names, &text, NULL) < 0)
		return false;
	found = strstr(text, "filter\n") != NULL;
	free(text);
	return found;
}

bool filter_in_use(void)
{
	return nf_tables_filter() || legacy_filter("/proc/net/ip_tables_names") ||
	       legacy_filter("/proc/net/ip6_tables_names");
}
