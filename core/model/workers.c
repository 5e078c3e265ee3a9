/* workers.c - look at what may hang, in child processes with a deadline */
#include "model/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

/* Each record starts on this boundary, so that structs can be read in place. */
enum { ALIGN = 16 };

struct worker {
	pid_t pid;
	int fd;			/* -1 once it has ended */
	char *data;
	size_t size, cap;
};

/* Children that could not die in time: reaped when somebody looks again. */
static pid_t left_behind[16];

static void reap_left_behind(void)
{
	size_t i;

	for (i = 0; i < sizeof(left_behind) / sizeof(left_behind[0]); i++)
		if (left_behind[i] && waitpid(left_behind[i], NULL, WNOHANG))
			left_behind[i] = 0;
}

static void leave_behind(pid_t pid)
{
	size_t i;

	for (i = 0; i < sizeof(left_behind) / sizeof(left_behind[0]); i++) {
		if (!left_behind[i]) {
			left_behind[i] = pid;
			return;
		}
	}
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

void child_put(int out, const void *record, size_t size)
{
	char head[ALIGN] = { 0 }, *buf;
	size_t len = size, total, done = 0;

	memcpy(head, &len, sizeof(len));
	total = ALIGN + (size + ALIGN - 1) / ALIGN * ALIGN;
	buf = calloc(1, total);
	if (!buf)
		_exit(1);
	memcpy(buf, head, ALIGN);
	memcpy(buf + ALIGN, record, size);
	while (done < total) {
		ssize_t n = write(out, buf + done, total - done);

		if (n < 0 && errno != EINTR)
			_exit(1);
		if (n > 0)
			done += n;
	}
	free(buf);
}

/* The next record that is whole, or NULL. */
static const void *next_record(const struct worker *w, size_t *pos, size_t *ret_size)
{
	const char *at = w->data + *pos;
	size_t left = w->size - *pos, size;

	if (left < ALIGN)
		return NULL;
	memcpy(&size, at, sizeof(size));
	if ((size + ALIGN - 1) / ALIGN > left / ALIGN - 1)
		return NULL;
	*pos += ALIGN + (size + ALIGN - 1) / ALIGN * ALIGN;
	*ret_size = size;
	return at + ALIGN;
}

/* The whole records; the beginning of one waits for the rest of its bytes. */
static int hand_on(struct worker *w, const struct child_work *work)
{
	size_t pos = 0, size;
	const void *record;
	int code = 0;

	while (!code && (record = next_record(w, &pos, &size)))
		code = work->take(work->arg, record, size);
	memmove(w->data, w->data + pos, w->size - pos);
	w->size -= pos;
	return code;
}

/*
 * In the child: the console's handlers must not run here, it must not outlive
 * the console, and it ends itself at the deadline.
 */
static void limit_self(unsigned deadline_ms)
{
	struct itimerval timer = {
		.it_value = { deadline_ms / 1000, deadline_ms % 1000 * 1000 + 1 },
	};
	sigset_t mask;

	signal(SIGALRM, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigfillset(&mask);
	sigdelset(&mask, SIGALRM);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static int start(struct worker *w, const struct child_work *work, unsigned index)
{
	int fds[2], code;
	pid_t parent = getpid();

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	w->pid = fork();
	if (w->pid < 0) {
		code = -errno;
		close(fds[0]);
		close(fds[1]);
		return code;
	}
	if (!w->pid) {
		limit_self(work->deadline_ms);
		if (getppid() != parent)
			_exit(1);
		/* If this hangs for good, it must not keep the caller's locks. */
		if (fds[1] > 3)
			close_range(3, fds[1] - 1, 0);
		close_range(fds[1] + 1, ~0U, 0);
		work->look(fds[1], index, work->arg);
		_exit(0);
	}
	close(fds[1]);
	w->fd = fds[0];
	return 0;
}

static int take_in(struct worker *w, const struct child_work *work)
{
	ssize_t n;
	char *more;

	if (w->cap == w->size) {
		more = realloc(w->data, w->cap ? 2 * w->cap : 65536);
		if (!more)
			return -ENOMEM;
		w->data = more;
		w->cap = w->cap ? 2 * w->cap : 65536;
	}
	n = read(w->fd, w->data + w->size, w->cap - w->size);
	if (n > 0) {
		w->size += n;
		return hand_on(w, work);
	}
	if (n == 0 || errno != EINTR) {
		close(w->fd);
		w->fd = -1;
	}
	return 0;
}

/* 0 when all have ended, -ETIMEDOUT, or what take() says. */
static int gather(struct worker *w, unsigned n, const struct child_work *work, int64_t deadline)
{
	struct pollfd p[CHILD_WORKERS];
	unsigned i;
	int open, code;
	int64_t left;

	for (;;) {
		for (i = open = 0; i < n; i++) {
			p[i] = (struct pollfd){ .fd = w[i].fd, .events = POLLIN };
			open += w[i].fd >= 0;
		}
		left = deadline - now_ms();
		if (!open)
			return 0;
		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(p, n, left) < 0 && errno != EINTR)
			return -errno;
		for (i = 0; i < n; i++) {
			if (w[i].fd < 0 || !(p[i].revents & (POLLIN | POLLHUP | POLLERR)))
				continue;
			code = take_in(&w[i], work);
			if (code < 0)
				return code;
		}
	}
}

/*
 * Wait for its end; whether it came to that by itself. One that overran its deadline
 * is killed by its own timer (see start()), maybe before gather() looks at the clock;
 * what cannot die even so is left behind.
 */
static bool finish(struct worker *w)
{
	struct timespec ms = { .tv_nsec = 2000000 };
	unsigned tries;
	int status = -1;

	if (w->fd < 0) {
		/* Its pipe is closed: it is exiting and needs no disk for that. */
		while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
			;
		return status == 0;
	}
	close(w->fd);
	for (tries = 0; tries < 100; tries++) {
		if (waitpid(w->pid, NULL, WNOHANG))
			return false;
		nanosleep(&ms, NULL);
	}
	leave_behind(w->pid);
	return false;
}

int children_run(const struct child_work *work, bool *ret_partial, struct error *err)
{
	struct worker w[CHILD_WORKERS] = { 0 };
	int64_t deadline = now_ms() + work->deadline_ms;
	unsigned i, n = 0;
	bool whole = true;
	int code = 0;

	reap_left_behind();
	while (n < work->workers && n < CHILD_WORKERS) {
		code = start(&w[n], work, n);
		if (code < 0)
			break;
		n++;
	}
	if (!code)
		code = gather(w, n, work, deadline);
	for (i = 0; i < n; i++) {
		whole &= finish(&w[i]);
		free(w[i].data);
	}
	*ret_partial = !whole;
	if (code < 0 && code != -ETIMEDOUT)
		return error_set(err, code, "start a scan", "", NULL, NULL);
	return 0;
}

void *shared_new(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			 -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

void shared_free(void *mem, size_t size)
{
	if (mem)
		munmap(mem, size);
}
