/* child.c - whatever can hang runs in a child with a deadline */
#include "run/op.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "run/exec.h"

struct answer {
	int r;
	struct error err;	/* with r: less than PIPE_BUF, so written as one */
};

/*
 * The child keeps no descriptor of ours: one that is left behind in D state
 * would otherwise hold the job's lock, and the job would look alive for ever.
 */
static void __attribute__((noreturn))
child_main(int fd, int (*fn)(void *arg, struct error *err), void *arg)
{
	struct answer a = { .r = 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, SIG_DFL);
	if (fd > 3)
		close_range(3, (unsigned)fd - 1, 0);
	close_range((unsigned)fd + 1, ~0U, 0);
	a.r = fn(arg, &a.err);
	if (write(fd, &a, sizeof(a)) != (ssize_t)sizeof(a))
		_exit(2);
	_exit(0);
}

/* 1 readable or hung up, 0 not until then. */
static int wait_fd(int fd, int64_t until)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t left;
	int n;

	for (;;) {
		left = until ? until - now_ms() : -1;
		if (until && left < 0)
			left = 0;
		n = poll(&p, 1, left > 3600000 ? 3600000 : (int)left);
		if (n > 0)
			return 1;
		if (n == 0 && until && now_ms() >= until)
			return 0;
	}
}

static bool reap_within(pid_t pid, unsigned ms, int *status)
{
	int64_t until = now_ms() + ms;
	pid_t r;

	for (;;) {
		r = waitpid(pid, status, WNOHANG);
		if (r == pid || (r < 0 && errno == ECHILD))
			return true;
		if (now_ms() >= until)
			return false;
		sleep_ms(2);
	}
}

static int timed_out(pid_t pid, unsigned seconds, struct error *err)
{
	char why[160];
	int status;

	sys->kill(pid, SIGKILL);
	if (reap_within(pid, 500, &status))
		text_fmt(why, sizeof(why), "not done after %u s; given up", seconds);
	else
		text_fmt(why, sizeof(why),
			 "not done after %u s; its helper (pid %d, state %c) is stuck "
			 "in the kernel and was left behind", seconds, (int)pid,
			 process_state(pid));
	return error_set(err, ETIMEDOUT, "wait", "", why, NULL);
}

static int child_died(pid_t pid, struct error *err)
{
	char why[96];
	int status = 0;

	reap_within(pid, 500, &status);
	if (WIFSIGNALED(status))
		text_fmt(why, sizeof(why), "its helper was killed by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		text_fmt(why, sizeof(why), "its helper ended without an answer");
	return error_set(err, EIO, "wait", "", why, "Try it again.");
}

int run_with_deadline(unsigned seconds, int (*fn)(void *arg, struct error *err),
		      void *arg, struct error *err)
{
	int64_t until = seconds ? now_ms() + (int64_t)seconds * 1000 : 0;
	struct answer a;
	int fds[2], status, r;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe", "", NULL, NULL);
	pid = fork();
	if (pid < 0) {
		r = error_set(err, errno, "fork", "", NULL, NULL);
		close(fds[0]);
		close(fds[1]);
		return r;
	}
	if (pid == 0)
		child_main(fds[1], fn, arg);
	close(fds[1]);
	if (!wait_fd(fds[0], until)) {
		r = timed_out(pid, seconds, err);
	} else if (read(fds[0], &a, sizeof(a)) != (ssize_t)sizeof(a)) {
		r = child_died(pid, err);
	} else {
		reap_within(pid, 500, &status);
		r = a.r;
		if (r < 0 && err)
			*err = a.err;
	}
	close(fds[0]);
	return r;
}
