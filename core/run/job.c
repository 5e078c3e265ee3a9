/*
 * job.c - a confirmed plan under way, in a process of its own
 *
 * The process belongs to RAM and not to the ssh session: a session of its own,
 * no terminal, none of the console's descriptors, its memory locked. What it
 * does is in its events file; that it runs is the lock on its lock file, which
 * the kernel drops with the process, however it ends.
 */
#include "run/job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "model/settings.h"
#include "model/snapshot.h"
#include "paths.h"
#include "run/events.h"
#include "run/exec.h"
#include "run/job_files.h"
#include "run/journal.h"

#define HANGS_MS 60000		/* past its deadline: the dead-man timer does not wait for it any more */
#define STREAM_FD 100		/* and the next; high above those that come and go */

struct job {
	const struct plan *plan;
	struct events ev;
	int lock[2];
};

struct started {		/* what the job tells job_start() */
	int r;
	char id[16];
	struct error err;
};

static char current_id[16];
struct job_stream job_stream;

void job_stream_close(void)
{
	if (job_stream.fd > 0)
		close(job_stream.fd);
	job_stream.fd = 0;
}

const char *job_current(void)
{
	return current_id;
}

/* SIGTERM stays blocked in the job: pending, it is a flag that interrupts nothing. */
static bool stop_asked(void *arg)
{
	sigset_t pending;

	(void)arg;
	return sigpending(&pending) == 0 && sigismember(&pending, SIGTERM) == 1;
}

static void on_note(void *arg, const char *text)
{
	struct job *j = arg;

	events_put(&j->ev, "note", "ds", j->ev.index, text);
}

static void on_progress(void *arg, double fraction, const char *text)
{
	struct job *j = arg;

	/* as an integer: a locale may write a comma in a fraction */
	events_put(&j->ev, "progress", "dds", j->ev.index,
		   fraction < 0 ? -1L : (long)(fraction * 10000), text);
}

struct truth {
	char text[256];
};

/* What is true now: one sentence from a new snapshot. */
static int tell_truth(void *arg, struct error *err)
{
	struct truth *t = arg;
	struct snapshot *s = NULL;
	unsigned mounts = 0;
	size_t i;
	int r = snapshot_take(SNAP_MOUNTS | SNAP_INIT, &s, err);

	if (r < 0)
		return r;
	for (i = 0; i < s->mounts.n; i++)
		mounts += s->mounts.row[i].old;
	if (!snapshot_detached(s) && mounts_old_top(&s->mounts) &&
	    !strcmp(mounts_old_top(&s->mounts)->target, CAREEN_OLDROOT))
		text_fmt(t->text, sizeof(t->text), "The old root is on %s, and PID 1 (%s) is in it.",
			 CAREEN_OLDROOT, s->init.name);
	else if (!snapshot_detached(s) && s->init.kind == INIT_STUB)
		text_fmt(t->text, sizeof(t->text), "PID 1 is in RAM; the old root is where it was.");
	else if (!snapshot_detached(s))
		text_fmt(t->text, sizeof(t->text), "PID 1 is %s, in the real system.", s->init.name);
	else if (mounts)
		text_fmt(t->text, sizeof(t->text), "PID 1 is in RAM; %u mount%s of the old root %s there.",
			 mounts, mounts == 1 ? "" : "s", mounts == 1 ? "is" : "are");
	else
		text_fmt(t->text, sizeof(t->text), "PID 1 is in RAM; the old root is unmounted%s.",
			 s->old.written ? ", and a disk has been written to" : "");
	snapshot_free(s);
	return 0;
}

static void end(struct job *j, const char *status, const char *begin)
{
	struct truth *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char text[512];

	if (t == MAP_FAILED)
		t = NULL;
	else
		run_with_deadline(10, tell_truth, t, NULL);
	text_fmt(text, sizeof(text), "%s%s%s", begin, t && t->text[0] ? " " : "",
		 t ? t->text : "");
	events_put(&j->ev, "end", "ss", status, text);
	events_end(&j->ev);
	/* the next job need not wait for a disk */
	close(j->lock[1]);
	close(j->lock[0]);
	op_log_end(j->ev.id);
}

