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

/*
 * Out of the old root. Above it is the rescue, when it was moved aside; a tree of
 * `careen enter` is in it, until the pivot.
 */
static int leave_old_root(void)
{
	int ret = climb_out();

	if (ret || root_is_rescue())
		return ret;
	return chroot(TREE_DIR) || chdir("/") ? -errno : 0;
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
	ret = root_is_rescue() ? 0 : leave_old_root();
	if (ret || !root_is_rescue()) {
		if (!trial)
			note("cannot leave the old root: %s",
			     ret ? strerror(-ret) : "the rescue is neither above nor in it");
		fail(trial, TRIAL_NO_ESCAPE);
	}
	execve(STUB, stub_argv, stub_env);
	if (!trial)
		note("cannot execute " STUB ": %s", strerror(errno));
	fail(trial, TRIAL_NO_STUB);
	return 1;
}
