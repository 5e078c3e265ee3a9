/*
 * op_kill.c - processes that hold on are stopped, by pidfd, and waited for
 *
 * Never by name, never kill(-1), which would take the lifeline along. A pid is
 * made a pidfd first and its start time compared then: from there on it cannot
 * become another process.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "model/holders.h"
#include "paths.h"
#include "run/exec.h"

#define STUCK_MS 20000		/* none has ended for so long: those that are left do not */

struct hunt {
	struct op_ctx *ctx;
	const struct victim *v;
	size_t n, left;
	struct pollfd *fd;	/* one a victim; fd -1 when it is gone */
	struct stat keep[6];	/* programs that are never stopped */
	size_t nkeep;
};

/* By file, not by name: anything may call itself dropbear. */
static void find_kept(struct hunt *h)
{
	static const char *const programs[] = {
		CAREEN_STUB, CAREEN_LIFELINE, CAREEN_ESCAPE, "/usr/sbin/dropbear",
		"/usr/bin/careen", "/proc/self/exe",
	};
	size_t i;

	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (stat(programs[i], &h->keep[h->nkeep]) == 0)
			h->nkeep++;
}

static const char *why_keep(const struct hunt *h, pid_t pid)
{
	char path[40];
	struct stat st;
	size_t i;

	if (pid <= 1)
		return "PID 1 is handed over, never killed";
	if (pid == getpid())
		return "that is this job";
	text_fmt(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if (stat(path, &st) < 0)
		return NULL;
	for (i = 0; i < h->nkeep; i++)
		if (st.st_dev == h->keep[i].st_dev && st.st_ino == h->keep[i].st_ino)
			return "it belongs to the lifeline";
	return NULL;
}

/* Thousands of pidfds: take what the hard limit allows. */
static void raise_nofile(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) < 0)
		return;
	rl.rlim_cur = rl.rlim_max < 1 << 20 ? 1 << 20 : rl.rlim_max;
	if (rl.rlim_cur > rl.rlim_max)
		rl.rlim_max = rl.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &rl) == 0)
		return;
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
}

static int open_one(struct hunt *h, size_t i)
{
	const struct victim *v = &h->v[i];
	const char *keep = why_keep(h, v->pid);
	uint64_t start;
	int fd;

	if (keep) {
		ctx_note(h->ctx, "pid %d %s is left alone: %s", (int)v->pid, v->name, keep);
		return -1;
	}
	fd = sys->pidfd_open(v->pid);
	if (fd < 0)
		return fd == -ESRCH || fd == -EINVAL ? -1 : fd;
	start = process_start(v->pid);
	if (start == v->start)
		return fd;
	if (start)
		ctx_note(h->ctx, "pid %d is not %s any more, but another process: left alone",
			 (int)v->pid, v->name);
	close(fd);
	return -1;
}

static int open_all(struct hunt *h, struct error *err)
{
	size_t i;
	int fd;

	for (i = 0; i < h->n; i++)
		h->fd[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	for (i = 0; i < h->n; i++) {
		fd = open_one(h, i);
		if (fd < -1)
			return error_set(err, fd, "kill", h->v[i].name, NULL, "Try again.");
		h->fd[i].fd = fd;
		h->left += fd >= 0;
	}
	return 0;
}

static void close_one(struct hunt *h, size_t i)
{
	close(h->fd[i].fd);
	h->fd[i].fd = -1;
	h->left--;
}

static void signal_one(struct hunt *h, size_t i, int sig)
{
	if (h->fd[i].fd >= 0 && sys->pidfd_signal(h->fd[i].fd, sig) == -ESRCH)
		close_one(h, i);
}

static void signal_all(struct hunt *h, int sig)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		signal_one(h, i, sig);
}

static void ask_all(struct hunt *h)
{
	size_t i;

	for (i = 0; i < h->n; i++) {
		signal_one(h, i, h->v[i].kill_now ? SIGKILL : SIGTERM);
		/* a stopped process sees its SIGTERM only once it goes on */
		if (!h->v[i].kill_now)
			signal_one(h, i, SIGCONT);
	}
}

static void kill_rest(struct hunt *h)
{
	size_t i;

	for (i = 0; i < h->n; i++) {
		if (h->fd[i].fd < 0 || h->v[i].kill_now)
			continue;
		signal_one(h, i, SIGKILL);
		ctx_note(h->ctx, "pid %d %s did not end on TERM: KILL", (int)h->v[i].pid,
			 h->v[i].name);
	}
}

