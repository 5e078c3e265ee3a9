/* spawn.h - run a program, listen to it, stop it when asked; private to core/run */
#ifndef CAREEN_SPAWN_H
#define CAREEN_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/op.h"

#define SPAWN_PROGRESS_FD 9	/* as `e2fsck -C 9` in the tools table */

struct spawn {
	struct op_ctx *ctx;		/* asked for stop; may be NULL */
	char *const *argv;		/* with ->pipeline, "|" ends a program whose output the
					   next one reads */
	bool pipeline;
	int in, out;			/* stdin of the first and stdout of the last; 0: neither */
	bool apart;			/* in a mount namespace of its own: its mounts end with it */
	const char *root;		/* chroot here first; NULL = the rescue */
	int64_t until;			/* now_ms() deadline, 0 = none */
	const char *mount_dev, *mount_type;	/* mounted on CAREEN_WORK for it alone; NULL not */
	const char *input;		/* its stdin; NULL = nothing */
	size_t input_len;
	void (*output)(void *arg, const char *buf, size_t n);	/* stdout and stderr */
	void (*progress)(void *arg, const char *buf, size_t n);	/* fd 9, or NULL */
	void (*tick)(void *arg, pid_t pid);	/* now and then while it runs, or NULL */
	void *arg;
	int before;			/* out: of a pipeline's other programs, the first wait
					   status that is not 0 */
	bool stopped;			/* out: ended because the operator asked */
	bool timed_out;			/* out: ended because of the deadline */
};

/* What a program said, by lines: each a note, the last one kept for an error's why. */
struct said {
	struct op_ctx *ctx;		/* NULL: only the last one is kept */
	char line[300];			/* the last that said something */
	char now[300];
	size_t len;
};
void said_take(void *said, const char *buf, size_t n);	/* a spawn's ->output */

/*
 * spawn_mount.c, in the child that will execute the program: only a grandchild comes back
 * from it, with 0, into a mount namespace of its own; this process waits for it, unmounts
 * and ends as it did. -errno when it cannot be mounted. @report is closed in the one that waits.
 */
int spawn_mounted(const struct spawn *sp, int report);

/* 0 and the (last) program's wait status, or -errno when it could not be executed at all. */
int spawn_run(struct spawn *sp, int *ret_status, struct error *err);

#endif
