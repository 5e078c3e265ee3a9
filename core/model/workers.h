/*
 * workers.h - look at what may hang, in child processes with a deadline
 *
 * Looking at a dead NFS mount or a dead disk can block for ever in the kernel,
 * where not even SIGKILL ends it at once. So it is done in children that only
 * look, and what they found comes back as bytes through a pipe.
 */
#ifndef CAREEN_WORKERS_H
#define CAREEN_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

struct error;

enum { CHILD_WORKERS = 2 };

struct child_work {
	/* In the children: look, and write records with child_put(). */
	void (*look)(int out, unsigned worker, void *arg);
	/*
	 * In the parent: one whole record, as soon as it is there, aligned for any
	 * type; what all of them are together is never in memory. Not 0 ends it.
	 */
	int (*take)(void *arg, const void *record, size_t size);
	void *arg;
	unsigned workers, deadline_ms;
};

/*
 * Run @work's children at once. Ends when all have ended or the deadline is over:
 * what hangs then ends itself by a timer, and is left behind if it cannot die.
 * *@ret_partial: not all was looked at, since one hung or died. What take()
 * returned, if it was not 0, is the error.
 */
int children_run(const struct child_work *work, bool *ret_partial, struct error *err);

/* In the child: one record, written whole. Exits the child if nobody reads. */
void child_put(int out, const void *record, size_t size);

/* Memory that the children and the parent share, zeroed; NULL on failure. */
void *shared_new(size_t size);
void shared_free(void *mem, size_t size);

#endif