/* One op; what it returned. */
static int run_op(struct job *j, size_t i)
{
	struct op_ctx ctx = {
		.job = j, .note = on_note, .progress = on_progress, .stop_asked = stop_asked,
	};
	const struct op *op = &j->plan->ops[i];
	struct error err = { 0 };
	int r;

	j->ev.index = (long)i;
	j->ev.last_progress = 0;
	events_put(&j->ev, "start", "ds", (long)i, op->title);
	job_set_until(op->deadline_s ? now_ms() + op->deadline_s * 1000LL + HANGS_MS : 0);
	if (op->done) {
		on_note(j, "done before");
		r = 0;
	} else if (!op_execs[op->kind].run)
		r = error_set(&err, ENOSYS, "run", op->title, "nothing can execute this", NULL);
	else
		r = op_execs[op->kind].run(&ctx, op, &err);
	if (r >= 0 && op->once && !op->done)
		r = journal_done(op->once, &err);
	if (r < 0) {
		/* "op subject: why", as error_text() without the hint */
		char why[600];

		text_fmt(why, sizeof(why), "%s%s%s: %s", err.op, err.subject[0] ? " " : "",
			 err.subject, err.why[0] ? err.why : strerror(-r));
		events_put(&j->ev, "fail", "ddss", (long)i, (long)r, why, err.hint);
	} else {
		events_put(&j->ev, op->done ? "skip" : "done", "d", (long)i);
	}
	return r;
}

/* Whatever has failed: once the real system runs, it gets its transcript. */
static void save_log(struct job *j, size_t from)
{
	size_t i;

	for (i = from; i < j->plan->n; i++)
		if (j->plan->ops[i].kind == OP_SAVE_LOG && !pid1_is_stub())
			run_op(j, i);
}

static void run_all(struct job *j)
{
	char begin[256];
	size_t i;
	int r;

	for (i = 0; i < j->plan->n; i++) {
		if (stop_asked(j)) {
			text_fmt(begin, sizeof(begin), "Stopped by the operator before: %s.",
				 j->plan->ops[i].title);
			save_log(j, i);
			end(j, "stopped", begin);
			return;
		}
		r = run_op(j, i);
		if (r < 0) {
			text_fmt(begin, sizeof(begin), "%s: %s.", r == -ECANCELED ?
				 "Stopped by the operator at" : "Stopped at", j->plan->ops[i].title);
			save_log(j, i + 1);
			end(j, r == -ECANCELED ? "stopped" : "failed", begin);
			return;
		}
	}
	end(j, "done", "All done.");
}

/* The whole plan, before anything is done: a viewer can show it at once. */
static int write_header(struct job *j)
{
	const struct plan *p = j->plan;
	const struct op *op;
	size_t i;
	struct timespec now;
	int r;

	clock_gettime(CLOCK_REALTIME, &now);
	r = events_put(&j->ev, "job", "ssddsd", p->step, p->title, (long)getpid(), (long)now.tv_sec,
		       p->undo ? p->undo : "", now.tv_sec * 1000 + now.tv_nsec / 1000000);

	for (i = 0; r == 0 && i < p->n; i++) {
		op = &p->ops[i];
		r = events_put(&j->ev, "op", "ddddssd", (long)i, (long)op->danger,
			       (long)op->skippable, (long)op->deadline_s, op->title ? op->title : "",
			       op->command ? op->command : "", (long)op->outline);
	}
	return r;
}

/* Then all of it goes to another machine, too, if careen.conf says so. */
static int begin_events(struct job *j)
{
	struct settings set;
	struct error err = { 0 };
	char text[300];
	size_t gone;
	int remote, r;

	settings_read(&set);
	gone = job_prune();
	if (strcmp(j->plan->step, "resume") == 0)
		job_reserve_give();
	else if ((r = job_reserve()) < 0)
		return r;
	remote = remote_log_open(&j->ev.remote, set.syslog, &err);
	r = write_header(j);
	if (r == 0 && remote < 0)
		on_note(j, error_text(&err, text, sizeof(text)));
	if (r == 0 && gone) {
		text_fmt(text, sizeof(text), "the oldest %zu logs had to make room for this one", gone);
		on_note(j, text);
	}
	return r;
}

static int open_files(struct job *j, struct error *err)
{
	char path[256];
	int r;

	j->lock[0] = job_lock_take(job_path(path, sizeof(path), "", "lock"));
	if (j->lock[0] == -EWOULDBLOCK)
		return error_set(err, EBUSY, "start", j->plan->title, "another job is running",
				 "Look at it in the Job view; it can be stopped there.");
	r = j->lock[0] < 0 ? j->lock[0] : job_make_dir(j->ev.id);
	if (r < 0)
		return error_set(err, r, "make", path, NULL, "Is there room in %s?", job_dir);
	/* both locks are held until it has said its last word */
	j->lock[1] = job_lock_take(job_path(path, sizeof(path), j->ev.id, "lock"));
	j->ev.fd = open(job_path(path, sizeof(path), j->ev.id, "events"),
			O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	r = j->lock[1] < 0 ? j->lock[1] : j->ev.fd < 0 ? -errno : 0;
	if (r == 0) {
		job_set_until(0);	/* the job before has left its own */
		r = begin_events(j);
	}
	if (r == 0)
		return 0;
	job_forget(j->ev.id);
	return error_set(err, r, "write", path, NULL, "There must be room for a new log in %s: "
				 "careen vault drop ID, or remove what you have put into %s.", job_dir, CAREEN_RUN);
}

static void take_signals(void)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU };
	sigset_t mask;
	size_t i;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_SETMASK, &mask, NULL);
}

