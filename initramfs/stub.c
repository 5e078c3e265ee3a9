/*
 * stub.c - PID 1 in RAM: reaps, keeps the lifeline and the watchdogs, obeys
 * SIGUSR1 (resume). It never exits and allocates nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common.h"
#include "local.h"

#define LOG_FILE	RUN_DIR "/stub.log"
#define INIT_FILE	RUN_DIR "/init"
#define WATCHDOGS	8
#define CHECK_MS	10000	/* a disk may be slow, but not the answer "is it there" */

static struct watchdog {
	int fd;
	long every_ms;
	long next_ms;
} watchdogs[WATCHDOGS];

/* Watchdogs: whoever fed them before us is gone, or will be. */

static bool watchdog_active(int n, long *timeout_ms)
{
	char path[64], text[32];
	long seconds = 0;

	snprintf(path, sizeof(path), "/sys/class/watchdog/watchdog%d/state", n);
	if (read_line(path, text, sizeof(text)) < 0 || strcmp(text, "active"))
		return false;
	snprintf(path, sizeof(path), "/sys/class/watchdog/watchdog%d/timeout", n);
	if (read_line(path, text, sizeof(text)) > 0)
		for (const char *c = text; *c >= '0' && *c <= '9'; c++)
			seconds = seconds * 10 + (*c - '0');
	*timeout_ms = (seconds ? seconds : 10) * 1000;
	return true;
}

/* Opening one starts it, so only those that already run. EBUSY: another feeds it. */
static void adopt_watchdogs(void)
{
	char path[32];
	long timeout;

	for (int n = 0; n < WATCHDOGS; n++) {
		struct watchdog *w = &watchdogs[n];

		if (w->fd > 0 || !watchdog_active(n, &timeout))
			continue;
		snprintf(path, sizeof(path), "/dev/watchdog%d", n);
		w->fd = open(path, O_WRONLY | O_CLOEXEC);
		if (w->fd < 0)
			continue;
		w->every_ms = timeout / 2;
		w->next_ms = 0;
		note("feeding %s every %ld ms", path, w->every_ms);
	}
}

/* Any byte feeds it; 'V' would disarm it at close [linux watchdog-api.rst]. */
static void feed_watchdogs(void)
{
	for (int n = 0; n < WATCHDOGS; n++) {
		struct watchdog *w = &watchdogs[n];

		if (w->fd <= 0 || now_ms() < w->next_ms)
			continue;
		if (write(w->fd, "\0", 1) == 1)
			w->next_ms = now_ms() + w->every_ms;
	}
}

/* They go on counting: the init, or its daemon, takes over those it wants. */
static void leave_watchdogs(void)
{
	for (int n = 0; n < WATCHDOGS; n++) {
		if (watchdogs[n].fd <= 0)
			continue;
		watchdogs[n].next_ms = 0;
		feed_watchdogs();
		close(watchdogs[n].fd);
		watchdogs[n].fd = 0;
	}
}

/* Signals */

/*
 * On SIGSEGV and its kind the kernel would kill PID 1, and then panic. Whoever
 * is logged in can go on, and ptrace can replace us, so the watchdogs are still
 * fed; a second fault, in here, leaves nothing but system calls. What a process
 * sent (si_code <= 0, sigaction(2)) is no fault.
 */
static void on_fault(int sig, siginfo_t *info, void *context)
{
	static const char text[] = "<2>careen-stub: fault in PID 1, frozen: it only reaps from here on\n";
	static volatile sig_atomic_t faults;
	int fd;

	(void)sig;
	(void)context;
	if (info->si_code <= 0)
		return;
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (write(fd, text, sizeof(text) - 1) < 0)
			sleep_ms(1);
		close(fd);
	}
	faults++;
	for (;;) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (faults == 1)
			feed_watchdogs();
		sleep_ms(500);
	}
}

static void catch_faults(void)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS };
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_NODEFER | SA_SIGINFO };

	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		sigaction(faults[i], &sa, NULL);
}

/*
 * What we wait for stays blocked. The rest stays default, which for PID 1 means
 * that the kernel drops it [linux kernel/signal.c sig_task_ignored].
 */
static void take_signals(sigset_t *wake)
{
	reset_signals();
	catch_faults();
	sigemptyset(wake);
	sigaddset(wake, SIGCHLD);
	sigaddset(wake, SIGUSR1);
	sigprocmask(SIG_SETMASK, wake, NULL);
}

/* The lifeline */

static void start_lifeline(void)
{
	char *const argv[] = { "@careen-lifeline", NULL };
	char *const env[] = { NULL };
	pid_t pid = fork();

	if (!pid) {
		setsid();
		execve(LIFELINE, argv, env);
		_exit(127);
	}
	if (pid < 0)
		note("cannot start the lifeline: %s", strerror(errno));
	else
		note("lifeline restarted");
}

/*
 * Free twice, a second apart: its standby needs an instant to take over, and a
 * lifeline that cannot start must not make us spin.
 */
static void keep_lifeline(void)
{
	static long free_since;

	if (lock_is_held(LIFELINE_LOCK)) {
		free_since = 0;
	} else if (!free_since) {
		free_since = now_ms();
	} else if (now_ms() - free_since >= 1000) {
		free_since = 0;
		start_lifeline();
	}
}

