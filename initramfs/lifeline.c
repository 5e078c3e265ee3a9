/*
 * lifeline.c - keeps our dropbear on its port alive, from boot to power-off.
 *
 * Two processes: the active one holds the lock and owns dropbear; its standby
 * waits for the lock. Whichever is killed, the other replaces it, whatever
 * PID 1 is at that time: under systemd nobody else would.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common.h"
#include "deadman.h"
#include "port.h"

#define ARGV_FILE	"/etc/careen/dropbear.argv"
#define PID_FILE	RUN_DIR "/lifeline.pid"
#define LOG_FILE	RUN_DIR "/lifeline.log"
#define DROPBEAR_LOG	RUN_DIR "/dropbear.log"
#define LOG_MAX		(256 * 1024L)
#define TICK_S		5
#define BACKOFF_MS	1000
#define LOCK_TRIES	10	/* others take the lock for an instant to ask if it is held */

static struct {
	char text[4096];
	char *word[64];
} args;

/* A path in the old root (an inherited cwd, fd or stdio) would pin its disk. */
static int cut_loose(void)
{
	int fd;

	if (chdir("/"))
		return -errno;
	setsid();	/* fails for a group leader, which has what it needs */
	close_fds_from(3);
	if (stdio_on("/dev/null"))
		return -errno;
	fd = open(LOG_FILE, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	dup2(fd, STDERR_FILENO);
	close(fd);
	return 0;
}

/* systemd moves what it finds in the root cgroup into init.scope, where it
 * would be counted and killed with it. */
static void own_cgroup(void)
{
	if (mkdir(CGROUP_DIR "/careen", 0755) && errno != EEXIST)
		return;
	write_text(CGROUP_DIR "/careen/cgroup.procs", "0");
}

static void protect(void)
{
	write_text("/proc/self/oom_score_adj", "-1000");
	/* Not inherited over fork, so the standby calls this again. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		note("cannot lock memory: %s", strerror(errno));
}

static void write_pid(void)
{
	int fd = open(PID_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	dprintf(fd, "%d\n", (int)getpid());
	close(fd);
}

/* The lock stays open for good: its holder is the lifeline. */
static int open_lock(void)
{
	return open(LIFELINE_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

static bool take_lock(void)
{
	int fd = open_lock();

	if (fd < 0) {
		note("cannot open " LIFELINE_LOCK ": %s", strerror(errno));
		return true;	/* better two of us than none */
	}
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return true;
		sleep_ms(50);
	}
	close(fd);
	return false;
}

/* Read each time, so that a mended file counts at the next start. */
static int read_args(void)
{
	char *save = NULL, *word;
	ssize_t len;
	size_t n = 0;
	int fd = open(ARGV_FILE, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	len = read(fd, args.text, sizeof(args.text) - 1);
	close(fd);
	if (len <= 0)
		return len ? -EIO : -ENOENT;
	args.text[len] = '\0';
	for (word = strtok_r(args.text, "\n", &save);
	     word && n + 1 < sizeof(args.word) / sizeof(*args.word);
	     word = strtok_r(NULL, "\n", &save))
		args.word[n++] = word;
	args.word[n] = NULL;
	return n ? 0 : -ENOENT;
}

static void exec_dropbear(pid_t lifeline)
{
	static char *const env[] = { "HOME=/root",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	int log = open(DROPBEAR_LOG, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (log >= 0) {
		dup2(log, STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
	}
	/* Its sessions inherit this; a shell raises it again (tui/shell.c). */
	write_text("/proc/self/oom_score_adj", "-900");
	reset_signals();
	/* The listener goes with us and frees the port for the next one. The
	 * kernel clears this at fork, so open sessions live on. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != lifeline)
		_exit(1);
	setpgid(0, 0);
	execve(args.word[0], args.word, env);
	dprintf(STDERR_FILENO, "cannot execute %s: %s\n", args.word[0], strerror(errno));
	_exit(127);
}

static pid_t start_dropbear(void)
{
	pid_t self = getpid(), pid;
	int ret = read_args();

	if (ret) {
		note("cannot read " ARGV_FILE ": %s", strerror(-ret));
		return 0;
	}
	pid = fork();
	if (!pid)
		exec_dropbear(self);
	if (pid < 0)
		note("cannot start dropbear: %s", strerror(errno));
	return pid > 0 ? pid : 0;
}

static void bound_log(const char *path)
{
	struct stat st;

	/* Its writers append, so they go on at the new end. */
	if (!stat(path, &st) && st.st_size > LOG_MAX && truncate(path, 0))
		note("cannot truncate %s: %s", path, strerror(errno));
}

static void rename_self(char **argv, const char *title)
{
	/* systemd spares argv[0] with a leading '@' when it kills everything
	 * [systemd src/shared/killall.c argv_has_at]. */
	size_t room = strlen(argv[0]);

	memset(argv[0], 0, room);
	memcpy(argv[0], title, strlen(title) < room ? strlen(title) : room);
}

/* Wait for the lock; returns as the active one. A fork, so never in main's stack twice. */
static void stand_by(char **argv)
{
	int fd;

	prctl(PR_SET_NAME, "careen-standby");
	rename_self(argv, "@careen-standby");
	/* The inherited descriptor shares the lock of the active one: it would
	 * keep it held after its death. */
	close_fds_from(3);
	protect();
	setsid();
	for (;;) {
		fd = open_lock();
		if (fd >= 0 && !flock(fd, LOCK_EX))
			return;
		if (fd >= 0)
			close(fd);
		sleep_ms(1000);
	}
}

struct child {
	const char *name;
	pid_t pid;
	long started;
};

/* Reap everything; sessions of a dead listener may have become ours. */
static void reap(struct child *children, size_t n)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < n; i++) {
			if (children[i].pid != pid)
				continue;
			children[i].pid = 0;
			note("%s ended (%s %d)", children[i].name,
			     WIFSIGNALED(status) ? "signal" : "exit status",
			     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		}
}

static bool due(const struct child *child)
{
	return !child->pid && (!child->started || now_ms() - child->started >= BACKOFF_MS);
}

enum { DROPBEAR, STANDBY, DEADMAN, TRIMMER, CHILDREN };

/*
 * A child: it waits for the real system's init, and whatever it meets with is none of ours.
 * The list that it goes by is gone when it has done its work; once a boot is tried enough.
 */
static void start_trim(struct child *trim)
{
	static char *const argv[] = { "@careen-trim", NULL };

	if (trim->started || access(KEEP_LIST, F_OK))
		return;
	trim->started = now_ms();
	trim->pid = fork();
	if (!trim->pid) {
		reset_signals();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execv(TRIM, argv);
		note("cannot execute " TRIM ": %s", strerror(errno));
		_exit(127);
	}
	if (trim->pid < 0)
		trim->pid = 0;
}

/*
 * Is it as it should be? `careen arm` tells by a SIGCHLD that something has changed: that is
 * what wakes serve() anyway.
 */
static bool keep_dropbear(struct child *dropbear)
{
	bool open = port_is_open();

	if (!open && dropbear->pid)
		kill(dropbear->pid, SIGTERM);	/* its sessions live on */
	if (open && due(dropbear)) {
		dropbear->started = now_ms();
		dropbear->pid = start_dropbear();
	}
	return !open || (dropbear->pid && !port_is_crowded(dropbear->pid));
}

/* Returns only in a new standby that found the lock free. */
static void serve(char **argv, const sigset_t *wake)
{
	struct child children[CHILDREN] = {
		[DROPBEAR] = { "dropbear", 0, 0 }, [STANDBY] = { "standby", 0, 0 },
		[DEADMAN] = { "dead-man timer's resume", 0, 0 }, [TRIMMER] = { "trim", 0, 0 },
	};
	struct timespec tick;
	bool watched, settled;

	start_trim(&children[TRIMMER]);
	for (;;) {
		settled = keep_dropbear(&children[DROPBEAR]);
		if (due(&children[STANDBY])) {
			children[STANDBY].started = now_ms();
			children[STANDBY].pid = fork();
			if (!children[STANDBY].pid) {
				stand_by(argv);
				return;
			}
			if (children[STANDBY].pid < 0)
				children[STANDBY].pid = 0;
		}
		watched = deadman_watch(&children[DEADMAN].pid);
		tick.tv_sec = settled && children[STANDBY].pid && !watched ? TICK_S : 1;
		tick.tv_nsec = 0;
		sigtimedwait(wake, NULL, &tick);
		reap(children, CHILDREN);
		bound_log(DROPBEAR_LOG);
		bound_log(LOG_FILE);
	}
}

static void become_active(char **argv)
{
	prctl(PR_SET_NAME, "careen-lifeline");
	rename_self(argv, "@careen-lifeline");
	write_pid();
	note("active, pid %d", (int)getpid());
}

static void block_wakers(sigset_t *wake)
{
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(wake);
	sigaddset(wake, SIGCHLD);
	sigprocmask(SIG_BLOCK, wake, NULL);
}

int main(int argc, char **argv)
{
	sigset_t wake;
	int ret;

	(void)argc;
	note_init("careen-lifeline");
	if (!root_is_rescue()) {
		dprintf(STDERR_FILENO, "careen-lifeline: it runs in the rescue only, and this root is another\n");
		return 2;
	}
	mkdir("/run", 0755);
	mkdir(RUN_DIR, 0700);
	if (lock_is_held(LIFELINE_LOCK)) {
		dprintf(STDERR_FILENO, "careen-lifeline: another one is active, see " PID_FILE "\n");
		return 0;
	}
	reset_signals();
	ret = cut_loose();
	if (ret)
		note("cannot let go of what was inherited: %s", strerror(-ret));
	own_cgroup();
	protect();
	if (!take_lock())
		return 0;
	block_wakers(&wake);
	deadman_init();
	port_init();
	for (;;) {
		become_active(argv);
		serve(argv, &wake);
	}
}