static int keep_stream(const struct plan *plan)
{
	if (plan->stream == STREAM_NONE)
		return 0;
	job_stream.fd = dup3(plan->stream_fd, STREAM_FD, O_CLOEXEC);
	if (job_stream.fd < 0)
		return -errno;
	job_stream.alive = dup3(STDERR_FILENO, STREAM_FD + 1, O_CLOEXEC);
	return job_stream.alive < 0 ? -errno : 0;
}

/* Nothing of the console's stays: no terminal, no descriptor, no directory. */
static int leave_session(int report)
{
	int null = open("/dev/null", O_RDWR), adj, i;

	for (i = 0; null >= 0 && i < 3; i++)
		dup2(null, i);
	if (report != 3) {
		dup2(report, 3);
		report = 3;
	}
	fcntl(report, F_SETFD, FD_CLOEXEC);
	close_range(4, STREAM_FD - 1, 0);
	close_range(job_stream.fd ? STREAM_FD + 2 : STREAM_FD, ~0U, 0);
	umask(077);
	if (chdir("/") < 0)
		return -errno;
	prctl(PR_SET_NAME, "careen-job");
	/* neither swapped out to the disk that is being freed, nor killed for memory */
	mlockall(MCL_CURRENT | MCL_FUTURE);
	adj = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (adj >= 0) {
		if (write(adj, "-900", 4) < 0)
			errno = 0;
		close(adj);
	}
	return report;
}

static void __attribute__((noreturn)) job_main(const struct plan *plan, int report)
{
	struct started st = { .r = 0 };
	struct job j = { .plan = plan, .ev = { .fd = -1 } };

	take_signals();
	st.r = keep_stream(plan);
	report = leave_session(report);
	if (st.r < 0)
		error_set(&st.err, st.r, "keep", "the connection's stream", NULL, "Nothing was done.");
	else
		st.r = open_files(&j, &st.err);
	memcpy(st.id, j.ev.id, sizeof(st.id));
	memcpy(current_id, j.ev.id, sizeof(current_id));
	if (write(report, &st, sizeof(st)) != (ssize_t)sizeof(st))
		_exit(1);
	close(report);
	if (st.r < 0)
		_exit(1);
	run_all(&j);
	_exit(0);
}

/* Twice: the job is PID 1's child, and nobody's terminal can come back to it. */
static void __attribute__((noreturn)) fork_again(const struct plan *plan, int report)
{
	pid_t pid;

	setsid();
	pid = fork();
	if (pid == 0)
		job_main(plan, report);
	_exit(pid < 0 ? 1 : 0);
}

static int only_in_rescue(const struct plan *plan, struct error *err)
{
	struct snapshot *s = NULL;
	enum place place;
	int r;

	if (strcmp(job_dir, CAREEN_JOBS) && strcmp(job_dir, CAREEN_LOG))
		return 0;		/* a test */
	r = snapshot_take(0, &s, err);
	if (r < 0)
		return r;
	place = s->host.place;
	snapshot_free(s);
	if (place == PLACE_RESCUE)
		return 0;
	return error_set(err, EPERM, "start", plan->title, "this is not the rescue system",
			 "Log in with: ssh -p 1022 root@this-host");
}

static int wait_started(int fd, pid_t pid, char ret_id[16], struct error *err)
{
	struct started st;
	ssize_t n;

	do
		n = read(fd, &st, sizeof(st));
	while (n < 0 && errno == EINTR);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (n != (ssize_t)sizeof(st))
		return error_set(err, EIO, "start", "a job", "its process ended at once",
				 "Is there memory left? Try again.");
	if (st.r < 0 && err)
		*err = st.err;
	if (st.r == 0)
		memcpy(ret_id, st.id, sizeof(st.id));
	return st.r;
}

int job_start(const struct plan *plan, char ret_id[16], struct error *err)
{
	int fds[2], r = only_in_rescue(plan, err);
	pid_t pid;

	if (r < 0)
		return r;
	if (mkdir(job_dir, 0700) < 0 && errno != EEXIST)
		return error_set(err, errno, "make", job_dir, NULL, "Is %s mounted?", CAREEN_RUN);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set(err, errno, "start", plan->title, NULL, NULL);
	pid = fork();
	if (pid == 0)
		fork_again(plan, fds[1]);
	close(fds[1]);
	r = pid < 0 ? error_set(err, errno, "start", plan->title, NULL, NULL) :
		      wait_started(fds[0], pid, ret_id, err);
	close(fds[0]);
	return r;
}
