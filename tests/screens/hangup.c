/*
 * hangup.c - start a program on a terminal, take the terminal away, and see
 * that it ends at once and has not spun
 *
 * The terminal is not its controlling one, so no SIGHUP helps: what is tested
 * is that end of file and EIO are noticed. usage: hangup PROGRAM [ARG...]
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static pid_t start(int *ret_master, char **argv)
{
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };
	int slave, master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	pid_t pid;

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		exit(2);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	ioctl(slave, TIOCSWINSZ, &ws);
	pid = fork();
	if (pid == 0) {
		setsid();
		dup2(slave, 0);
		dup2(slave, 1);
		dup2(slave, 2);
		execv(argv[0], argv);
		_exit(127);
	}
	close(slave);
	*ret_master = master;
	return pid;
}

/* Read for @seconds: the screen is up and nobody blocks on a full terminal. */
static void watch(int master, double seconds)
{
	double end = now() + seconds;
	char buf[4096];

	while (now() < end) {
		struct pollfd p = { .fd = master, .events = POLLIN };

		if (poll(&p, 1, 50) > 0 && read(master, buf, sizeof(buf)) <= 0)
			return;
	}
}

int main(int argc, char **argv)
{
	struct rusage before, after;
	int master, status = 0;
	double gone, cpu;
	pid_t pid;

	if (argc < 2)
		return 2;
	pid = start(&master, argv + 1);
	watch(master, 1.0);
	getrusage(RUSAGE_CHILDREN, &before);
	gone = now();
	close(master);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (now() - gone > 1.0) {
			printf("still there after a second\n");
			kill(pid, SIGKILL);
			return 1;
		}
		usleep(5000);
	}
	getrusage(RUSAGE_CHILDREN, &after);
	cpu = after.ru_utime.tv_sec + after.ru_utime.tv_usec / 1e6;
	printf("ended %.2f s after the hang-up, %.2f s of CPU in all\n", now() - gone, cpu);
	return cpu < 0.9 ? 0 : 1;
}
