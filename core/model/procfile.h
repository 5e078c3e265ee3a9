/* procfile.h - read the small text files of /proc and /sys (inside core/model) */
#ifndef CAREEN_PROCFILE_H
#define CAREEN_PROCFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Whole file as malloc'ed text, always terminated; -errno. Nothing stays open. */
int file_read_all(int dirfd, const char *path, char **ret, size_t *ret_size);
/* First line into @buf without its newline; -errno. */
int file_read_line(int dirfd, const char *path, char *buf, size_t size);
/* A number that is all there is on the first line; @fallback if unreadable. */
uint64_t file_read_u64(int dirfd, const char *path, uint64_t fallback);
/*
 * A moment (CLOCK_BOOTTIME, ms) that is kept as the file's time of modification, by stamp_write()
 * or the lifeline: never half-written, and no room is needed for it. 0: there is none.
 */
int64_t stamp_read(const char *path);
/* "254:1" as a dev_t, 0 if unreadable. */
dev_t file_read_dev(int dirfd, const char *path);
/* readlink(2) that terminates; -errno. */
int link_read(int dirfd, const char *path, char *buf, size_t size);

/* All numeric names in directory @path, ascending; malloc'ed. -errno. */
int pids_list(int dirfd, const char *path, pid_t **ret, size_t *ret_n);

/* What proc(5) stat says of a process. */
struct proc_stat {
	pid_t pid, ppid;
	char comm[64];		/* as the kernel has it: may contain anything but NUL */
	char state;
	unsigned long flags;	/* PF_* of linux/sched.h */
	int nthreads;
	uint64_t start;		/* clock ticks since boot */
};

/* PF_KTHREAD of include/linux/sched.h: a kernel thread, it has no files. */
#define PROC_PF_KTHREAD 0x00200000UL

/* Parse /proc/PID/stat's text; -EINVAL when it is not one. */
int proc_stat_parse(const char *text, struct proc_stat *ret);
/* @dirfd is /proc/PID, or AT_FDCWD with @path "/proc/PID/stat". */
int proc_stat_read(int dirfd, const char *path, struct proc_stat *ret);

/* Make room for one more element; false when out of memory. */
bool grow(void **array, size_t n, size_t *cap, size_t size);

#endif
