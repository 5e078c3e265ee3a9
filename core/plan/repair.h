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
	bool stream;		/* the image comes or goes through the connection */
	bool connection;	/* there is one */
	const struct repair *recipe;	/* whose plan it is a part of; NULL: its own */
};

/* The operator's answer to @key, or NULL when there is none. */
const char *repair_given(const struct repair *rp, const char *key);
/* What {key} stands for in the tool's words, in @buf or elsewhere; NULL when nobody knows. */
const char *repair_value(const struct repair *rp, const char *key, char *buf, size_t size);
/* The number of a partition in its table, as the kernel has it in its name. */
void repair_partno(const struct blockdev *part, char *buf, size_t size);
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

/* No device is called @name: what @op of it cannot be, and which there are; -ENODEV. */
int repair_refuse_unknown(const struct snapshot *s, const char *op, const char *name, const char *why,
			  struct error *err);
/* -ENOENT when a program of @tool, or of what its plan has beside it, is not in the rescue. */
int repair_refuse_absent(const struct repair *rp, const struct tool *tool, struct error *err);

/* Add what @tool does on @dev with @rp's answers: an op, and one that reads back what it copied. */
void repair_tool(struct plan *plan, const struct repair *rp, const struct tool *tool,
		 const struct blockdev *dev);
/* Append @words to @op's argv, each {key} replaced; its command from its argv. */
void repair_words(struct plan *plan, struct op *op, const struct repair *rp, const char *const *words);
void repair_show(struct plan *plan, struct op *op, const struct repair *rp);
/* The word to type before @dev is written to. */
void repair_token(struct plan *plan, const struct snapshot *s, const struct blockdev *dev);
struct dev_id repair_dev_id(const struct snapshot *s, const struct blockdev *dev);

/* vault_plan.c: add the op that keeps what undoes the plan on @dev. */
struct op *repair_keep(struct plan *plan, const struct blockdev *dev);
/* Add the op that drops what was kept of @dev, and of the disk it lies on. */
struct op *vault_forget(struct plan *plan, const struct snapshot *s, const struct blockdev *dev);
/* The plan that puts an entry of the vault back. */
int vault_plan(const struct snapshot *s, const char *entry, struct plan **ret, struct error *err);

/* copy_plan.c: tools that copy. Has the operator given what can be done? */
int copy_refuse(const struct repair *rp, struct error *err);
/* What only their rows' {key}s stand for; NULL: not one of these. */
const char *copy_value(const struct repair *rp, const char *key, char *buf, size_t size);
void copy_check(struct plan *plan, const struct repair *rp);
/* @op becomes the copying itself. */
void copy_fill(struct plan *plan, struct op *op, const struct repair *rp);
void copy_verify(struct plan *plan, const struct repair *rp);

/* Add the op that says before the first write that @dev is written to, and before that the
   one that keeps what undoes it. */
void repair_written(struct plan *plan, const struct blockdev *dev);
/* Add a command; its words are also what is shown of it. @dev: checked before it runs; or NULL. */
struct op *repair_command(struct plan *plan, const struct blockdev *dev, enum danger danger,
			  const char *title, const char *const *words);

#endif
