/* test_ptrace.c - ptrace_exec on a child in every state: it executes, or goes on as before */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "run/exec.h"
#include "run/handover.h"
#include "tap.h"

/* What the child and we share. */
static struct shared {
	volatile unsigned long count;	/* moves while it spins */
	volatile int woke, result, code;
	volatile int handled;
} *shared;

static void on_signal(int sig)
{
	(void)sig;
	shared->handled++;
}

/* Without SA_RESTART: the handler ends whatever call it interrupts. */
static void catch_usr2(void)
{
	const struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGUSR2, &sa, NULL);
}

static void call_pause(void)
{
	catch_usr2();
	shared->result = pause();
	shared->code = errno;
}

static void call_epoll(void)
{
	struct epoll_event ev;
	int ep = epoll_create1(0);

	catch_usr2();
	/* signal(7): it says EINTR after any stop, SIGCONT's too; never restarted */
	shared->result = epoll_wait(ep, &ev, 1, -1);
	shared->code = errno;
}

static void call_waitid(void)
{
	siginfo_t si;

	catch_usr2();
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	shared->result = waitid(P_ALL, 0, &si, WEXITED);
	shared->code = errno;
}

static void call_nanosleep(void)
{
	struct timespec ts = { .tv_sec = 0, .tv_nsec = 900000000 };

	shared->result = nanosleep(&ts, NULL);
	shared->code = errno;
}

static void call_poll(void)
{
	shared->result = poll(NULL, 0, 900);
	shared->code = errno;
}

static void call_sigsuspend(void)
{
	sigset_t all;

	sigfillset(&all);
	sigdelset(&all, SIGUSR2);
	catch_usr2();
	shared->result = sigsuspend(&all);
	shared->code = errno;
}

static void spin(void)
{
	catch_usr2();
	while (!shared->handled)
		shared->count++;
	shared->result = -1;
	shared->code = EINTR;
}

static void call_blocked(void)
{
	sigset_t all, pending;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	catch_usr2();
	while (sigpending(&pending) == 0 && !sigismember(&pending, SIGUSR2))
		usleep(1000);
	/* still blocked: the handler must not have run */
	shared->result = shared->handled ? 0 : -1;
	shared->code = EINTR;
}

static void call_chroot(void)
{
	if (chroot("/proc/self/root/usr") < 0 || chdir("/") < 0)
		_exit(9);
	call_pause();
}

static const struct state {
	const char *name;
	void (*call)(void);
	bool timed;		/* ends by itself; else SIGUSR2 ends it */
	bool any_stop;		/* any stop ends it */
	int result, code;
} states[] = {
	{ .name = "pause", .call = call_pause, .result = -1, .code = EINTR },
	{ .name = "epoll_wait", .call = call_epoll, .any_stop = true, .result = -1, .code = EINTR },
	{ .name = "waitid", .call = call_waitid, .result = -1, .code = EINTR },
	{ .name = "nanosleep", .call = call_nanosleep, .timed = true },
	{ .name = "poll with a timeout", .call = call_poll, .timed = true },
	{ .name = "sigsuspend", .call = call_sigsuspend, .result = -1, .code = EINTR },
	{ .name = "a loop in user space", .call = spin, .result = -1, .code = EINTR },
	{ .name = "all signals blocked", .call = call_blocked, .result = -1, .code = EINTR },
	{ .name = "a chroot", .call = call_chroot, .result = -1, .code = EINTR },
};

#define N_STATES (sizeof(states) / sizeof(states[0]))

/* Until it is in its call, or again: a handler that runs just before pause() ends no pause. */
static void settle(pid_t pid)
{
	char path[40], line[256];
	const char *end;
	int i;

	text_fmt(path, sizeof(path), "/proc/%d/stat", (int)pid);
	for (i = 0; i < 4000 && !shared->count; i++) {
		if (read_text(path, line, sizeof(line)) <= 0)
			return;
		end = strrchr(line, ')');
		if (end && end[1] && (end[2] == 'S' || end[2] == 'Z'))
			return;
		usleep(1000);
	}
}

static pid_t start(const struct state *st)
{
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		errno = 0;
		st->call();
		shared->woke = 1;
		if (st->result == 0)
			shared->code = 0;
		_exit(shared->result == st->result && shared->code == st->code ? 7 : 8);
	}
	settle(pid);
	return pid;
}

