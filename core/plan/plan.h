/*
 * plan.h - what would be done: an ordered list of operations
 *
 * Pure: made from a snapshot, touches nothing. The printed plan is stable
 * text, the same on the screen, in `careen plan` and in the tests.
 */
#ifndef CAREEN_PLAN_H
#define CAREEN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct error;
struct snapshot;
struct tool;

enum op_kind {
	OP_TRIAL,	/* prove the hand-over in a child: strategy, src = init's path */
	OP_ARM,		/* the dead-man timer: number = seconds without a key */
	OP_DISARM,
	OP_RELOGIN,	/* number = seconds within which somebody must log in anew */
	OP_UNWRITTEN,	/* fails once a disk has been written to */
	OP_STOP_UNITS,	/* argv run in the old root: its init stops services cleanly */
	OP_RECORD,	/* write the old root's mounts to the journal */
	OP_SWAPOFF,	/* dst = swap path */
	OP_NET_KEEP,	/* addresses and routes with a lifetime: valid for ever */
	OP_NET_RELEASE,	/* they have an end again; ->number: of which family */
	OP_MOVE,	/* mount --move src dst */
	OP_PIVOT,	/* pivot_root src dst: the tree under the old root, mount_id */
	OP_HANDOVER,	/* strategy = row of the strategies table, src = init's path */
	OP_PROVE_DETACHED,
	OP_KILL,	/* procs: TERM or KILL each, wait on pidfds, KILL what is left */
	OP_RESCAN,	/* look again, kill what still holds; rounds until nothing does */
	OP_LOOP_DETACH,	/* dst = /dev/loopN */
	OP_DM_REMOVE,	/* dst = /dev/dm-N, dev */
	OP_MD_STOP,	/* dst = /dev/mdN, dev */
	OP_NFSD_STOP,	/* the kernel's NFS server stops, and forgets its exports */
	OP_BINFMT,	/* dst = entry of binfmt_misc, src = its interpreter: forgotten */
	OP_COPY_TREE,	/* of the directory src into the directory dst: argv, if there */
	OP_COLDPLUG,	/* dst = new root, number = uevents at detach: udev is spared what did
			   not change */
	OP_STACK,	/* argv opens, closes or keeps open the layer dst; secret on its stdin;
			   src, dev: a device of it, if there is one */
	OP_UMOUNT,	/* dst; id checked again; lazy for pseudo file systems */
	OP_PROVE_OFF,	/* dev, dst = /dev/...: clean off is proven */
	OP_WRITTEN,	/* journal: from here on a disk has been written to; dst */
	OP_CHECK_COPY,	/* before anything is written: tool, src and dst/dev are there and fit;
			   options "table": the source has a partition table */
	OP_VAULT,	/* keep of dst/dev what undoes what comes; src = what comes; options = an entry
			   that must not go to make room */
	OP_TOOL,	/* tool, argv on dst/dev; fstype: it is mounted for it on CAREEN_WORK;
			   options: "label=..." that must be true afterwards; if it copies: "|" ends a
			   program of a pipeline, number = where it begins, src/from = its source,
			   options = what unpacks it */
	OP_TERMINAL,	/* the same for a tool that the console runs: all but its start */
	OP_VERIFY,	/* argv reads dst/dev back; "{bytes}" = how far the tool came; options = a
			   sha256 that must come out */
	OP_VAULT_FORGET,	/* what was kept of dst, and of src, the disk it lies on */
	OP_VAULT_RESTORE,	/* src = entry: written back to dst/dev */
	OP_COMMAND,	/* argv, input or secret on its stdin; dst, dev: a device that must be the one meant */
	OP_REMEMBER,	/* journal: input, that a repair of several operations begins */
	OP_FORGET,	/* journal: it has ended */
	OP_RETARGET,	/* journal: the old root is on dst now, a part of the disk src/dev */
	OP_REBOOT,	/* what is written reaches its disk, then the machine starts anew */
	OP_POWEROFF,	/* the same, then it is off */
	OP_KEXEC,	/* the same, then the kernel starts that was loaded before */
	OP_MOUNT,	/* src, dst, fstype, options */
	OP_CHECK_INIT,	/* dst = new root: init and its loader exist and can be executed */
	OP_GO,		/* tell the stub to become src = init again */
	OP_WAIT_RUNNING,/* until the init says the system is up */
	OP_SAVE_LOG,	/* journal and events into dst, below src (the real system) */
	OP_TREE_MOUNT,	/* dst: RAM for the rescue's tree, if there is enough */
	OP_TREE_FILL,	/* dst: from the running system */
	OP_TREE_START,	/* dst: its mounts, lifeline, ssh server; it must answer */
	OP_TREE_LEAVE,	/* dst: everything of it ends, its RAM comes back */
	OP_KINDS
};

enum danger {
	DANGER_NONE,		/* looks only */
	DANGER_UNDOABLE,	/* can be undone: resume */
	DANGER_LOSES,		/* something running is lost (a killed process) */
	DANGER_DESTROYS,	/* data on a disk is destroyed or changed */
};

/* A process as the plan saw it: the act checks it again. */
struct proc_id {
	pid_t pid;
	uint64_t start;		/* clock ticks since boot */
	char name[32];
	bool kill_now;		/* SIGKILL at once, no SIGTERM (network managers) */
};

struct dev_id {
	dev_t dev;
	uint64_t diskseq;	/* 0 unknown */
	char serial[64];
};

/* What only lives as long as the operator's connection: an image from it, or to it. */
enum plan_stream { STREAM_NONE, STREAM_IN, STREAM_OUT };

