/*
 * spawn_mount.c - a program's device is mounted while it runs, where nobody else sees it
 *
 * In a mount namespace of its own: however the program and this process end, the kernel
 * takes the mount off with the last of them, and nothing is left in the rescue's tree.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "paths.h"
#include "run/exec.h"
#include "run/spawn.h"

#define BUSY_TRIES 50

static int mount_it(const struct spawn *sp)
{
	int r = unshare(CLONE_NEWNS) < 0 ? -errno : 0;

	if (r == 0)
		r = sys->mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (r == 0)
		r = sys->mkdir(CAREEN_WORK, 0700);
	if (r == -EEXIST)
		r = 0;
	if (r == 0)
		r = sys->mount(sp->mount_dev, CAREEN_WORK, sp->mount_type,
			       MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	return r;
}

static void __attribute__((noreturn)) end_as(int status)
{
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		kill(getpid(), WTERMSIG(status));
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 126);
}

/* What asks the program to end is meant for it, not for who waits for it. */
static void ignore_requests(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
}

int spawn_mounted(const struct spawn *sp, int report)
{
	int status = 0, tries = BUSY_TRIES, r = mount_it(sp);
	pid_t pid;

	if (r < 0)
		return r;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		return 0;
	close(report);
	ignore_requests();
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	while (sys->umount(CAREEN_WORK, 0) == -EBUSY && --tries)
		sleep_ms(100);
	end_as(status);
}
