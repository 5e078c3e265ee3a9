/* job_view.c - a job as its files and the kernel say it is */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "run/events.h"
#include "run/exec.h"
#include "run/job.h"
#include "run/job_files.h"

#define LOG_MAX 2000
#define GRACE_MS 2000		/* for what ends an operation at its deadline */
#define STOP_MS 660000		/* to obey, without a deadline: a flush may take 10 minutes [tool_copy.c] */
#define KILLED_MS 10000		/* for one that is killed to give back its lock */

static const char *const job_names[] = {
	[JOB_RUNNING] = "running", [JOB_DONE] = "done", [JOB_FAILED] = "failed",
	[JOB_STOPPED] = "stopped", [JOB_DIED] = "died",
};

static const char *const op_names[] = {
	[OPS_WAITING] = "waiting", [OPS_RUNNING] = "running", [OPS_DONE] = "done",
	[OPS_FAILED] = "failed", [OPS_SKIPPED] = "skipped",
};

const char *job_status_name(enum job_status status)
{
	return job_names[status];
}

const char *op_status_name(enum op_status status)
{
	return op_names[status];
}

static void set(char **field, const char *text)
{
	free(*field);
	*field = strdup(text);
}

static struct op_view *op_at(struct job_view *v, const struct event *e)
{
	long i = e->n ? event_long(e, 0) : -1;

	return i >= 0 && (size_t)i < v->n ? &v->op[i] : NULL;
}

static void on_job(struct job_view *v, const struct event *e)
{
	text_fmt(v->step, sizeof(v->step), "%s", event_text(e, 0));
	set(&v->title, event_text(e, 1));
	v->pid = (pid_t)event_long(e, 2);
	v->started_wall = event_long(e, 3);
	v->started_wall_ms = event_wall_ms(e);
	v->started_ms = e->ms;
}

static void on_op(struct job_view *v, const struct event *e)
{
	struct op_view *op = reallocarray(v->op, v->n + 1, sizeof(*op));
	long danger = event_long(e, 1);

	if (!op)
		return;
	v->op = op;
	op = &v->op[v->n++];
	*op = (struct op_view){
		.danger = danger >= DANGER_NONE && danger <= DANGER_DESTROYS ?
			  (enum danger)danger : DANGER_DESTROYS,
		.skippable = event_long(e, 2) != 0,
		.deadline_s = (unsigned)event_long(e, 3),
		.outline = event_long(e, 6) != 0,
		.fraction = -1,
	};
	set(&op->title, event_text(e, 4));
	set(&op->command, event_text(e, 5));
}

static void on_start(struct job_view *v, const struct event *e)
{
	struct op_view *op = op_at(v, e);

	if (!op)
		return;
	op->status = OPS_RUNNING;
	op->started_ms = e->ms;
}

static void on_progress(struct job_view *v, const struct event *e)
{
	struct op_view *op = op_at(v, e);
	long part = event_long(e, 1);

	if (!op)
		return;
	op->fraction = part < 0 ? -1 : part > 10000 ? 1 : (double)part / 10000;
	text_fmt(op->progress, sizeof(op->progress), "%s", event_text(e, 2));
}

static void add_log(struct job_view *v, const char *text)
{
	char **log = v->log;

	if (v->nlog == LOG_MAX) {
		free(log[0]);
		memmove(log, log + 1, (LOG_MAX - 1) * sizeof(*log));
		v->nlog--;
	}
	if (!log)
		log = calloc(LOG_MAX, sizeof(*log));
	if (!log)
		return;
	v->log = log;
	log[v->nlog] = strdup(text);
	v->nlog += log[v->nlog] != NULL;
}

static void on_note(struct job_view *v, const struct event *e)
{
	struct op_view *op = op_at(v, e);

	add_log(v, event_text(e, 1));
	if (op)
		set(&op->message, event_text(e, 1));
}

static void finish(struct op_view *op, const struct event *e, enum op_status status)
{
	if (!op)
		return;
	op->status = status;
	op->ended_ms = e->ms;
}

