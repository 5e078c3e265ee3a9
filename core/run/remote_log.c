/* remote_log.c - a job's events, sent to another machine's syslog as they happen */
#include "run/remote_log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "run/events.h"

#define DATAGRAM 2048		/* what every receiver should take [RFC 5424 6.1] */
#define DAEMON 3		/* the facility */

enum { ERR = 3, WARNING, NOTICE, INFO, DEBUG };

static const struct {
	const char *kind;
	int severity;
} severities[] = {
	{ "job", NOTICE }, { "start", INFO }, { "done", INFO }, { "skip", INFO }, { "note", INFO },
	{ "fail", ERR }, { "end", NOTICE }, { "op", DEBUG }, { "progress", DEBUG },
};

static int parse(struct remote_log *log, const char *where)
{
	struct sockaddr_in6 *six = (void *)&log->to;
	struct sockaddr_in *four = (void *)&log->to;
	char address[48];
	unsigned port;

	if (sscanf(where, "%47[0-9a-fA-F.:] %5u", address, &port) != 2 || !port || port > 65535)
		return -EINVAL;
	memset(&log->to, 0, sizeof(log->to));
	if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)port);
		log->len = sizeof(*four);
	} else if (inet_pton(AF_INET6, address, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)port);
		log->len = sizeof(*six);
	} else {
		return -EINVAL;
	}
	return 0;
}

/* PRINTUSASCII, or "-" for unknown. */
static void own_name(char *buf, size_t size)
{
	char *p;

	if (gethostname(buf, size) < 0)
		buf[0] = '\0';
	buf[size - 1] = '\0';
	for (p = buf; *p; p++)
		if (*p <= ' ' || *p > '~')
			*p = '?';
	if (!*buf)
		text_fmt(buf, size, "-");
}

int remote_log_open(struct remote_log *log, const char *where, struct error *err)
{
	int room = 4 << 20, r;

	log->fd = 0;
	if (!*where)
		return 0;
	r = parse(log, where);
	if (r < 0)
		return error_set(err, r, "send the log to", where, "it is no address and port",
				 "See syslog= in careen.conf.");
	/* not connected: no route, now, says nothing about the next event */
	log->fd = socket(log->to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (log->fd < 0)
		return error_set(err, errno, "send the log to", where, NULL, NULL);
	/* a long plan is many datagrams at once, and none of them is waited for */
	if (setsockopt(log->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
		errno = 0;
	own_name(log->host, sizeof(log->host));
	return 0;
}

static int severity(const struct event *e)
{
	size_t i;

	if (!strcmp(e->kind, "end") && strcmp(event_text(e, 0), "done"))
		return WARNING;
	for (i = 0; i < sizeof(severities) / sizeof(severities[0]); i++)
		if (!strcmp(severities[i].kind, e->kind))
			return severities[i].severity;
	return INFO;
}

/* The datagram, with no field longer than @max bytes; NULL without memory. */
static char *datagram(const struct remote_log *log, const char *id, const struct event *e,
		      size_t max, size_t *len)
{
	struct event cut = *e;
	struct timespec now;
	char *text = NULL, when[40];
	int64_t wall;
	size_t i;
	FILE *out;

	for (i = 0; i < e->n; i++)
		if (strlen(e->field[i]) > max)
			cut.field[i] = text_dup("%.*s...", (int)max, e->field[i]);
	clock_gettime(CLOCK_REALTIME, &now);
	wall = 1000 * (int64_t)now.tv_sec + now.tv_nsec / 1000000;
	out = open_memstream(&text, len);
	if (out) {
		fprintf(out, "<%d>1 %s %s careen %d %s - ", DAEMON * 8 + severity(e),
			event_time(when, sizeof(when), wall), log->host, (int)getpid(), e->kind);
		for (i = 0; i < e->n; i++)
			if (!cut.field[i])
				cut.n = i;	/* no memory for it, nor for what follows */
		event_json(out, id, wall, &cut);
		fclose(out);
	}
	for (i = 0; i < e->n; i++)
		if (cut.field[i] != e->field[i])
			free(cut.field[i]);
	return text;
}

void remote_log_put(const struct remote_log *log, const char *id, const struct event *e)
{
	size_t max, len = 0;
	char *text = NULL;

	for (max = 1200; max > 10; max /= 2) {
		free(text);
		text = datagram(log, id, e, max, &len);
		if (!text || len <= DATAGRAM)
			break;
	}
	if (text)
		sendto(log->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL, (const void *)&log->to, log->len);
	free(text);
}
