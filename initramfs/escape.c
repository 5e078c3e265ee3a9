/*
 * escape.c - what PID 1 executes to leave the old root and become the stub.
 *
 * It is bound over the init's binary, so it also gets the init's arguments and
 * is run by whoever else runs that binary meanwhile (systemd --user managers):
 * it looks at no argument but --careen-trial, and does nothing unless it is
 * PID 1 or a trial.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"

#define MAX_DEPTH 4096	/* PATH_MAX / 1: no mount point lies deeper */

/*
 * A directory to chroot into while "." stays above it. It must exist on any
 * root, and "/" may be read-only, so none is made.
 */
static int chroot_below(void)
{
	static const char *const dirs[] = { "/proc", "/dev", "/usr", "/etc", "/sys", "/run" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		if (!chroot(dirs[i]))
			return 0;
	return -errno;
}

/* ".." of the topmost directory is itself. */
static int climb(void)
{
	struct stat here, above;

	for (int i = 0; i < MAX_DEPTH; i++) {
		if (stat(".", &here) || stat("..", &above))
			return -errno;
		if (here.st_dev == above.st_dev && here.st_ino == above.st_ino)
			return 0;
		if (chdir(".."))
			return -errno;
	}
	return -ELOOP;
}

/* chroot(2), NOTES: chroot does not change ".", so one can leave upwards. */
static int leave_chroot(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = chroot_below();
	if (!ret && fchdir(fd))
		ret = -errno;
	close(fd);
	if (!ret)
		ret = climb();
	if (!ret && chroot("."))
		ret = -errno;
	return ret;
}

/*
 * PID 1 must not exit (the kernel panics), and the init cannot be executed
 * again: we are bound over it. Reap and wait: ptrace can still take us out.
 */
static void freeze(void)
{
	/* Our name is the file we are bound over, which would pass for the init. */
	prctl(PR_SET_NAME, "careen-escape");
	for (;;)
		if (waitpid(-1, NULL, 0) < 0)
			sleep_ms(1000);
}

static void fail(bool trial, int status)
{
	if (trial)
		_exit(status);
	note("PID 1 waits here, alive: take it with the ptrace strategy, or undo the detach by hand");
	freeze();
}

int main(int argc, char **argv)
{
	bool trial = argc > 1 && !strcmp(argv[1], "--careen-trial");
	char *const stub_argv[] = { STUB, trial ? "--trial" : NULL, NULL };
	char *const stub_env[] = { NULL };
	int ret;

	note_init("careen-escape");
	if (!trial && getpid() != 1) {
		dprintf(STDERR_FILENO, "careen-escape: it is only for PID 1; "
			"the init's own binary is back once the system is resumed\n");
		return 1;
	}
	if (trial)
		note_stderr(false);
	/* Already there when the no-preparation route's pivot moved our root. */
	ret = root_is_rescue() ? 0 : leave_chroot();
	if (ret || !root_is_rescue()) {
		if (!trial)
			note("cannot leave the old root: %s",
			     ret ? strerror(-ret) : "what is above it is not the rescue");
		fail(trial, TRIAL_NO_ESCAPE);
	}
	execve(STUB, stub_argv, stub_env);
	if (!trial)
		note("cannot execute " STUB ": %s", strerror(errno));
	fail(trial, TRIAL_NO_STUB);
	return 1;
}