/* How a program says how far it is. */
enum tool_progress {
	PROGRESS_NONE,
	PROGRESS_E2FSCK,	/* "pass current max" on a descriptor */
	PROGRESS_DD,		/* bytes copied, of those of its source */
	PROGRESS_MKE2FS,	/* "label: 12/512", rubbed out */
	PROGRESS_RESIZE2FS,	/* forty marks a pass */
	PROGRESS_LINE,		/* lines that end in a carriage return */
	PROGRESS_DDRESCUE,	/* a block of lines, redrawn */
	PROGRESS_TAR,		/* the number of records at each checkpoint */
	PROGRESS_REENCRYPT,	/* "Progress:  59.4%, ETA 00m04s, ..." */
};

struct op {
	enum op_kind kind;
	enum danger danger;
	unsigned deadline_s;	/* 0 = none (a repair may take days) */
	bool skippable;		/* going on without it is safe */
	bool lazy;		/* OP_UMOUNT: MNT_DETACH if busy (no device behind it) */
	bool remote;		/* OP_UMOUNT: MNT_DETACH if its server does not answer */
	char *title;		/* "unmount /var (ext4, /dev/vda2)" */
	char *command;		/* equivalent shell command */
	bool outline;		/* ... which shows how, and cannot be run as it stands */
	char *src, *dst, *fstype, *options;
	uint64_t number;	/* OP_COLDPLUG, OP_NET_RELEASE; of a tool that copies: the offset */
	uint64_t bytes;		/* of a tool that copies: how many there must be in all; 0 unknown */
	int mount_id;		/* OP_UMOUNT, OP_MOVE: as the plan saw it, 0 = any */
	uint64_t mount_unique;	/* the same, never used again (6.8 on); 0 unknown */
	struct dev_id dev, from;
	const char *strategy;	/* OP_HANDOVER, OP_TRIAL */
	const struct tool *tool;/* OP_TOOL */
	char **argv;		/* OP_TOOL, OP_COMMAND, OP_STACK, OP_STOP_UNITS, ...; NULL-terminated */
	char *input;		/* OP_COMMAND: its standard input; OP_REMEMBER */
	enum tool_progress progress;	/* OP_COMMAND; src: with tar, the archive or the tree
					   that it is the share of */
	enum plan_stream stream;	/* OP_COMMAND: its standard input or output is the connection */
	unsigned once;		/* its number: once it has succeeded, never again; 0 none */
	bool done;		/* it has: it is shown, and not executed */
	bool apart;		/* OP_COMMAND: in a mount namespace of its own */
	bool needs_secret;	/* plan_set_secret() before it is run */
	char *secret;		/* never printed, never written to a file */
	size_t secret_len;
	struct proc_id *procs;
	size_t nprocs;
};

#define PLAN_TOKEN 640	/* room for what is typed: the longest are the words of 15 disks, of wipe-all */

struct plan {
	char step[16];		/* name of its step */
	char *title;		/* "Detach: PID 1 moves into RAM" */
	char *undo;		/* "Undo: resume." or why there is none */
	char *target;		/* what it works on, as one would know it again; NULL none */
	char *needs;		/* memory that it wants; NULL next to nothing */
	bool scarce;		/* that is not there */
	char *token;		/* the word to type; NULL: Enter is enough */
	char *secret_what;	/* "the passphrase of cryptroot", to be asked for; NULL none */
	bool secret_is_new;	/* asked for twice: nothing could tell that it was mistyped */
	bool secret_at_boot;	/* a new one that will be typed at a boot */
	char *token_what;	/* what the word is: "device and last 4 of its serial" */
	enum plan_stream stream;
	int stream_fd;		/* that end of the operator's connection; set by who runs it */
	struct op *ops;
	size_t n;
	bool oom;		/* memory ran out while it was made: plan_finish() refuses */
};

struct plan *plan_new(const char *step, const char *title);
void plan_free(struct plan *plan);
/* Append an op; never NULL: without memory it is one that plan_finish() refuses. */
struct op *plan_add(struct plan *plan, enum op_kind kind, enum danger danger,
		    unsigned deadline_s, const char *title_fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* Set one of @plan's strings (an op's dst, command, ...). */
void plan_set(struct plan *plan, char **field, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* @op's equivalent shell command: each %s, the only conversion, is quoted for the shell. */
void plan_command(struct plan *plan, struct op *op, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same of what no command can be written for: with words that stand for many, or none. */
void plan_outline(struct plan *plan, struct op *op, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* @op's argv, which is also the command that is shown of it. */
void plan_words(struct plan *plan, struct op *op, const char *const *words);
/* Why @secret, @len bytes, would be a bad new one; NULL: it would not. */
const char *plan_new_secret_is_bad(const char *secret, size_t len);
/* Give @plan what its secret_what asks for; 0 or -ENOMEM. */
int plan_set_secret(struct plan *plan, const char *secret, size_t len);
/* Hand over a finished plan: 0 and *ret, or -ENOMEM and @plan is freed. */
int plan_finish(struct plan *plan, struct plan **ret, struct error *err);
/* Highest danger of its ops. */
enum danger plan_danger(const struct plan *plan);
/* What is shown of its danger: that, or "done" when it is not executed again. */
const char *op_danger(const struct op *op);
/* "looks", "undoable", "kills", "WRITES" */
const char *danger_name(enum danger danger);
/* Drop op @index ("skip"); -EINVAL if it is not skippable. */
int plan_skip(struct plan *plan, size_t index, struct error *err);

void plan_print(const struct plan *plan, FILE *out);
void plan_json(const struct plan *plan, FILE *out);

#endif