static void on_done(struct job_view *v, const struct event *e)
{
	finish(op_at(v, e), e, OPS_DONE);
}

static void on_skip(struct job_view *v, const struct event *e)
{
	finish(op_at(v, e), e, OPS_SKIPPED);
}

static void on_fail(struct job_view *v, const struct event *e)
{
	struct op_view *op = op_at(v, e);

	finish(op, e, OPS_FAILED);
	if (!op)
		return;
	set(&op->message, event_text(e, 2));
	set(&op->hint, event_text(e, 3));
	add_log(v, event_text(e, 2));
	if (*event_text(e, 3))
		add_log(v, event_text(e, 3));
}

static void on_end(struct job_view *v, const struct event *e)
{
	const char *status = event_text(e, 0);

	v->status = !strcmp(status, "done") ? JOB_DONE :
		    !strcmp(status, "stopped") ? JOB_STOPPED : JOB_FAILED;
	v->ended_ms = e->ms;
	set(&v->verdict, event_text(e, 1));
	add_log(v, event_text(e, 1));
}

static const struct {
	const char *kind;
	void (*apply)(struct job_view *v, const struct event *e);
} appliers[] = {
	{ "job", on_job }, { "op", on_op }, { "start", on_start },
	{ "progress", on_progress }, { "note", on_note }, { "done", on_done },
	{ "skip", on_skip }, { "fail", on_fail }, { "end", on_end },
};

static int64_t apply_all(struct job_view *v, char *text)
{
	struct event e;
	int64_t last = 0;
	size_t i;

	while (events_next(&text, &e)) {
		last = e.ms;
		for (i = 0; i < sizeof(appliers) / sizeof(appliers[0]); i++)
			if (!strcmp(e.kind, appliers[i].kind))
				appliers[i].apply(v, &e);
	}
	return last;
}

/*
 * Killed, or the kernel's memory killer: no last word, and nobody holds its lock. When is known of
 * those that careen killed; else that it was after @last, what it said last.
 */
static void mark_died(struct job_view *v, int64_t last)
{
	struct op_view *op = v->current < v->n ? &v->op[v->current] : NULL;
	int64_t killed = job_killed(v->id);

	if (killed > last)
		last = killed;
	v->status = JOB_DIED;
	v->ended_ms = last;
	set(&v->verdict, "The job's process is gone without a last word. The steps show "
	    "what is true now.");
	if (!op || op->status != OPS_RUNNING)
		return;
	op->status = OPS_FAILED;
	op->ended_ms = last;
	set(&op->message, "the job's process was killed in the middle of this");
	set(&op->hint, "Make the plan again: it begins with what is true now.");
}

static void find_current(struct job_view *v)
{
	for (v->current = 0; v->current < v->n; v->current++)
		if (v->op[v->current].status != OPS_DONE &&
		    v->op[v->current].status != OPS_SKIPPED)
			return;
}

int job_read(const char *id, struct job_view **ret, struct error *err)
{
	struct job_view *v = calloc(1, sizeof(*v));
	char path[256], *text;
	int64_t last;
	bool held;
	int r = v ? job_find(id, v->id) : -ENOMEM;

	if (r < 0) {
		free(v);
		return error_set(err, r, "read job", id ? id : "", r == -ENOENT ?
				 "there is no such job" : NULL, NULL);
	}
	/* the lock first: if it is free, all that was said is in the file */
	held = job_lock_held(job_path(path, sizeof(path), v->id, "lock"));
	text = read_whole(job_path(path, sizeof(path), v->id, "events"));
	if (!text) {
		r = error_set(err, errno, "read", path, NULL, NULL);
		free(v);
		return r;
	}
	v->status = JOB_RUNNING;
	last = apply_all(v, text);
	find_current(v);
	if (v->status == JOB_RUNNING && !held)
		mark_died(v, last);
	v->seen = job_seen(v->id);
	v->asked_ms = job_asked(v->id);
	free(text);
	*ret = v;
	return 0;
}