/*
 * Until all are gone, or @until, or none has gone for @stuck_ms (0: however long): 0 all gone, 1 not
 * yet, -ECANCELED. A pidfd becomes readable when the process has ended, threads and all
 * [pidfd_open(2)].
 */
static int wait_gone(struct hunt *h, int64_t until, int64_t stuck_ms)
{
	int64_t now, left, went = now_ms();
	size_t i, last = h->left;

	while (h->left) {
		now = now_ms();
		if (h->left < last)
			went = now;
		last = h->left;
		left = until - now;
		if (left <= 0 || (stuck_ms && now - went >= stuck_ms))
			return 1;
		poll(h->fd, h->n, left > 200 ? 200 : (int)left);
		for (i = 0; i < h->n; i++)
			if (h->fd[i].fd >= 0 && h->fd[i].revents)
				close_one(h, i);
		ctx_progress(h->ctx, h->n ? (double)(h->n - h->left) / (double)h->n : 1,
			     "%zu of %zu gone", h->n - h->left, h->n);
		if (h->left && ctx_stop(h->ctx))
			return -ECANCELED;
	}
	return 0;
}

/* What has got its KILL and is still there waits in the kernel, or to run: say for what. */
static int survivors(const struct hunt *h, struct error *err)
{
	const struct stuck *stuck = NULL;
	char who[250] = "";
	size_t i, len;

	for (i = 0; i < h->n; i++) {
		len = strlen(who);
		if (h->fd[i].fd < 0 || len + 80 >= sizeof(who))
			continue;
		stuck = stuck_on(h->v[i].pid);
		text_fmt(who + len, sizeof(who) - len, "%spid %d %s (state %c): %s",
			 len ? "; " : "", (int)h->v[i].pid, h->v[i].name,
			 process_state(h->v[i].pid), stuck->why);
	}
	return error_set(err, EBUSY, "kill", "", who, "%zu survived KILL. %s", h->left,
			 stuck ? stuck->hint : "Look again.");
}

static int run_hunt(struct hunt *h, const struct kill_how *how, struct error *err)
{
	int64_t grace = now_ms() + how->grace_ms;
	int r;

	/* Frozen, nobody can fork while the others are being signalled. */
	if (how->freeze)
		signal_all(h, SIGSTOP);
	if (how->grace_ms)
		ask_all(h);
	r = how->grace_ms ? wait_gone(h, grace < how->until ? grace : how->until, 0) : 1;
	if (r == 1) {
		if (how->grace_ms)
			kill_rest(h);
		signal_all(h, SIGKILL);
		/* what does not die of it waits in the kernel, and may for ever; a crowd takes its time */
		r = wait_gone(h, how->until, STUCK_MS);
	}
	if (r == -ECANCELED)
		return error_set(err, ECANCELED, "kill", "", "stopped by the operator",
				 "%zu of %zu processes are gone.", h->n - h->left, h->n);
	return r == 1 ? survivors(h, err) : 0;
}

int kill_victims(struct op_ctx *ctx, const struct victim *v, size_t n,
		 const struct kill_how *how, struct error *err)
{
	struct hunt h = { .ctx = ctx, .v = v, .n = n };
	size_t i;
	int r;

	raise_nofile();
	find_kept(&h);
	h.fd = calloc(n + 1, sizeof(*h.fd));
	if (!h.fd)
		return error_set(err, ENOMEM, "kill", "", NULL, "Try again.");
	r = open_all(&h, err);
	if (r == 0)
		r = run_hunt(&h, how, err);
	for (i = 0; i < n; i++)
		if (h.fd[i].fd >= 0)
			close(h.fd[i].fd);
	free(h.fd);
	return r;
}

int op_kill(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	int64_t all = 1000 * (int64_t)(op->deadline_s ? op->deadline_s : 60);
	struct kill_how how = {
		.grace_ms = all > 10000 ? 5000 : (unsigned)all / 2, .until = now_ms() + all,
	};
	struct victim *v = calloc(op->nprocs + 1, sizeof(*v));
	size_t i;
	int r;

	if (!v)
		return error_set(err, ENOMEM, "kill", "", NULL, "Try again.");
	for (i = 0; i < op->nprocs; i++)
		v[i] = (struct victim){ op->procs[i].pid, op->procs[i].start,
					op->procs[i].name, op->procs[i].kill_now };
	r = kill_victims(ctx, v, op->nprocs, &how, err);
	free(v);
	return r;
}
