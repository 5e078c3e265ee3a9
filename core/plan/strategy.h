/* strategy.h - the ways to take PID 1, best first: rows, pure data and a test */
#ifndef CAREEN_STRATEGY_H
#define CAREEN_STRATEGY_H

#include <stdbool.h>

#include "model/snapshot.h"
#include "plan/plan.h"

struct strategy {
	const char *name;	/* "reexec", "ptrace", "softreboot" */
	const char *title;	/* "its own re-exec" */
	const char *about;
	const char *command;	/* equivalent shell command; %s = the init's path in the old root */
	bool triggered;		/* ... and then what strategy_trigger() says */
	bool outline;		/* no command can do it */
	unsigned deadline_s;
	enum danger danger;
	bool stops;		/* services are stopped by it, in their own order */
	/* Can it work here? false: @why says why not, a clause. */
	bool (*applies)(const struct snapshot *s, char *why, unsigned long size);
};

extern const struct strategy strategies[];	/* name NULL ends it */
const struct strategy *strategy_find(const char *name);
const struct strategy *strategy_best(const struct snapshot *s);
/* What makes this init execute its binary again, as a shell command; NULL if nothing. */
const char *strategy_trigger(enum init_kind kind);

#endif
