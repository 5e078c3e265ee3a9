/* unix_sockets.h - which unix sockets hold a file system (inside core/model) */
#ifndef CAREEN_UNIX_SOCKETS_H
#define CAREEN_UNIX_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scan;

struct unix_socket {
	uint64_t ino;
	char *path;		/* it is bound to a file that holds; NULL if not */
};

/* Filled as sockets are met: one network namespace after the other. */
struct unix_sockets {
	struct unix_socket *row;	/* by ino */
	size_t n, cap;
	uint64_t *ns;		/* namespaces read */
	size_t nns, ns_cap;
};

/*
 * Socket @ino of the task in /proc directory @taskfd; NULL if it is not a unix
 * socket. *@known says that the task's namespace has been read, and is kept by
 * the caller for all sockets of one task.
 */
const struct unix_socket *unix_socket_find(const struct scan *sc, int taskfd, uint64_t ino,
					   bool *known);
void unix_sockets_free(struct unix_sockets *us);

#endif
