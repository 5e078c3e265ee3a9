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
struct programs;
struct repair;
struct snapshot;

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
	enum { ASK_TEXT, ASK_DEVICE, ASK_PATH,
	       ASK_OPTION,	/* never asked: has a fallback, and --set changes it; these come last */
	} type;
};

#define TOOL_QUESTIONS 10
#define TOOL_ANSWER 255	/* bytes of an answer: the journal of a repair keeps a line for each */

/* What several tools that copy ask. */
#define TOOL_OFFSET { .key = "offset", .ask = "Byte to go on from, a multiple of 4096", \
		      .fallback = "", .type = ASK_OPTION }
#define TOOL_VERIFY { .key = "verify", .ask = "Read it back and compare: yes or no", \
		      .fallback = "yes", .type = ASK_OPTION }
#define TOOL_PACKED { .key = "compress", .ask = "gzip, zstd, xz or none; not said: by the name, or what it begins with", \
		      .fallback = "", .type = ASK_OPTION }
#define TOOL_SHA256 { .key = "sha256", .ask = "what sha256sum says of the whole image, unpacked", \
		      .fallback = "", .type = ASK_OPTION }

#define TOOL_SIZE   { .key = "size", .ask = "bytes of the whole image, unpacked: if fewer come, that is an error", \
		      .fallback = "", .type = ASK_OPTION }

/* Which way it copies: {src} onto the device, {src} or a stream onto it, or the device to
   {dst} or a stream; or it fills the device. */
enum tool_copy { COPY_NOT, COPY_ONTO, COPY_IN, COPY_OUT, COPY_WIPE };

struct tool {
	const char *name;	/* "ext4-fix" */
	const char *title;	/* "Check and fix" */
	const char *about;	/* one sentence */
	const char *fstypes;	/* blank-separated, "none": nothing known; NULL = any device */
	const char *devtypes;	/* of ->type of a device, blank-separated; NULL = any */
	const char *program;	/* "e2fsck" */
	const char *package;	/* Debian package that has it; NULL: every rescue has it */
	const char *const *argv;/* words with {dev} {uuid} {label} {key}; a word whose
				   {key} is empty is dropped together with the word before
				   it when that word starts with '-' */
	struct tool_question ask[TOOL_QUESTIONS];	/* key NULL ends it */
	const struct tool_exit *exits;	/* text NULL ends it */
	enum danger danger;
	enum tool_progress progress;
	const char *before, *after;	/* tools that run before and after it, in its plan */
	const char *undo;	/* of DANGER_UNDOABLE: how */
	const char *secret;	/* asked for, and its standard input: "the passphrase" */
	bool secret_is_new;	/* at the console asked for twice */
	const char *proves;	/* "label", "uuid": its question whose answer must be true of
				   the device afterwards, as some programs fail in silence */
	unsigned ram_mb, ram_mb_per_tb;	/* at most, about; 0 = next to nothing */
	bool stacked_ok;	/* what lies on the device may be open, if it is not in use */
	bool mounts;		/* it works on {dir}, where the device is mounted for it alone */
	bool terminal;		/* it talks to the operator: run by the console itself */
	/* More than one program: adds the plan's operations, repair_written() among them, or
	   says why not; argv is NULL. */
	int (*recipe)(const struct repair *rp, struct plan *plan, struct error *err);
	enum tool_copy copy;
};

/* A bit that no exit status has: it ended well, but not with everything. */
#define TOOL_INCOMPLETE 0x100

/* A tool that copies has failed and said @said and @and: what that means. NULL: nobody knows. */
struct tool_trouble {
	const char *said, *and, *why, *next;
};
const struct tool_trouble *tool_trouble(const char *said);

/* A program that packs with -c and unpacks with -d -c; its files' name and first bytes. */
struct tool_unpack {
	const char *program, *suffix, *magic;
	size_t len;
};
const struct tool_unpack *tool_unpack_by_program(const char *program);
const struct tool_unpack *tool_unpack_by_name(const char *file);
const struct tool_unpack *tool_unpack_by_magic(const char *begin, size_t n);

/* A row's words. */
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* The families, one a file, in the order of families[] in tool.c; name NULL ends each. */
extern const struct tool tools_ext[], tools_xfs[], tools_btrfs[], tools_fat_f2fs[], tools_swap[],
	tools_luks[], tools_lvm[], tools_md[], tools_table[], tools_copy[], tools_recipe[];

/* All tools in their order: NULL begins it, and is its end. */
const struct tool *tool_next(const struct tool *after);
const struct tool *tool_find(const char *name);
bool tool_suits(const struct tool *tool, const struct blockdev *dev);
/* -ETIMEDOUT when @dev, or anything on it, could not be looked at in time: nothing suits it. */
int tool_refuse_silent(const struct snapshot *s, const struct blockdev *dev, const char *step,
		       struct error *err);
/*
 * -EBUSY when @dev, or anything on it, is in use so that a plan of @tool is refused; NULL: of any
 * tool, whatever may lie open on it. -ETIMEDOUT as above.
 */
int tool_refuse_busy(const struct snapshot *s, const struct blockdev *dev, const struct tool *tool,
		     struct error *err);
bool tool_is_here(const struct tool *tool, const struct programs *programs);
/* What stands as the answer to @question of @tool to begin with, in @buf or elsewhere; "" if none. */
const char *tool_suggest(const struct snapshot *s, const struct blockdev *dev,
			 const struct tool *tool, const struct tool_question *question,
			 char *buf, size_t size);
/* What exit status @status of @tool means; never NULL. */
const struct tool_exit *tool_exit_meaning(const struct tool *tool, int status);

#endif
