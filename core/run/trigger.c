/* trigger.c - tell an init to execute its own binary again, by its kind */
#include "run/trigger.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "run/exec.h"

/* Write to a FIFO of the old root that PID 1 reads; never create or wait. */
static int write_fifo(const char *const *paths, const void *buf, size_t len,
		      struct error *err)
{
	char path[64];
	struct stat st;
	int fd = -1, r = -ENOENT;

	for (; *paths && fd < 0; paths++) {
		text_fmt(path, sizeof(path), "%s%s", old_root_path(), *paths);
		fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0 && errno != ENOENT)
			r = -errno;
	}
	if (fd < 0)
		return error_set(err, r, "open the init's FIFO", path, NULL,
				 "PID 1 is untouched: take it by ptrace.");
	if (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode))
		r = -EINVAL;
	else
		r = write(fd, buf, len) == (ssize_t)len ? 0 : errno ? -errno : -EIO;
	close(fd);
	if (r < 0)
		return error_set(err, r, "write to the init's FIFO", path, NULL,
				 "PID 1 is untouched: take it by ptrace.");
	return 0;
}

/* systemd(1) SIGNALS: SIGTERM "serializes its state, reexecutes itself". */
static int trigger_systemd(struct error *err)
{
	int r = sys->kill(1, SIGTERM);

	if (r < 0)
		return error_set(err, r, "signal", "PID 1", NULL, "PID 1 is untouched.");
	return 0;
}

/*
 * What `telinit u` sends [sysvinit src/initreq.h, src/init.c fifo_new_level()].
 * Not by running telinit: it is a link to init, over which we are bound.
 */
static int trigger_sysvinit(struct error *err)
{
	static const char *const fifos[] = { "/run/initctl", "/dev/initctl", NULL };
	struct {
		int32_t magic, cmd, runlevel, sleeptime;
		char data[368];
	} req = { .magic = 0x03091969, .cmd = 1 /* INIT_CMD_RUNLVL */, .runlevel = 'U' };

	return write_fifo(fifos, &req, sizeof(req), err);
}

/* [openrc src/openrc-init/openrc-init.c: handle_reexec() on this word; rc.h RC_INIT_FIFO] */
static int trigger_openrc(struct error *err)
{
	static const char *const fifos[] = { "/run/openrc/init.ctl", NULL };

	return write_fifo(fifos, "reexec", 6, err);
}

static const struct {
	enum init_kind kind;
	int (*fire)(struct error *err);
} triggers[] = {
	{ INIT_SYSTEMD, trigger_systemd },
	{ INIT_SYSVINIT, trigger_sysvinit },
	{ INIT_OPENRC, trigger_openrc },
};

#define N_TRIGGERS (sizeof(triggers) / sizeof(triggers[0]))

bool trigger_known(enum init_kind kind)
{
	size_t i;

	for (i = 0; i < N_TRIGGERS; i++)
		if (triggers[i].kind == kind)
			return true;
	return false;
}

int trigger_reexec(enum init_kind kind, struct error *err)
{
	size_t i;

	for (i = 0; i < N_TRIGGERS; i++)
		if (triggers[i].kind == kind)
			return triggers[i].fire(err);
	return error_set(err, ENOTSUP, "take PID 1", "", "no re-exec that careen knows",
			 "Take it by ptrace.");
}
