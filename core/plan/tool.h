/*
 * tool.h - the programs Repair calls, as rows: argv, questions, progress, and
 * what each exit status means in words. Pure data; core/run executes it.
 */
#ifndef CAREEN_TOOL_H
#define CAREEN_TOOL_H

#include <stdbool.h>

#include "plan/plan.h"

struct blockdev;
struct error;
struct repair;

enum tool_progress { PROGRESS_NONE, PROGRESS_E2FSCK, PROGRESS_DD, PROGRESS_MKE2FS };
enum tool_result { TOOL_GOOD, TOOL_FIXED, TOOL_LEFT, TOOL_FAILED };

struct tool_exit {
	int mask;		/* all these bits set in the exit status (0: status == 0) */
	enum tool_result result;
	const char *text;	/* "errors were found and corrected" */
	const char *next;	/* what the operator does now; NULL = nothing */
};

/* A question asked before the plan; its answer replaces {key} in argv. */
struct tool_question {
	const char *key;	/* "uuid" */
	const char *ask;	/* "UUID of the new file system" */
	const char *fallback;	/* "{uuid}" = the device's present one; "" = may be empty;
				   NULL = must be answered */
	enum { ASK_TEXT, ASK_DEVICE, ASK_PATH } type;
};

struct tool {
	const char *name;	/* "ext4-fix" */
	const char *title;	/* "Check and fix" */
	const char *about;	/* one sentence */
	const char *fstypes;	/* blank-separated; NULL = any device */
	const char *program;	/* "e2fsck" */
	const char *package;	/* Debian package that has it */
	const char *const *argv;/* words with {dev} {uuid} {label} {key}; a word whose
				   {key} is empty is dropped together with the word before
				   it when that word starts with '-' */
	struct tool_question ask[4];	/* key NULL ends it */
	const struct tool_exit *exits;	/* text NULL ends it */
	enum danger danger;	/* DANGER_NONE or DANGER_DESTROYS */
	enum tool_progress progress;
	/* More than one program: adds the plan's operations, repair_written() among them, or
	   says why not; argv is NULL. */
	int (*recipe)(const struct repair *rp, struct plan *plan, struct error *err);
};

/* A row's words. */
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* The families, one a file, in the order of families[] in tool.c; name NULL ends each. */
extern const struct tool tools_copy[], tools_recipe[];

/* All tools in their order: NULL begins it, and is its end. */
const struct tool *tool_next(const struct tool *after);
const struct tool *tool_find(const char *name);
bool tool_suits(const struct tool *tool, const struct blockdev *dev);
/* What exit status @status of @tool means; never NULL. */
const struct tool_exit *tool_exit_meaning(const struct tool *tool, int status);

#endif
