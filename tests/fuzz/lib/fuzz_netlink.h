/* fuzz_netlink.h - the input as what a netlink message carries */
#ifndef CAREEN_FUZZ_NETLINK_H
#define CAREEN_FUZZ_NETLINK_H

#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

/* As the kernel sends them: padded, and with at least the @least bytes of its family's header. */
static inline struct nlmsghdr *fuzz_message(const char *data, size_t size, int type, size_t least)
{
	size_t len = NLMSG_SPACE(size < least ? least : size);
	struct nlmsghdr *nh = calloc(1, len);

	if (!nh)
		abort();
	nh->nlmsg_len = (unsigned)len;
	nh->nlmsg_type = (unsigned short)type;
	memcpy(NLMSG_DATA(nh), data, size);
	return nh;
}

#endif
