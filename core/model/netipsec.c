/* netipsec.c - IPsec: the kernel encrypts, a daemon changes its keys */
#include "model/network_internal.h"

#include <linux/xfrm.h>
#include <unistd.h>

/* Incoming, outgoing and forwarded; those of a single socket do not count. */
static int take_spd(struct reading *r, const struct nlmsghdr *nh)
{
	const struct rtattr *at = (const void *)((const char *)nh + NLMSG_SPACE(sizeof(uint32_t)));
	int left = (int)(nh->nlmsg_len - NLMSG_SPACE(sizeof(uint32_t)));
	const struct xfrmu_spdinfo *info = netlink_attr(at, left, XFRMA_SPD_INFO, sizeof(*info));

	if (info)
		r->policies = info->incnt + info->outcnt + info->fwdcnt;
	return 0;
}

bool ipsec_in_use(void)
{
	struct {
		struct nlmsghdr nh;
		uint32_t flags;
	} ask = {
		.nh = { .nlmsg_len = sizeof(ask), .nlmsg_type = XFRM_MSG_GETSPDINFO,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.flags = UINT32_MAX,
	};
	struct reading r = { .policies = 1 };	/* what cannot be asked may be */
	int fd = netlink_open(NETLINK_XFRM);

	if (fd < 0)
		return true;
	netlink_ask(fd, &ask.nh, &r, take_spd);
	close(fd);
	return r.policies > 0;
}
