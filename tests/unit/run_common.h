/* run_common.h - what the tests of core/run share: a context that collects, a table of faults */
#ifndef CAREEN_RUN_COMMON_H
#define CAREEN_RUN_COMMON_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "model/holders.h"
#include "model/procfile.h"
#include "run/exec.h"
#include "tap.h"

static struct {
	char notes[8192], progress[96];
	double fraction;
	bool stop;
} said;

static void collect_note(void *job, const char *text)
{
	size_t len = strlen(said.notes);

	(void)job;
	text_fmt(said.notes + len, sizeof(said.notes) - len, "%s\n", text);
}

static void collect_progress(void *job, double fraction, const char *text)
{
	(void)job;
	said.fraction = fraction;
	text_fmt(said.progress, sizeof(said.progress), "%s", text);
}

static bool collect_stop(void *job)
{
	(void)job;
	return said.stop;
}

static struct op_ctx ctx = {
	.note = collect_note, .progress = collect_progress, .stop_asked = collect_stop,
};

/* Run @op; its result, @err and ->notes filled. */
static inline int run_op(const struct op *op, struct error *err)
{
	memset(err, 0, sizeof(*err));
	memset(&said.notes, 0, sizeof(said.notes));
	return op_execs[op->kind].run(&ctx, op, err);
}

static inline void show_error(const struct error *err)
{
	char text[800];

	printf("# %s\n", error_text(err, text, sizeof(text)));
}

/* Has it become another program than ours, and come to rest? */
static inline bool at_rest(pid_t pid)
{
	char path[40], theirs[300], ours[300] = "";

	text_fmt(path, sizeof(path), "/proc/%d/exe", (int)pid);
	link_read(AT_FDCWD, "/proc/self/exe", ours, sizeof(ours));
	return process_state(pid) != 'R' &&
	       (link_read(AT_FDCWD, path, theirs, sizeof(theirs)) < 0 || strcmp(theirs, ours));
}

/*
 * A shell that dies with us; our own program would be on the keep list. It is at rest
 * when it is so on three looks: a page that comes from the disk is no rest.
 */
static inline pid_t start_sh(const char *script)
{
	int64_t until = now_ms() + 10000;
	pid_t pid = fork();
	int looks = 0;

	if (pid == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(127);
	}
	setpgid(pid, pid);	/* whoever comes first: kill(-pid) must find it */
	for (; looks < 3 && now_ms() < until; sleep_ms(10))
		looks = at_rest(pid) ? looks + 1 : 0;
	return pid;
}

#endif
