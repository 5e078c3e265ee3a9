/*
 * breeders.c - what forks faster than it can be killed
 *
 * A process that forks and ends, again and again, has another pid by the time that it
 * is to be stopped. For a moment nobody can fork: kernel.threads-max holds for all, root
 * included [kernel/fork.c copy_process], and no pid can become another process. What was
 * born since the look began, holds the old root, and is not of the rescue, ends then.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "model/process.h"
#include "model/procfile.h"
#include "model/rescue.h"
#include "model/scan.h"
#include "model/snapshot.h"
#include "run/exec.h"

#define THREADS_MAX "/proc/sys/kernel/threads-max"
#define LEAST "20\n"		/* the kernel takes no less [kernel/fork.c MIN_THREADS] */
#define AT_MOST_MS 20000	/* that nobody can fork */

/* Gives forking back should we be killed or hang meanwhile: nobody could mend that. */
static pid_t start_guard(const char *was, int *ret_end)
{
	struct pollfd end;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(fds[1]);
		end = (struct pollfd){ .fd = fds[0], .events = POLLIN };
		while (poll(&end, 1, AT_MOST_MS) < 0 && errno == EINTR)
			;
		sys->put(THREADS_MAX, was);
		_exit(0);
	}
	close(fds[0]);
	*ret_end = fds[1];
	if (pid < 0)
		close(fds[1]);
	return pid < 0 ? -errno : pid;
}

static bool born_since(pid_t pid, uint64_t since)
{
	struct proc_stat st;
	char path[40];

	text_fmt(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return proc_stat_read(AT_FDCWD, path, &st) == 0 && st.start >= since &&
	       !(st.flags & PROC_PF_KTHREAD) && st.state != 'Z';
}

/* In the way, as the look would have said had it seen it [model/holders.c keep_reason]. */
static bool holds_on(const struct scan *sc, pid_t pid)
{
	struct found f;
	char cmdline[64] = "";

	if (rescue_process(pid) || scan_process(sc, pid, &f) < 0 || !f.holds)
		return false;
	process_cmdline(pid, cmdline, sizeof(cmdline));
	return cmdline[0] != '@';
}

static size_t kill_born(const struct scan *sc, uint64_t since)
{
	size_t i, n, killed = 0;
	pid_t *pid;

	if (pids_list(AT_FDCWD, "/proc", &pid, &n) < 0)
		return 0;
	for (i = 0; i < n; i++)
		if (pid[i] > 1 && pid[i] != getpid() && born_since(pid[i], since) &&
		    holds_on(sc, pid[i]))
			killed += sys->kill(pid[i], SIGKILL) == 0;
	free(pid);
	return killed;
}

static size_t kill_while_none_forks(const struct scan *sc, uint64_t since)
{
	char was[32];
	int end = -1, status;
	size_t n = 0;
	pid_t guard;

	if (read_text(THREADS_MAX, was, sizeof(was)) <= 0)
		return 0;
	guard = start_guard(was, &end);
	if (guard < 0)
		return 0;
	if (sys->put(THREADS_MAX, LEAST) == 0)
		n = kill_born(sc, since);
	sys->put(THREADS_MAX, was);
	close(end);
	while (waitpid(guard, &status, 0) < 0 && errno == EINTR)
		;
	return n;
}

size_t stop_breeders(struct op_ctx *ctx, const struct snapshot *s, int64_t since_ms)
{
	uint64_t since = (uint64_t)since_ms * (uint64_t)sysconf(_SC_CLK_TCK) / 1000;
	struct scan sc = { 0 };
	size_t n = 0;

	if (scan_init(&sc, &s->mounts, s->old.devs, s->old.ndevs, false) == 0)
		n = kill_while_none_forks(&sc, since);
	scan_free(&sc);
	if (n)
		ctx_note(ctx, "%zu that fork faster than they can be stopped: nobody could fork for a moment, "
			 "and they were killed", n);
	return n;
}

unsigned long forks_so_far(void)
{
	unsigned long n = 0;
	char *line = NULL;
	size_t size = 0;
	FILE *f = fopen("/proc/stat", "re");

	while (f && getline(&line, &size, f) > 0 && sscanf(line, "processes %lu", &n) != 1)
		;
	free(line);
	if (f)
		fclose(f);
	return n;
}
