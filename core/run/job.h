/*
 * job.h - a confirmed plan under way
 *
 * A job is a process of its own session in RAM: no SIGHUP, no terminal, its
 * events in files under /run/careen/jobs/NNNN. The console is a viewer that
 * can leave and come back. Whether a job runs is asked of the kernel (the
 * flock on its file), not of the files' words.
 */
#ifndef CAREEN_JOB_H
#define CAREEN_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/error.h"
#include "plan/plan.h"

enum op_status { OPS_WAITING, OPS_RUNNING, OPS_DONE, OPS_FAILED, OPS_SKIPPED };
enum job_status {
	JOB_RUNNING,
	JOB_DONE,
	JOB_FAILED,		/* an op failed; the job stopped there */
	JOB_STOPPED,		/* the operator stopped it */
	JOB_DIED,		/* its process is gone without a last word: killed */
};

struct op_view {
	char *title, *command;
	enum op_status status;
	enum danger danger;
	bool skippable;
	unsigned deadline_s;	/* 0: none */
	bool outline;		/* ->command cannot be run as it stands */
	int64_t started_ms, ended_ms;	/* CLOCK_BOOTTIME; 0 = not yet */
	double fraction;	/* 0..1, < 0 = unknown */
	char progress[96];	/* "312 MB of 2.0 GB, 41 MB/s" */
	char *message;		/* last note, or why it failed */
	char *hint;
};

struct job_view {
	char id[16], step[16];
	char *title;
	pid_t pid;
	enum job_status status;
	int64_t started_ms, ended_ms;	/* CLOCK_BOOTTIME */
	int64_t started_wall;	/* time(2) */
	int64_t started_wall_ms;
	struct op_view *op;
	size_t n, current;	/* current: running or failed op; n when all are done */
	char **log;		/* all notes and tool output, oldest first, at most the last 2000 */
	size_t nlog;
	char *verdict;		/* last sentence: what is true now */
	bool seen;		/* job_mark_seen() has been called for it */
	int64_t asked_ms;	/* CLOCK_BOOTTIME, when it was first asked to stop; 0: never */
};

/*
 * Run @plan in the background. Refused with -EBUSY while another job runs,
 * -EPERM outside the rescue. On return the job has its lock and its files.
 */
int job_start(const struct plan *plan, char ret_id[16], struct error *err);
/* Latest when @id is NULL or ""; -ENOENT if there is none. */
int job_read(const char *id, struct job_view **ret, struct error *err);
void job_free(struct job_view *view);
/* Somebody has been told how it ended: a console that opens need not begin with it. */
void job_mark_seen(const char *id);
/* Ids, newest first, at most @max; returns how many. */
size_t job_list(char (*ids)[16], size_t max);
/* Becomes readable (poll) when the job's files change; -errno. Caller closes. */
int job_watch(const char *id, struct error *err);
/* The same inotify descriptor hears of one more job; NULL: of new ones. */
void job_watch_more(int fd, const char *id);
/*
 * Ask it to stop: after the present operation, or within it where that is safe. A job that
 * was asked before, and whose operation has outlived its deadline, or has none and has not
 * obeyed for 11 minutes, hangs: it is killed.
 * 0 asked, 1 killed, -ESRCH when it is not running.
 */
int job_stop(const char *id, struct error *err);
/* Of what job_stop() has returned: a sentence for the operator. */
const char *job_stop_words(const struct job_view *view, int stopped);
/* How long ago, in ms, the operation that runs should have ended; < 0 not yet, or it may run on. */
int64_t job_overdue_ms(const struct job_view *view);
/* What it said so far, as text or as events, one JSON object a line. */
int job_print_log(const char *id, bool json, FILE *out, struct error *err);
/* The same as it comes: each read prints what is new. */
struct job_log *job_log_new(const char *id, bool json, FILE *out);
int job_log_read(struct job_log *log, struct error *err);
bool job_log_ended(struct job_log *log);	/* tells it, too, if the job was killed */
void job_log_free(struct job_log *log);
/* A shell script of its operations, or of all jobs' when @id is NULL or "". */
int job_print_script(const char *id, FILE *out, struct error *err);
/* Outside the rescue: the jobs are those that Resume has left in CAREEN_LOG. */
void job_use_saved(void);

const char *job_status_name(enum job_status status);
const char *op_status_name(enum op_status status);

#endif
