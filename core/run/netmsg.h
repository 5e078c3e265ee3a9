/* netmsg.h - messages of rtnetlink(7) about addresses and routes, private to core/run */
#ifndef CAREEN_NETMSG_H
#define CAREEN_NETMSG_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>

/* A message to the kernel. */
struct netmsg {
	struct nlmsghdr nh;
	char body[2048];	/* struct ifaddrmsg or rtmsg, and attributes */
};

bool netmsg_is_route(const struct nlmsghdr *nh);
/* What is in the attribute, at least @least bytes; NULL if there is none of that type. */
const void *netmsg_attr(const struct nlmsghdr *nh, unsigned short type, size_t least);
/* An address in it, of the family that @nh is of. */
const void *netmsg_ip(const struct nlmsghdr *nh, unsigned short type);

/* The thing that @nh was dumped of, as it is but for its lifetime. */
bool netmsg_same(struct netmsg *m, const struct nlmsghdr *nh, unsigned short flags);
bool netmsg_put(struct netmsg *m, unsigned short type, const void *data, size_t len);
/* @fn for a route by each of the next hops that the route @nh has, until it fails. */
int netmsg_hops(const struct nlmsghdr *nh, unsigned short flags, int (*fn)(const struct netmsg *m));

/* "10.0.2.15/24 on ens3", "the default route by fe80::2 on ens3" */
const char *netmsg_text(const struct nlmsghdr *nh, char *buf, size_t size);

/* @fn for each message of a dump: RTM_GETADDR or RTM_GETROUTE. */
int netmsg_dump(unsigned short type, unsigned char family,
		void (*fn)(void *arg, const struct nlmsghdr *nh), void *arg);

#endif
