/* exec.h - what the executors share; private to core/run */
#ifndef CAREEN_EXEC_H
#define CAREEN_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/mounts.h"
#include "run/op.h"

/* The executors, by the file that has them. */
typedef int op_fn(struct op_ctx *ctx, const struct op *op, struct error *err);
op_fn op_trial, op_record, op_move, op_handover, op_prove_detached;	/* op_detach.c */
op_fn op_pivot;								/* around.c */
op_fn op_tree_mount, op_tree_fill, op_tree_start, op_tree_leave;		/* op_tree.c */
op_fn op_swapoff, op_loop_detach, op_written;				/* op_kernel.c */
op_fn op_dm_remove, op_md_stop;						/* op_stacked.c */
op_fn op_nfsd_stop, op_binfmt;						/* op_kernel_files.c */
op_fn op_net_keep, op_net_release;					/* op_net.c */
op_fn op_kill;								/* op_kill.c */
op_fn op_rescan;							/* op_rescan.c */
op_fn op_copy_tree;							/* op_copy.c */
op_fn op_coldplug;							/* op_coldplug.c */
op_fn op_umount;							/* op_umount.c */
op_fn op_stack;								/* op_stack.c */
op_fn op_mount;								/* op_mount.c */
op_fn op_prove_off;							/* op_prove.c */
op_fn op_tool, op_terminal;						/* op_tool.c */
op_fn op_command, op_remember, op_forget, op_retarget;			/* op_command.c */
op_fn op_reboot, op_poweroff, op_kexec;					/* op_end.c */
op_fn op_check_copy;							/* tool_copy.c */
op_fn op_verify;							/* op_verify.c */
op_fn op_vault, op_vault_forget, op_vault_restore;			/* op_vault.c */
op_fn op_check_init;							/* op_init.c */
op_fn op_go;								/* op_resume.c */
op_fn op_stop_units;							/* op_units.c */
op_fn op_wait_running;							/* op_wait.c */
op_fn op_save_log;							/* op_log.c */
op_fn op_arm, op_disarm, op_relogin, op_unwritten;			/* deadman.c */

/*
 * breeders.c: while nobody can fork, kill what was born since @since_ms (CLOCK_BOOTTIME),
 * when @s was begun, and holds the old root; how many.
 */
struct snapshot;
size_t stop_breeders(struct op_ctx *ctx, const struct snapshot *s, int64_t since_ms);
unsigned long forks_so_far(void);	/* since the boot, all of the machine's [proc_stat(5)] */

