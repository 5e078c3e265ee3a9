/* holders.h - who keeps the old root in use, and how */
#ifndef CAREEN_HOLDERS_H
#define CAREEN_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/mounts.h"

struct error;

/* How a process holds on: bits. */
enum {
	HOLD_CWD = 1, HOLD_ROOT = 2, HOLD_EXE = 4, HOLD_FD = 8, HOLD_MAP = 16,
	HOLD_NS = 32,		/* its mount namespace has old mounts in it */
	HOLD_DEV = 64,		/* has the block device itself open */
	HOLD_UNKNOWN = 128,	/* something about it could not be read */
	HOLD_SOCK = 256,	/* a unix socket bound to a path there */
	HOLD_SCM = 512,		/* descriptors in flight to it: which, nobody says */
	HOLD_URING = 1024,	/* files registered with an io_uring */
	HOLD_FANOTIFY = 2048,	/* listens to events there, which keep their files */
};

enum holder_kind {
	HOLDER_PROCESS,
	HOLDER_SWAP,		/* swap file or partition */
	HOLDER_LOOP,		/* loop device backed by a file there */
	HOLDER_DM, HOLDER_MD,	/* stacked block device */
	HOLDER_MOUNTNS,		/* a mount namespace without a process */
	HOLDER_OVERLAY,		/* an overlay with a layer there */
	HOLDER_NFSD,		/* a directory that the kernel's NFS server exports */
	HOLDER_BINFMT,		/* binfmt_misc with flag F: the interpreter is open */
	HOLDER_UNSEEN,		/* in use, and no process or table shows by whom */
};

enum way_out {
	OUT_TERM,		/* SIGTERM, then SIGKILL */
	OUT_KILL,		/* SIGKILL at once: a network manager, whose clean
				   stop would take the addresses with it */
	OUT_KEEP,		/* never: PID 1, ourselves; shown with the reason */
	OUT_SWAPOFF, OUT_LOOP_DETACH, OUT_DM, OUT_MD, OUT_NONE,
	OUT_UMOUNT, OUT_NFSD, OUT_BINFMT,
	OUT_WAIT,		/* a tool of the rescue, at work on the disk: it comes to its
				   end, or the operator ends it; no step does */
};

struct holder {
	enum holder_kind kind;
	enum way_out out;
	unsigned holds;		/* HOLD_* */
	pid_t pid;		/* 0 unless a process */
	uint64_t start;		/* its start time, clock ticks since boot (proc(5) stat 22) */
	uid_t uid;
	char user[33];
	char *command;		/* comm, for kernel holders the device: "loop0" */
	char *cmdline;		/* whole command line, blanks between words */
	char *what;		/* one thing it holds, a path or device; for showing */
	char *unit;		/* its unit or cgroup's last part, or "" */
	unsigned nfd;		/* open files there */
	dev_t dev;		/* device it holds (one of them) */
};

struct holders {
	struct holder *row;	/* kernel holders first, then by pid */
	struct pool *texts;	/* what the strings of holders_add() point into */
	size_t cap, n, n_process, n_kernel, n_unknown;
	bool incomplete;
	char note[160];
};

const char *holder_kind_name(enum holder_kind kind);	/* "process", "swap", "loop"... */
const char *way_out_name(enum way_out out);		/* "TERM", "KILL", "swapoff"... */
/* "cwd root fd", in a fixed order; at most 64 bytes. */
const char *holds_text(unsigned holds, char *buf, size_t size);

/*
 * Find everything that holds a mount of the old root (m->old) or one of
 * @devs (the block devices that carried it, also when it is unmounted
 * already). Scans in a child with a deadline, on both processors.
 */
int holders_read(struct holders *hs, const struct mounts *ms,
		 const dev_t *devs, size_t ndevs, struct error *err);
extern unsigned holders_deadline_ms;	/* 20 s; less only in tests */
/* One more row, with copies of its strings; the counts are the caller's. 0 or -ENOMEM. */
int holders_add(struct holders *hs, const struct holder *h);
/* Device @name is in use and nothing shows by whom: a row that says so. */
int holders_add_unseen(struct holders *hs, const char *name, dev_t dev);
void holders_free(struct holders *hs);

/* proc(5): start time of @pid in clock ticks since boot, 0 if it is gone. */
uint64_t process_start(pid_t pid);

/* Has it the disk open for the moment in which a careen looks at it, and nothing else? */
bool holder_only_looks(const struct holder *h);

#endif
