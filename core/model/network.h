/* network.h - addresses and routes, and who carries them */
#ifndef CAREEN_NETWORK_H
#define CAREEN_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

struct address {
	char link[16];
	int ifindex, family, prefix;
	char text[48];		/* "10.0.2.15" */
	uint32_t valid_s;	/* seconds left; UINT32_MAX = for ever */
	bool link_local;
};

/* A user-space process that gave out or keeps up an address or a link. */
struct net_manager {
	pid_t pid;
	char name[32];
	bool needed;		/* the operator's way in dies with it: wpa_supplicant, pppd */
	char link[16];		/* what dies with it: "ppp0"; "" where that is not one link */
};

struct network {
	struct address *addr;
	size_t naddr;
	struct net_manager *mgr;
	size_t nmgr;
	char gateway[48];	/* default route, "" if none */
	bool filtered;		/* a packet filter looks at what comes in */
};

/* @port: whose sessions are the operator's; 0 where that is not known */
int network_read(struct network *net, int port, struct error *err);
void network_free(struct network *net);

/*
 * Is a process of this name (comm) one that carries the network? @ret_needed: by
 * making links, which die with it.
 */
bool network_manager_name(const char *comm, bool *ret_needed);

#endif
