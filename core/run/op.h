/* op.h - the kinds of operation, one executor each, in a table */
#ifndef CAREEN_OP_H
#define CAREEN_OP_H

#include <stdbool.h>

#include "base/error.h"
#include "plan/plan.h"

/* How an executor talks while it works; given by the job. */
struct op_ctx {
	void *job;
	void (*note)(void *job, const char *text);
	/* @fraction 0..1 or < 0; @text in real units. */
	void (*progress)(void *job, double fraction, const char *text);
	/* The operator asked to stop: return -ECANCELED where that is safe. */
	bool (*stop_asked)(void *job);
};

struct op_exec {
	const char *name;	/* "umount" */
	int (*run)(struct op_ctx *ctx, const struct op *op, struct error *err);
};

extern const struct op_exec op_execs[OP_KINDS];

/*
 * Run @plan here and now, in this process: for what comes before there is a rescue
 * to have jobs in. @tell hears of each op when it begins (@r 1) and when it has
 * ended (0 or -errno, then with @err). Ends at the first failure, with its code.
 */
int ops_run(const struct plan *plan, struct op_ctx *ctx,
	    void (*tell)(size_t i, int r, const struct error *err), struct error *err);

/*
 * Run @fn in a child with a deadline; the child's error comes back through a
 * pipe. -ETIMEDOUT when it did not end in time: the child is killed, and if it
 * sits in D state it is left behind and @err says so.
 */
int run_with_deadline(unsigned seconds, int (*fn)(void *arg, struct error *err),
		      void *arg, struct error *err);

#endif