void job_free(struct job_view *v)
{
	size_t i;

	if (!v)
		return;
	for (i = 0; i < v->n; i++) {
		free(v->op[i].title);
		free(v->op[i].command);
		free(v->op[i].message);
		free(v->op[i].hint);
	}
	for (i = 0; i < v->nlog; i++)
		free(v->log[i]);
	free(v->op);
	free(v->log);
	free(v->title);
	free(v->verdict);
	free(v);
}

/* Where it will be made: before the first job it is not there. */
static void watch_jobs(int fd)
{
	const char *slash = strrchr(job_dir, '/');
	char above[256];

	if (inotify_add_watch(fd, job_dir, IN_CREATE | IN_ONLYDIR) >= 0 || !slash)
		return;
	text_fmt(above, sizeof(above), "%.*s", (int)(slash - job_dir), job_dir);
	inotify_add_watch(fd, above, IN_CREATE | IN_ONLYDIR);
	/* it may have been made just then */
	inotify_add_watch(fd, job_dir, IN_CREATE | IN_ONLYDIR);
}

/* Its directory, as the file may not be there yet. */
void job_watch_more(int fd, const char *id)
{
	char path[256];

	if (!id)
		watch_jobs(fd);
	else
		inotify_add_watch(fd, job_path(path, sizeof(path), id, ""),
				  IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_ONLYDIR);
}

int job_watch(const char *id, struct error *err)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char real[16];

	if (fd < 0)
		return error_set(err, errno, "watch", job_dir, NULL, NULL);
	/* new jobs, and what this one writes; its death closes the file */
	job_watch_more(fd, NULL);
	if (job_find(id, real) == 0)
		job_watch_more(fd, real);
	return fd;
}

/* The job keeps SIGTERM pending, as a flag [job.c stop_asked()]. */
static bool was_asked(pid_t pid)
{
	return signal_set(pid, "ShdPnd") >> (SIGTERM - 1) & 1;
}

int64_t job_overdue_ms(const struct job_view *v)
{
	const struct op_view *op = v->current < v->n ? &v->op[v->current] : NULL;

	if (v->status != JOB_RUNNING || !op || op->status != OPS_RUNNING || (!op->deadline_s && !v->asked_ms))
		return INT64_MIN;
	return now_ms() - (op->deadline_s ? op->started_ms + 1000 * (int64_t)op->deadline_s + GRACE_MS :
			   v->asked_ms + STOP_MS);
}

/*
 * By pidfd: the job held its lock when its pid was read, and if it still does
 * once the pidfd is held, the pid cannot have become another process between.
 */
static int signal_job(const char *id, pid_t pid, struct error *err)
{
	struct job_view *again = NULL;
	int fd = sys->pidfd_open(pid), r;
	bool kill;

	if (fd < 0)
		return fd;
	r = job_read(id, &again, err);
	kill = r == 0 && was_asked(pid) && job_overdue_ms(again) > 0;
	if (r == 0)
		r = again->status != JOB_RUNNING ? -ESRCH :
		    sys->pidfd_signal(fd, kill ? SIGKILL : SIGTERM);
	/* the next job finds its lock free: readable when it has ended, pidfd_open(2) */
	if (r == 0 && kill) {
		job_mark_killed(id);
		poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, KILLED_MS);
	}
	else if (r == 0)
		job_mark_asked(id);
	job_free(again);
	close(fd);
	return r < 0 ? r : kill;
}

int job_stop(const char *id, struct error *err)
{
	struct job_view *v = NULL;
	int r = job_read(id, &v, err);

	if (r < 0)
		return r;
	r = v->status == JOB_RUNNING ? signal_job(v->id, v->pid, err) : -ESRCH;
	job_free(v);
	if (r < 0)
		return error_set(err, r, "stop job", id ? id : "",
				 r == -ESRCH ? "it is not running" : NULL, NULL);
	return r;
}

const char *job_stop_words(const struct job_view *v, int stopped)
{
	return stopped > 0 ? "Killed. Made again, the plan begins with what is true now." :
	       job_overdue_ms(v) > 0 ? "Asked to stop. It is overdue: asking again kills it." :
	       "Asked to stop. What runs now may have to end first.";
}
