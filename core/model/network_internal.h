/* network_internal.h - shared between the files of network (inside core/model) */
#ifndef CAREEN_NETWORK_INTERNAL_H
#define CAREEN_NETWORK_INTERNAL_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "model/network.h"

/* A link that is up. */
struct link {
	char name[IF_NAMESIZE], kind[16];
	unsigned ifindex;
	unsigned below, above;	/* a VLAN's device; the bridge, bond or team it is in */
	bool eapol;		/* a program speaks 802.1X on it */
	bool way;		/* the operator's sessions may come through it */
};

struct reading {
	struct network *net;
	struct link *link;
	size_t nlink, link_cap, addr_cap, mgr_cap;
	uint32_t metric;	/* of the gateway taken so far */
	int port;		/* the operator's sessions are on this one, 0 unknown */
	bool way_known;		/* netway_find() was here */
	unsigned policies;	/* of IPsec */
	bool filtered;
};

typedef int (*on_message)(struct reading *r, const struct nlmsghdr *nh);

int netlink_open(int protocol);		/* -errno */
/* @fn for each message of the answer to a NLM_F_DUMP or NLM_F_ACK. */
int netlink_ask(int fd, const struct nlmsghdr *ask, struct reading *r, on_message fn);
/* The attribute of that type; NULL if there is none. */
const struct rtattr *netlink_find(const struct rtattr *at, int left, unsigned short type);
/* What the attribute of that type has, at least @least bytes; NULL if there is none. */
const void *netlink_attr(const struct rtattr *at, int left, unsigned short type, size_t least);

/* netmanagers.c */
int netmanagers_read(struct reading *r);

/*
 * netway.c: mark the links that the operator's sessions come through; all of them
 * where that cannot be told. Once: it looks at every connection.
 */
void netway_find(struct reading *r);

/* netipsec.c: has the kernel a policy that sends traffic through IPsec? */
bool ipsec_in_use(void);

/* netfilter.c: has the kernel a packet filter that looks at what comes in? */
bool filter_in_use(void);

#endif
