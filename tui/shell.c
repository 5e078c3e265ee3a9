/* shell.c - the shell escape and -c: the only file that may fork and exec */
#include "shell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "paths.h"

#define SH "/bin/sh"
/*
 * The session is spared when memory runs out, and what an operator starts in it
 * must not be: a shell says so for itself, and then becomes the wanted one.
 */
#define KILLABLE "echo 0 2>/dev/null >/proc/self/oom_score_adj; exec " SH " "

static void hold(const char *lock)
{
	int fd = open(lock, O_RDWR | O_NOFOLLOW);

	while (fd >= 0 && flock(fd, LOCK_SH) < 0 && errno == EINTR)
		;
}

/*
 * While an operator's shell lives, or anything that it has started, the dead-man timer
 * waits: it may be at work on a disk, and nobody else could know. Inherited by all of
 * them, so that the kernel ends it with the last one, whatever becomes of the connection.
 */
static void hold_deadman(void)
{
	hold(CAREEN_SHELLS);
}

/* Nor is the port closed to who has come in (initramfs/port.c). */
void shell_hold_port(void)
{
	hold(CAREEN_SESSIONS);
}

/* Our own programs say for themselves when they are at work. */
static bool is_careen(const char *command)
{
	return !strncmp(command, "careen", 6) && (!command[6] || command[6] == ' ') &&
	       !strpbrk(command, ";&|`$()\n");
}

int shell_become(const char *command)
{
	/* Programs that start $SHELL want a shell, not the console. */
	setenv("SHELL", SH, 1);
	shell_hold_port();
	if (!is_careen(command))
		hold_deadman();
	execl(SH, "sh", "-c", KILLABLE "-c \"$1\"", "sh", command, (char *)NULL);
	return -errno;
}

static void child(char *const argv[])
{
	signal(SIGHUP, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	hold_deadman();
	setenv("SHELL", SH, 1);
	setenv("PS1", "careen shell, exit returns # ", 1);
	execv(SH, argv);
	_exit(127);
}

/* The terminal's keys are the child's meanwhile: its wait status, or -errno. */
static int run(char *const argv[])
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	pid = fork();
	if (pid == 0)
		child(argv);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	return pid < 0 ? -errno : status;
}

int shell_visit(void)
{
	int status;

	printf("A shell in the rescue. `exit` returns to the console.\n");
	status = run((char *[]){ "sh", "-c", KILLABLE "-i", NULL });
	return status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 127 ? -ENOENT :
	       status < 0 ? status : 0;
}

int shell_run(char *const argv[])
{
	char *words[12] = { "sh", "-c", KILLABLE "-c 'exec \"$@\"' sh \"$@\"", "sh" };
	int n = 4, status;

	while (*argv && n < 11)
		words[n++] = *argv++;
	status = run(words);
	if (status < 0)
		return status;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}
