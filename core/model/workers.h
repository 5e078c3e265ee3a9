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

struct child_result {
	char *data;		/* what all workers wrote; malloc'ed, may be NULL */
	size_t size;		/* in whole child_put() records */
	bool timed_out;
};

/*
 * Run @work(@out, @worker, @arg) in @workers children at once; each writes
 * records with child_put(). Ends when all have ended or @deadline_ms is over:
 * what hangs then ends itself by a timer, and is left behind if it cannot die.
 */
int children_run(void (*work)(int out, unsigned worker, void *arg), void *arg,
		 unsigned workers, unsigned deadline_ms, struct child_result *ret,
		 struct error *err);

/* In the child: one record, written whole. Exits the child if nobody reads. */
void child_put(int out, const void *record, size_t size);
/* In the parent: next record, or NULL at the end. Aligned for any type. */
const void *child_next(const struct child_result *res, size_t *pos, size_t *ret_size);

/* Memory that the children and the parent share, zeroed; NULL on failure. */
void *shared_new(size_t size);
void shared_free(void *mem, size_t size);

#endif
