/* repair.h - what a repair's plan is made from; for core/plan only */
#ifndef CAREEN_REPAIR_H
#define CAREEN_REPAIR_H

#include "model/snapshot.h"
#include "plan/plan.h"
#include "plan/tool.h"

struct repair {
	const struct snapshot *s;
	const struct tool *tool;
	const struct blockdev *dev;
	const char *const *answers;
};

/* The operator's answer to @key, or NULL when there is none. */
const char *repair_given(const struct repair *rp, const char *key);
/* What {key} stands for in the tool's words, in @buf or elsewhere; NULL when nobody knows. */
const char *repair_value(const struct repair *rp, const char *key, char *buf, size_t size);
/* argv of @rp's tool, and the command as a shell has it. */
void repair_argv(struct plan *plan, struct op *op, const struct repair *rp);
/* The row of the whole disk that @b lies on: it carries the serial. */
const struct blockdev *repair_disk(const struct snapshot *s, const struct blockdev *b);

/*
 * -EBUSY when @b, or anything on it, is in use by others than an unfinished repair of ours.
 * @stacked_ok: what is open on it, and used by nobody, is no use.
 */
int repair_refuse_busy(const struct snapshot *s, const struct blockdev *b, bool stacked_ok,
		       struct error *err);

/* Add an op: @tool on @dev, with @rp's answers. */
struct op *repair_tool(struct plan *plan, const struct repair *rp, const struct tool *tool,
		       const struct blockdev *dev);
/* Add the op that says before the first write that @dev is written to. */
void repair_written(struct plan *plan, const struct blockdev *dev);
/* Add a command; its words are also what is shown of it. @dev: checked before it runs; or NULL. */
struct op *repair_command(struct plan *plan, const struct blockdev *dev, enum danger danger,
			  const char *title, const char *const *words);

#endif
