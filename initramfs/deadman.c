/*
 * deadman.c - the dead-man timer's clock, in the lifeline
 *
 * It only says when. What the end would be is judged by `careen deadman expire`, from
 * a new look at the machine; that a disk has been written to, after which nothing may
 * start by itself, is asked for here as well. core/model/deadman.h has the files.
 */
#include "deadman.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common.h"

#define ARMED		RUN_DIR "/deadman"
#define ALIVE		RUN_DIR "/alive"
#define BUSY		RUN_DIR "/busy"
#define RELOGIN		RUN_DIR "/relogin"
#define WRITTEN		RUN_DIR "/written"
#define JOB_LOCK	RUN_DIR "/jobs/lock"
#define JOB_UNTIL	RUN_DIR "/jobs/until"	/* when what it does must have ended; 0: whenever */
#define SHELLS_LOCK	RUN_DIR "/shells.lock"	/* of operators' shells, and what was started in them */
#define LOG_FILE	RUN_DIR "/deadman.log"
#define CONSOLE		"/usr/bin/careen"

static long long moment_in(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : st.st_mtim.tv_sec * 1000LL + st.st_mtim.tv_nsec / 1000000;
}

/* "SECONDS SINCE_MS ..." */
static bool armed(const char *path, long long *seconds, long long *since, char end[8])
{
	char line[80];

	strcpy(end, "hold");
	return read_line(path, line, sizeof(line)) > 0 &&
	       sscanf(line, "%lld %lld %7[a-z]", seconds, since, end) >= 2;
}

/* A moment is the time of an empty file: run/exec.h, stamp_write(). */
static void now_in(const char *path)
{
	long long now = now_ms();
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { now / 1000, now % 1000 * 1000000 } };
	int fd;

	if (utimensat(AT_FDCWD, path, times, 0) == 0)
		return;
	fd = open(RUN_DIR "/busy.new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (futimens(fd, times) == 0)
		(void)rename(RUN_DIR "/busy.new", path);
	close(fd);
}

static long long later(long long a, long long b)
{
	return a > b ? a : b;
}

/* One that has outlived its time hangs, and may do so for ever: it is no reason to wait. */
static bool job_runs(long long now)
{
	long long until = moment_in(JOB_UNTIL);

	return lock_is_held(JOB_LOCK) && (!until || now <= until);
}

static void exec_end(const char *why)
{
	char *const argv[] = { "careen", "deadman", "expire", NULL };
	char *const env[] = { "HOME=/root",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	int log = open(LOG_FILE, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);

	if (log >= 0) {
		dup2(log, STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
	}
	dprintf(STDERR_FILENO, "%s\n", why);
	reset_signals();
	setsid();
	execve(CONSOLE, argv, env);
	dprintf(STDERR_FILENO, "cannot execute " CONSOLE ": %s\n", strerror(errno));
	_exit(127);
}

static void begin_end(pid_t *child, const char *why)
{
	note("dead-man: %s", why);
	/* whatever comes of it: the next attempt has the whole time before it */
	now_in(BUSY);
	unlink(RELOGIN);
	*child = fork();
	if (!*child)
		exec_end(why);
	if (*child < 0) {
		note("dead-man: cannot fork: %s", strerror(errno));
		*child = 0;
	}
}

void deadman_init(void)
{
	make_lock(SHELLS_LOCK);
}

bool deadman_watch(pid_t *child)
{
	long long period, since, wait, from, busy, now = now_ms();
	char end[8], unused[8];
	bool timer = armed(ARMED, &period, &since, end);
	bool relogin = armed(RELOGIN, &wait, &from, unused);

	if (!timer && !relogin)
		return false;
	if (*child || job_runs(now) || lock_is_shared(SHELLS_LOCK)) {
		now_in(BUSY);
		return true;
	}
	if (!access(WRITTEN, F_OK) && (!timer || !strcmp(end, "hold")))
		return true;
	busy = moment_in(BUSY);
	if (relogin && now - later(from, busy) >= wait * 1000)
		begin_end(child, "nobody has logged in anew after Kill");
	else if (timer && now - later(since, later(busy, moment_in(ALIVE))) >= period * 1000)
		begin_end(child, "no key for too long");
	return true;
}
