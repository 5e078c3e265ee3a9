/*
 * op_wait.c - is the resumed system up? Each way of starting services has its own sign
 *
 * systemd is asked. The others cannot be, so their progress is read from what
 * they leave in /proc and /run: never a fixed time.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "model/init.h"
#include "model/procfile.h"
#include "run/exec.h"
#include "run/ports.h"
#include "run/units.h"

struct look {
	struct init init;
	char at[200];		/* how far it is, a clause */
};

static bool name_is(const char *comm, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(comm, *names))
			return true;
	return false;
}

/* A child of PID 1 with one of these names; its own name in @buf. */
static bool has_child(const char *const *names, char *buf, size_t size)
{
	struct proc_stat st;
	bool found = false;
	char path[48];
	size_t i, n;
	pid_t *pid;

	if (pids_list(AT_FDCWD, "/proc", &pid, &n) < 0)
		return false;
	for (i = 0; i < n && !found; i++) {
		text_fmt(path, sizeof(path), "/proc/%d/stat", (int)pid[i]);
		found = proc_stat_read(AT_FDCWD, path, &st) == 0 && st.ppid == 1 &&
			name_is(st.comm, names);
		if (found)
			text_fmt(buf, size, "%s", st.comm);
	}
	free(pid);
	return found;
}

/*
 * sysvinit says its runlevel in its title ("init [2]"), before it starts the
 * scripts for it: the runlevel is reached when they have ended. "init" is one
 * between fork and exec.
 */
static bool sysv_up(struct look *l)
{
	static const char *const scripts[] = { "rc", "rcS", "rc.sysinit", "rc.S", "rc.M", "init", NULL };
	char title[64] = "", name[32];

	file_read_line(AT_FDCWD, "/proc/1/cmdline", title, sizeof(title));
	if (strncmp(title, "init [", 6) || !isdigit((unsigned char)title[6])) {
		text_fmt(l->at, sizeof(l->at), "it has not reached a runlevel (%s)", title);
		return false;
	}
	if (has_child(scripts, name, sizeof(name))) {
		text_fmt(l->at, sizeof(l->at), "the scripts of runlevel %c are running", title[6]);
		return false;
	}
	text_fmt(l->at, sizeof(l->at), "runlevel %c is reached, its scripts have ended", title[6]);
	return true;
}

#define OPENRC "/proc/1/root/run/openrc"

/* While a runlevel is entered there is a directory [openrc src/openrc/rc.c main()]. */
static bool openrc_up(struct look *l)
{
	char level[64] = "";

	if (file_read_line(AT_FDCWD, OPENRC "/softlevel", level, sizeof(level)) < 0 || !*level) {
		text_fmt(l->at, sizeof(l->at), "OpenRC has not begun");
		return false;
	}
	text_fmt(l->at, sizeof(l->at), "runlevel %s", level);
	if (access(OPENRC "/rc.starting", F_OK) == 0 || access(OPENRC "/rc.stopping", F_OK) == 0) {
		text_fmt(l->at, sizeof(l->at), "runlevel %s is being entered", level);
		return false;
	}
	return strcmp(level, "sysinit") && strcmp(level, "boot");
}

static void openrc_failed(struct op_ctx *ctx)
{
	DIR *dir = opendir(OPENRC "/failed");
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			ctx_note(ctx, "The service %s has failed", entry->d_name);
	if (dir)
		closedir(dir);
}

/* Stage 2 becomes runsvdir when all that comes before it is done [/etc/runit/2]. */
static bool runit_up(struct look *l)
{
	static const char *const runsvdir[] = { "runsvdir", NULL };
	char name[32];

	if (!has_child(runsvdir, name, sizeof(name))) {
		text_fmt(l->at, sizeof(l->at), "runsvdir does not run yet");
		return false;
	}
	text_fmt(l->at, sizeof(l->at), "runsvdir runs, and starts the services");
	return true;
}

/* An init that says nothing: who listened before the detach listens again. */
static bool others_up(struct look *l)
{
	char missing[120];

	if (!ports_missing(missing, sizeof(missing)))
		text_fmt(l->at, sizeof(l->at), "it cannot be asked how far it is");
	else if (*missing)
		text_fmt(l->at, sizeof(l->at), "nobody listens yet on what was listened on: port %s",
			 missing);
	else
		text_fmt(l->at, sizeof(l->at), "it cannot be asked, but what was listened on is "
			 "listened on again");
	return !*missing;
}

static const struct way {
	enum rc_kind rc;
	bool (*up)(struct look *l);
	void (*failed)(struct op_ctx *ctx);	/* notes what did not start */
	const char *hint;
} ways[] = {
	{ RC_SYSV, sysv_up, NULL, "See what it waits for: ps -ef" },
	{ RC_OPENRC, openrc_up, openrc_failed, "See: chroot /.. rc-status -a" },
	{ RC_RUNIT, runit_up, NULL, "See: chroot /.. sv status /etc/service/*" },
	{ RC_NONE, others_up, NULL, "Skip this if you know better: it is only a look." },
};

static const struct way *find_way(enum rc_kind rc)
{
	size_t i, last = sizeof(ways) / sizeof(ways[0]) - 1;

	for (i = 0; i < last && ways[i].rc != rc; i++)
		;
	return &ways[i];
}

static int look(struct look *l, struct error *err)
{
	int r;

	memset(l, 0, sizeof(*l));
	r = init_read(&l->init, err);
	if (r == 0 && l->init.kind == INIT_STUB)
		return error_set(err, EIO, "wait for the system", "PID 1", "it is the stub",
				 "Run Resume again, and see the log.");
	return r;
}

/*
 * Who starts the services is asked anew each time: OpenRC shows itself only
 * after a while. Twice in a row, as there is an instant between two scripts.
 */
int op_wait_running(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	int64_t until = now_ms() + 1000 * (int64_t)(op->deadline_s ? op->deadline_s : 900);
	const struct way *way;
	unsigned seen = 0;
	struct look l;
	int r;

	for (;;) {
		r = look(&l, err);
		if (r < 0)
			return r;
		if (l.init.rc == RC_SYSTEMD)
			return wait_systemd(ctx, until, err);
		way = find_way(l.init.rc);
		seen = way->up(&l) ? seen + 1 : 0;
		if (seen == 2)
			break;
		ctx_progress(ctx, -1, "%s", l.at);
		if (ctx_stop(ctx))
			return error_set(err, ECANCELED, "wait for the system", l.init.name,
					 "stopped by the operator", NULL);
		if (now_ms() >= until)
			return error_set(err, ETIMEDOUT, "wait for the system", l.init.name, l.at,
					 "%s", way->hint);
		sleep_ms(200);
	}
	ctx_note(ctx, "PID 1 is %s: %s", l.init.name, l.at);
	if (way->failed)
		way->failed(ctx);
	return 0;
}
