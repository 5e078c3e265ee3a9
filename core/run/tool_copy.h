/* tool_copy.h - tools that copy: what op_tool.c asks of tool_copy.c; private to core/run */
#ifndef CAREEN_TOOL_COPY_H
#define CAREEN_TOOL_COPY_H

#include "run/exec.h"
#include "run/spawn.h"

struct copy_run {
	struct op_ctx *ctx;
	const struct op *op;
	struct spawn *sp;	/* its ->in or ->out: the connection */
	struct tool_watch *w;
	long kills;		/* by the kernel for want of memory, before it began; -1 unknown */
	char *words[32];	/* argv, where it is not the plan's */
};

/* How far the latest copy of this job came, in bytes from the device's beginning. */
extern uint64_t copy_end;

uint64_t file_size(const char *path);	/* of a file or a block device; 0 unknown */
/* op_tool.c: how signal @sig killed a tool, in words, in @buf. */
const char *tool_killed(int sig, long kills_before, char *buf, size_t size);
/* Both ends are still what the plan meant; the pipeline's ends are set. */
int copy_begin(struct copy_run *c, struct error *err);
/* What came of it: 0, or @err says what is true of the target now. */
int copy_judge(const struct copy_run *c, int status, struct error *err);

#endif