/* op.c: the context's callbacks, any of which may be missing (tests). */
void ctx_note(struct op_ctx *ctx, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void ctx_progress(struct op_ctx *ctx, double fraction, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool ctx_stop(struct op_ctx *ctx);

/* facts.c: small questions to the kernel. */
int64_t now_ms(void);			/* CLOCK_BOOTTIME */
void sleep_ms(unsigned ms);		/* a signal may end it early */
/* Up to @size - 1 bytes of @path, terminated; the length or -errno. */
ssize_t read_text(const char *path, char *buf, size_t size);
char *read_whole(const char *path);	/* malloc'ed; NULL with errno */
/* Write @path by way of a temporary file and rename(2); 0 or -errno. */
int write_whole(const char *path, const char *text, size_t len);
/* Keep the moment @ms as the time of @path, which is empty: see stamp_read(); 0 or -errno. */
int stamp_write(const char *path, int64_t ms);
/* Where the ssh server of the rescue at @root listens, as this machine reaches it; 0 or -ENOENT. */
int rescue_address(const char *root, char *host, size_t size, char port[8]);
bool same_file(const char *a, const char *b);	/* after symlinks; false if unsure */
int path_mount_id(const char *path);	/* id of the mount @path is on, or -errno */
uint64_t path_mount_unique(const char *path);	/* its unique id, 0 unknown */
bool old_root_stacked(void);		/* something is mounted over the rescue's / */
/* around.c: a path to the old root's "/", wherever it lies now. */
const char *old_root_path(void);
bool old_root_around(void);	/* we are in a tree of `careen enter`, before the pivot */
/* In a child: chroot to the topmost directory that ".." leads to; 0 or -errno. */
int climb_out(void);
bool pid1_is_stub(void);
bool pid1_in_rescue(void);
char process_state(pid_t pid);		/* proc(5) state letter, '?' when gone */
/* Of proc_pid_status(5), "ShdPnd", "SigCgt": bit N - 1 is signal N; 0 when it is gone. */
uint64_t signal_set(pid_t pid, const char *name);
/* Our own namespace's mounts, read now. */
int own_mounts(struct mounts *ret, struct error *err);
/* The one on top at @target, NULL if nothing is mounted there. */
const struct mount *mount_on(const struct mounts *ms, const char *target);
/*
 * "pid 712 postgres (cwd fd), loop loop0 (/srv/a.raw)": who holds the mount of
 * @dev on @dir, or, where that cannot be told apart or @dir is NULL, the old root.
 */
const char *who_holds(dev_t dev, const char *dir, char *buf, size_t size);

/* op_kill.c */
struct victim {
	pid_t pid;
	uint64_t start;
	const char *name;
	bool kill_now;
};
struct kill_how {
	unsigned grace_ms;	/* between SIGTERM and SIGKILL */
	int64_t until;		/* now_ms() by which all must be dead */
	bool freeze;		/* SIGSTOP all before the first is killed */
};
int kill_victims(struct op_ctx *ctx, const struct victim *v, size_t n,
		 const struct kill_how *how, struct error *err);

/* op_rescan.c: "pid 77 runsv", a parent of one of them that is none itself; "" if none. */
const char *who_restarts(const struct victim *v, size_t n, char *buf, size_t size);

/* stuck.c: what a process that outlives its KILL waits for, and what may end that. Never NULL. */
struct stuck {
	const char *function, *why, *hint;
};
const struct stuck *stuck_on(pid_t pid);

/* op_stack.c: the path of the free device that has @uuid. */
int device_by_uuid(const char *uuid, char *buf, size_t size, struct error *err);

/*
 * ident.c: is @path still the device that the plan meant, and is it free? @stacked_ok: what
 * lies on it may be open, if that is not in use. device_free() looks at the serial number, too.
 */
int device_identity(const char *path, const struct dev_id *id, struct error *err);
int device_free(const char *path, const struct dev_id *id, bool stacked_ok, struct error *err);

/* tool_progress.c: a tool's output made into progress and notes. */
struct tool_watch {
	struct op_ctx *ctx;
	enum tool_progress progress;
	uint64_t total;		/* bytes it will copy, 0 unknown */
	int64_t started;	/* now_ms() */
	char line[512], prog[128];	/* not ended yet, of the output and of fd 9 */
	size_t len, prog_len;
	char label[64];		/* what mke2fs is doing; what ddrescue has */
	char rate[24];		/* ddrescue's */
	uint64_t bytes;		/* dd has copied */
	double fraction;	/* ddrescue has rescued */
	int pass, marks;	/* how far resize2fs is */
	char told[96];		/* last progress that was told */
	char last[160];		/* last line that said something, or told an error */
	char trouble[160];	/* last one that is in the table of them */
};
void tool_watch_output(void *watch, const char *buf, size_t n);	/* a spawn's ->output */
void tool_watch_fd(struct tool_watch *w, const char *buf, size_t n);
void tool_watch_progress(struct tool_watch *w, const char *line); /* e2fsck -C fd */
void tool_watch_end(struct tool_watch *w);

extern const char *net_lifetimes;	/* op_net.c: a file, elsewhere only in tests */

/* op_log.c: the job has said its last word: that, too, goes to where its log was saved. */
void op_log_end(const char *id);

/* job.c */
extern const char *job_dir;		/* CAREEN_JOBS unless a test says else */
const char *job_current(void);		/* id of the job we are, "" if none */
/* What the job keeps of the connection it was started through: the stream, and what tells
   that it is still there; 0 none. */
extern struct job_stream {
	int fd, alive;
} job_stream;
void job_stream_close(void);		/* what is at the other end sees an end */

#endif
