/*
 * ports.c - which services listen, at the detach and after the resume
 *
 * An init that cannot be asked how far it is can be known by its fruits: who
 * listened before listens again. Only ports that need privilege are a service's
 * for good; others come and go with programs.
 */
#include "run/ports.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "paths.h"
#include "run/exec.h"

#define RESERVED	1024	/* netinet/in.h IPPORT_RESERVED */
#define LISTENING	0x0a	/* include/net/tcp_states.h TCP_LISTEN */

/* "sl local_address rem_address st ...", a line each [net/ipv4/tcp_ipv4.c get_tcp4_sock()] */
static void read_table(const char *path, bool listened[RESERVED])
{
	char *text = read_whole(path), *line, *save = NULL;
	unsigned port, state;

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x", &port, &state) == 2 &&
		    state == LISTENING && port < RESERVED)
			listened[port] = true;
	free(text);
}

static void read_ports(bool listened[RESERVED])
{
	memset(listened, 0, RESERVED * sizeof(*listened));
	read_table("/proc/net/tcp", listened);
	read_table("/proc/net/tcp6", listened);
}

int ports_record(struct error *err)
{
	bool listened[RESERVED];
	char text[RESERVED * 5] = "";
	size_t len = 0;
	unsigned port;
	int r;

	read_ports(listened);
	for (port = 1; port < RESERVED; port++)
		if (listened[port])
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%u\n", port);
	r = write_whole(CAREEN_PORTS, text, len);
	if (r < 0)
		return error_set(err, r, "write", CAREEN_PORTS, NULL,
				 "Is there room in %s? Remove old jobs.", CAREEN_RUN);
	return 0;
}

bool ports_missing(char *buf, size_t size)
{
	char *text = read_whole(CAREEN_PORTS), *at, *end;
	bool listened[RESERVED], known = text && *text;
	unsigned long port;

	text_fmt(buf, size, "%s", "");
	read_ports(listened);
	for (at = text; at && *at; at = end + (*end == '\n')) {
		port = strtoul(at, &end, 10);
		if (end == at)
			break;
		if (port < RESERVED && !listened[port])
			text_fmt(buf + strlen(buf), size - strlen(buf), "%s%lu", *buf ? ", " : "", port);
	}
	free(text);
	return known;
}