static int end(pid_t pid)
{
	int status = -1, i;

	for (i = 0; i < 400; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		usleep(10000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return -1;
}

static int ms_since(const struct timespec *a)
{
	struct timespec b;

	clock_gettime(CLOCK_MONOTONIC, &b);
	return (int)((b.tv_sec - a->tv_sec) * 1000 + (b.tv_nsec - a->tv_nsec) / 1000000);
}

static void test_fails(const struct state *st)
{
	struct error err = { 0 };
	struct timespec a;
	pid_t pid;
	int status, r, ms;

	clock_gettime(CLOCK_MONOTONIC, &a);
	pid = start(st);
	r = ptrace_exec(pid, "/nonexistent/program", "x", &err);
	is_int(r, -ENOENT, "%s: a path that is absent says so", st->name);
	if (!st->any_stop) {
		r = ptrace_exec(pid, "/nonexistent/program", "x", &err);
		is_int(r, -ENOENT, "%s: and again, right after", st->name);
		settle(pid);
		ok(!shared->woke || (st->timed && ms_since(&a) >= 900),
		   "%s: the call goes on after the failed exec", st->name);
	}
	if (!st->timed)
		kill(pid, SIGUSR2);
	status = end(pid);
	ms = ms_since(&a);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 7, "%s: and ends as it would have",
	   st->name);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 7)
		printf("# status %x result %d errno %d\n", status, shared->result, shared->code);
	if (st->timed)
		ok(ms >= 900 && ms < 1750, "%s: after the whole time, not twice (%d ms)",
		   st->name, ms);
}

static void test_succeeds(const struct state *st, const char *path)
{
	struct error err = { 0 };
	pid_t pid = start(st);
	int status, r = ptrace_exec(pid, path, "throwaway", &err);

	is_int(r, 0, "%s: it executes the program", st->name);
	if (r)
		printf("# %s %s: %s\n", err.op, err.subject, err.why);
	status = end(pid);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 42, "%s: the program ran", st->name);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 42)
		printf("# status %x\n", status);
}

/* A signal that comes while it is stopped is its own, and is not lost. */
static void test_signal_meanwhile(void)
{
	struct error err;
	int status = 0, tries = 50;
	pid_t pid;

	/* on a busy machine it may have ended by then, which is no such case */
	do {
		pid = start(&states[0]);
		kill(pid, SIGUSR2);
	} while (ptrace_exec(pid, "/nonexistent", "x", &err) == -ESRCH && --tries);
	status = end(pid);
	ok(WIFEXITED(status) && shared->handled == 1, "a signal meanwhile reaches its handler once");
}

static long refuse(int request, pid_t pid, void *addr, void *data)
{
	if (request == 0x4206 /* PTRACE_SEIZE */)
		return -EPERM;
	return sys_real.ptrace(request, pid, addr, data);
}

static bool broken;

static long break_setregs(int request, pid_t pid, void *addr, void *data)
{
	if (request == 0x4205 /* PTRACE_SETREGSET */ && !broken) {
		broken = true;
		return -EIO;
	}
	return sys_real.ptrace(request, pid, addr, data);
}

static void test_faults(void)
{
	struct sys faulty = sys_real;
	struct error err = { 0 };
	pid_t pid = start(&states[0]);
	int status;

	sys = &faulty;
	faulty.ptrace = refuse;
	is_int(ptrace_exec(pid, "/bin/true", "x", &err), -EPERM, "a refused attach is -EPERM");
	ok(strstr(err.why, "refuses") && strstr(err.hint, "as it was"), "and says so");
	faulty.ptrace = break_setregs;
	is_int(ptrace_exec(pid, "/bin/true", "x", &err), -EIO, "registers that cannot be set");
	sys = &sys_real;
	settle(pid);
	kill(pid, SIGUSR2);
	status = end(pid);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 7, "the process goes on");
	ok(ptrace_exec(pid, "/bin/true", "x", &err) == -ESRCH, "a process that is gone");
}

static const char *make_program(char *dir)
{
	static char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/prog", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	dprintf(fd, "#!/bin/sh\nexit 42\n");
	close(fd);
	return path;
}

int main(void)
{
	char dir[] = "/tmp/test_ptrace.XXXXXX";
	const char *prog;
	size_t i;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!mkdtemp(dir))
		return 1;
	prog = make_program(dir);
	for (i = 0; i < N_STATES; i++)
		if (states[i].call != call_chroot || geteuid() == 0)
			test_fails(&states[i]);
	for (i = 0; i < N_STATES; i++)
		if (states[i].call != call_chroot)
			test_succeeds(&states[i], prog);
	test_signal_meanwhile();
	test_faults();
	unlink(prog);
	rmdir(dir);
	return done_testing();
}
