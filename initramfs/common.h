/* common.h - what run-init, escape, stub and lifeline share; allocates nothing */
#ifndef CAREEN_INITRAMFS_COMMON_H
#define CAREEN_INITRAMFS_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define LIB_DIR		"/usr/lib/careen"
#define STUB		LIB_DIR "/stub"
#define ESCAPE		LIB_DIR "/escape"
#define LIFELINE	LIB_DIR "/lifeline"
#define TRIM		LIB_DIR "/trim"
#define KEEP_LIST	LIB_DIR "/keep"	/* what trim leaves: the hook writes it, trim removes it */
#define STOCK_RUN_INIT	LIB_DIR "/stock/run-init"
#define RUN_DIR		"/run/careen"
#define TREE_DIR	"/run/careen"	/* in the normal system: a tree of `careen enter` */
#define SETTINGS	"/etc/careen/settings"	/* core/model/settings.c reads them, too */
#define LIFELINE_LOCK	RUN_DIR "/lifeline.lock"
#define CGROUP_DIR	"/sys/fs/cgroup"

/* Exit statuses of a trial: `escape --careen-trial` ends in one of them. */
enum {
	TRIAL_OK = 42,		/* the stub ran, and its root is the rescue */
	TRIAL_NO_ESCAPE = 43,	/* executed, but "/" is not the rescue */
	TRIAL_NO_STUB = 44,	/* escaped, but the stub cannot be executed */
};

/*
 * Who speaks, and where to: kmsg and stderr for everyone, plus a log file once
 * note_log() named one. A log that outgrows @max starts again from nothing:
 * rootfs may be a ramfs, which has no limit of its own.
 */
void note_init(const char *who);
void note_log(const char *path, size_t max);
void note_stderr(bool on);
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* First line of @path without its newline: its length, or -errno. */
ssize_t read_line(const char *path, char *buf, size_t size);
/* What @name is in the settings that tree.sh wrote (NAME=VALUE a line): its length, or -errno. */
ssize_t read_setting(const char *name, char *buf, size_t size);
int write_text(const char *path, const char *text);
bool same_dir(const char *a, const char *b);
struct statfs;
/* A ramfs or tmpfs? */
bool fs_is_ram(const struct statfs *fs);
/* Is "/" a RAM file system with our stub in it? */
bool root_is_rescue(void);
/* chroot to the topmost directory that ".." leads to from "/"; 0 or -errno. */
int climb_out(void);
/* Does somebody hold the flock on @path? A fact of the kernel, not a pid file. */
bool lock_is_held(const char *path);
/* The same of one that many may share. */
bool lock_is_shared(const char *path);
void make_lock(const char *path);
/* Everything default, nothing blocked: what the kernel gives PID 1 at boot. */
void reset_signals(void);
void close_fds_from(unsigned int lowest);
/* @path on 0, 1, 2; never as controlling terminal. 0 or -errno. */
int stdio_on(const char *path);
void sleep_ms(long ms);
/* Since boot, suspended time included. */
long long now_ms(void);

#endif