/* Resume */

static void init_path(char *buf, size_t size)
{
	if (read_line(INIT_FILE, buf, size) <= 0 || buf[0] != '/')
		snprintf(buf, size, "/sbin/init");
}

/*
 * Stacked over "/", where resume's move has put it; or around us, where it still is
 * when a detach in a tree of `careen enter` stopped half-way. -ENXIO: neither.
 */
static int to_real_root(void)
{
	int ret;

	if (!same_dir("/", "/.."))
		return chroot("/..") || chdir("/") ? -errno : 0;
	ret = climb_out();
	return ret ? ret : root_is_rescue() ? -ENXIO : 0;
}

/* In a child: the path must be looked up from the new root, on its disk. */
static int can_execute(const char *init)
{
	long deadline = now_ms() + CHECK_MS;
	pid_t pid = fork(), got;
	int status;

	if (!pid) {
		status = to_real_root();
		_exit(status ? -status : access(init, X_OK) ? errno : 0);
	}
	if (pid < 0)
		return -errno;
	while ((got = waitpid(pid, &status, WNOHANG)) == 0) {
		if (now_ms() > deadline) {
			kill(pid, SIGKILL);
			return -ETIMEDOUT;
		}
		feed_watchdogs();
		sleep_ms(10);
	}
	if (got < 0 || !WIFEXITED(status))
		return -EIO;
	return -WEXITSTATUS(status);
}

/*
 * kthreadd was copied from the same init_task as PID 1 was at boot, and nobody
 * changes its limits: they are what the kernel gave [linux init/main.c rest_init].
 */
static void boot_rlimits(void)
{
	struct { unsigned long long cur, max; } lim;

	for (int res = 0; res < RLIM_NLIMITS; res++)
		if (!syscall(SYS_prlimit64, 2, res, NULL, &lim))
			syscall(SYS_prlimit64, 0, res, &lim, NULL);
}

static void boot_state(void)
{
	reset_signals();
	boot_rlimits();
	write_text("/proc/self/oom_score_adj", "0");
	write_text(CGROUP_DIR "/cgroup.procs", "1");
	umask(022);
	reboot(RB_ENABLE_CAD);
	leave_watchdogs();
	munlockall();
}

/* Returns only if it failed; then "/" is the rescue again. */
static int exec_init(char *init)
{
	char *const argv[] = { init, NULL };
	/* As the kernel [linux init/main.c envp_init] and the initramfs's /init
	 * give it; the rest of our life is none of its business. */
	static char *const env[] = { "HOME=/", "TERM=linux", "PATH=/sbin:/usr/sbin:/bin:/usr/bin", NULL };
	int rescue = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (rescue < 0)
		return -errno;
	boot_state();
	err = -to_real_root();
	if (!err) {
		stdio_on("/dev/console");	/* its own; ours does if it has none */
		execve(init, argv, env);
		err = errno;
	}
	if (fchdir(rescue) || chroot(".") || chdir("/"))
		note("resume: cannot go back to the rescue: %s", strerror(errno));
	close(rescue);
	return -err;
}

static void become_stub(sigset_t *wake)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		note("cannot lock memory: %s", strerror(errno));
	take_signals(wake);
	if (chdir("/"))
		note("chdir /: %s", strerror(errno));
	if (stdio_on("/dev/console"))
		stdio_on("/dev/null");
	reboot(RB_DISABLE_CAD);
	adopt_watchdogs();
}

static void resume(sigset_t *wake)
{
	char init[256];
	int ret;

	init_path(init, sizeof(init));
	ret = can_execute(init);
	if (ret == -ENXIO) {
		note("resume: no root is mounted over /; move it there first");
		return;
	}
	if (ret) {
		note("resume: cannot execute %s: %s", init, strerror(-ret));
		return;
	}
	note("resume: %s", init);
	local_stop();
	ret = exec_init(init);
	become_stub(wake);
	note("resume: cannot execute %s: %s", init, strerror(-ret));
}

static void live(sigset_t *wake)
{
	struct timespec tick = { .tv_sec = 1 };
	pid_t pid;
	int sig;

	for (;;) {
		sig = sigtimedwait(wake, NULL, &tick);
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			local_reaped(pid);
		if (sig == SIGUSR1)
			resume(wake);
		keep_lifeline();
		local_keep();
		adopt_watchdogs();
		feed_watchdogs();
	}
}

static int not_pid1(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--trial"))
		return root_is_rescue() ? TRIAL_OK : TRIAL_NO_ESCAPE;
	dprintf(STDERR_FILENO, "careen-stub: it runs as PID 1 only; `--trial` says if its root is the rescue\n");
	return 2;
}

int main(int argc, char **argv)
{
	sigset_t wake;

	note_init("careen-stub");
	if (getpid() != 1)
		return not_pid1(argc, argv);
	/* What the init leaves open (listeners, its serialisation) pins its disk. */
	close_fds_from(0);
	prctl(PR_SET_NAME, "careen-stub");
	setsid();
	note_log(LOG_FILE, 256 * 1024L);
	note_stderr(false);	/* kmsg is on the console already */
	write_text(CGROUP_DIR "/cgroup.procs", "1");
	become_stub(&wake);
	note("started");
	live(&wake);
}
