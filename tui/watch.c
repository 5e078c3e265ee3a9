/* watch.c - see watch.h */
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "base/text.h"
#include "clock.h"
#include "paths.h"
#include "run/job.h"

struct watch {
	int fd[WATCH_FDS];
	int wake;		/* the worker's end of its pipe */
	bool jobs_watched;
	char job[16];

	pthread_mutex_t lock;	/* for all below */
	pthread_cond_t cond;
	bool wanted, busy, failed;
	struct snapshot *snap;
	struct error error;
	int64_t cost_ms, ended_ms;
};

static void take_one(struct watch *w)
{
	struct snapshot *snap = NULL;
	struct error err = { 0 };
	int64_t t0 = clock_mono_ms();
	int r = snapshot_take(SNAP_PLAN, &snap, &err);

	pthread_mutex_lock(&w->lock);
	if (r == 0) {
		snapshot_free(w->snap);
		w->snap = snap;
	}
	w->failed = r < 0;
	w->error = err;
	w->busy = false;
	w->ended_ms = clock_mono_ms();
	w->cost_ms = w->ended_ms - t0;
	pthread_mutex_unlock(&w->lock);
	(void)!write(w->wake, "s", 1);
}

/*
 * A look, which keeps busy whatever it gets, has all processors but one. What brings a key
 * to the screen, the console, the kernel's worker of its pty, the ssh server, would else wait
 * until a scanning process has had its turn: a tick, 4 ms at 250 Hz, at whatever nice(2).
 */
static void leave_a_processor(void)
{
	cpu_set_t cpus;
	int last = CPU_SETSIZE - 1;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) < 0 || CPU_COUNT(&cpus) < 2)
		return;
	while (!CPU_ISSET(last, &cpus))
		last--;
	CPU_CLR(last, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

static void *worker(void *arg)
{
	struct watch *w = arg;

	leave_a_processor();
	for (;;) {
		pthread_mutex_lock(&w->lock);
		while (!w->wanted)
			pthread_cond_wait(&w->cond, &w->lock);
		w->wanted = false;
		w->busy = true;
		pthread_mutex_unlock(&w->lock);
		take_one(w);
	}
	return NULL;
}

/* Signals belong to the main thread: its poll() must be what they interrupt. */
static int start_worker(struct watch *w)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 1 << 20);
	r = pthread_create(&thread, &attr, worker, w);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -r;
}

static int open_uevents(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void watch_jobs(struct watch *w)
{
	if (!w->jobs_watched && w->fd[WATCH_JOBS] >= 0)
		w->jobs_watched = inotify_add_watch(w->fd[WATCH_JOBS], CAREEN_JOBS,
						    IN_CREATE | IN_MOVED_TO) >= 0;
}

struct watch *watch_new(void)
{
	struct watch *w = calloc(1, sizeof(*w));
	int p[2];

	if (!w || pipe2(p, O_CLOEXEC | O_NONBLOCK) < 0)
		abort();
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->cond, NULL);
	w->fd[WATCH_MOUNTS] = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	w->fd[WATCH_UEVENT] = open_uevents();
	w->fd[WATCH_JOBS] = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	w->fd[WATCH_JOB] = -1;
	w->fd[WATCH_WORKER] = p[0];
	w->wake = p[1];
	watch_jobs(w);
	if (start_worker(w) < 0)
		abort();
	return w;
}

/*
 * The worker may be inside a snapshot that waits for a dead disk: it is not
 * waited for, and what it uses stays until the process ends.
 */
void watch_free(struct watch *w)
{
	for (int i = 0; i < WATCH_WORKER; i++)
		if (w->fd[i] >= 0)
			close(w->fd[i]);
}

void watch_poll(const struct watch *w, struct pollfd *fds)
{
	for (int i = 0; i < WATCH_FDS; i++)
		fds[i] = (struct pollfd){ .fd = w->fd[i], .events = POLLIN };
	/* The kernel says POLLPRI when the mount table has changed; POLLIN is always. */
	fds[WATCH_MOUNTS].events = POLLPRI;
}

void watch_job(struct watch *w, const char *id)
{
	if (strcmp(w->job, id) == 0)
		return;
	text_fmt(w->job, sizeof(w->job), "%s", id);
	if (w->fd[WATCH_JOB] >= 0)
		close(w->fd[WATCH_JOB]);
	w->fd[WATCH_JOB] = *id ? job_watch(id, NULL) : -1;
	if (w->fd[WATCH_JOB] >= 0)
		fcntl(w->fd[WATCH_JOB], F_SETFL, O_NONBLOCK);
}

/* Read all there is; does it name a block device? */
static bool drain(int fd, bool want_block)
{
	char buf[8192];
	bool found = false;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		found |= !want_block || memmem(buf, n, "SUBSYSTEM=block", 15);
	/* Events were lost: everything may have changed. */
	return found || (n < 0 && errno == ENOBUFS);
}

static void collect(struct watch *w, struct watch_events *ret)
{
	drain(w->fd[WATCH_WORKER], false);
	pthread_mutex_lock(&w->lock);
	ret->snap = w->snap;
	w->snap = NULL;
	ret->failed = w->failed;
	ret->error = w->error;
	pthread_mutex_unlock(&w->lock);
	watch_jobs(w);
}

void watch_handle(struct watch *w, const struct pollfd *fds, struct watch_events *ret)
{
	*ret = (struct watch_events){ 0 };
	if (fds[WATCH_MOUNTS].revents & (POLLPRI | POLLERR))
		ret->machine = true;
	if (fds[WATCH_UEVENT].revents && drain(w->fd[WATCH_UEVENT], true))
		ret->machine = true;
	if (fds[WATCH_JOBS].revents && drain(w->fd[WATCH_JOBS], false))
		ret->job = true;
	if (fds[WATCH_JOB].revents) {
		ret->job = true;
		drain(w->fd[WATCH_JOB], false);
	}
	if (fds[WATCH_WORKER].revents)
		collect(w, ret);
}

void watch_refresh(struct watch *w)
{
	pthread_mutex_lock(&w->lock);
	w->wanted = true;
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
}

bool watch_busy(const struct watch *w)
{
	return __atomic_load_n(&w->busy, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&w->wanted, __ATOMIC_RELAXED);
}

int64_t watch_cost_ms(const struct watch *w)
{
	return __atomic_load_n(&w->cost_ms, __ATOMIC_RELAXED);
}

int64_t watch_ended_ms(const struct watch *w)
{
	return __atomic_load_n(&w->ended_ms, __ATOMIC_RELAXED);
}
