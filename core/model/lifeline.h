/* lifeline.h - the way in on port 1022: is it up, is it wholly in RAM? */
#ifndef CAREEN_LIFELINE_H
#define CAREEN_LIFELINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

struct lifeline {
	pid_t pid;		/* of careen-lifeline, 0 if it is not running */
	pid_t listener;		/* dropbear that listens */
	int port;		/* it listens on, 0 if it does not */
	int sessions;		/* ssh sessions through it */
	bool in_ram;		/* it, its sessions: root, cwd, exe, maps, fds all in the
				   rescue or sockets, pipes, anonymous inodes */
	char why[160];		/* what is not, when !in_ram */
	bool armed_only;	/* it listens only while armed (careen.conf, port_open=armed) */
	uint32_t armed_s;	/* for so long */
	pid_t own_session;	/* the session this process came through, 0 if none */
	bool from_here;		/* its client is on this very machine */
};

int lifeline_read(struct lifeline *ll, struct error *err);

#endif
