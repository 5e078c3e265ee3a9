/*
 * remote_log.h - a job's events, sent to another machine's syslog as they happen
 *
 * RFC 5424 over UDP (RFC 5426): its header has the year, milliseconds and the zone, which the
 * older RFC 3164 lacks, and a machine that dies takes no unsent stream with it. The message is
 * the JSON object of `careen log --json`, in which nothing is left that could end a line, or
 * that a terminal would obey. A datagram is never waited for, and none is missed: what is lost
 * on the way is still in the job's own file.
 */
#ifndef CAREEN_REMOTE_LOG_H
#define CAREEN_REMOTE_LOG_H

#include <sys/socket.h>

#include "base/error.h"

struct event;

struct remote_log {
	int fd;			/* <= 0: there is none */
	struct sockaddr_storage to;
	socklen_t len;
	char host[64];
};

/* @where: "ADDRESS PORT", numbers; "" is none. 0 or -errno with a sentence. */
int remote_log_open(struct remote_log *log, const char *where, struct error *err);
void remote_log_put(const struct remote_log *log, const char *id, const struct event *e);

#endif
