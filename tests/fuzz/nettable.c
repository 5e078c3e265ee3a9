/* nettable.c - /proc/net: sessions by tcp, who listens, packet sockets; ifupdown's list */
#include "model/netway.c"

#include "fuzz.h"
#include "model/lifeline.c"
#include "model/netmanagers.c"
#include "run/ports.h"

void fuzz_one(char *text, size_t size)
{
	struct link link[2] = { { .ifindex = 1 }, { .ifindex = 2 } };
	struct address addr = { .ifindex = 2, .text = "fe80::1" };
	struct network net = { .addr = &addr, .naddr = 1 };
	struct reading r = { .net = &net, .link = link, .nlink = 2,
			     .port = 1022 };
	char buf[64];

	(void)size;
	mark_sessions(&r, -1, "/proc/net/tcp");
	mark_eapol(&r);
	port_in(text, 4711);
	ports_missing(buf, sizeof(buf));
}
