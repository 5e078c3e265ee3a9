/* common.c - what run-init, escape, stub and lifeline share; allocates nothing */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "common.h"

#define RAMFS_MAGIC 0x858458f6UL	/* linux/magic.h; musl-gcc sees no kernel headers */
#define TMPFS_MAGIC 0x01021994UL
#define MAX_DEPTH 4096	/* PATH_MAX / 1: no mount point lies deeper */

static struct {
	const char *who;
	const char *log;
	size_t log_max;
	bool no_stderr;
} notes = { .who = "careen" };

void note_init(const char *who)
{
	notes.who = who;
}

void note_log(const char *path, size_t max)
{
	notes.log = path;
	notes.log_max = max;
}

void note_stderr(bool on)
{
	notes.no_stderr = !on;
}

static void append_log(const char *text)
{
	struct timespec now;
	struct stat st;
	int fd = open(notes.log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return;
	if (!fstat(fd, &st) && (size_t)st.st_size > notes.log_max && ftruncate(fd, 0))
		goto out;
	/* Since boot, as dmesg counts: the clock may be set while we live. */
	clock_gettime(CLOCK_BOOTTIME, &now);
	dprintf(fd, "%lld.%03ld %s\n", (long long)now.tv_sec, now.tv_nsec / 1000000, text);
out:
	close(fd);
}

void note(const char *fmt, ...)
{
	int saved = errno, fd;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd >= 0) {
		dprintf(fd, "<4>%s: %s\n", notes.who, text);
		close(fd);
	}
	if (!notes.no_stderr)
		dprintf(STDERR_FILENO, "%s: %s\n", notes.who, text);
	if (notes.log)
		append_log(text);
	errno = saved;
}

ssize_t read_line(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return n;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return (ssize_t)strlen(buf);
}

ssize_t read_setting(const char *name, char *buf, size_t size)
{
	int fd = open(SETTINGS, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : 0;
	size_t len = strlen(name);
	char text[2048], *line;

	if (fd < 0)
		return n;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	for (line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (!strncmp(line, name, len) && line[len] == '=')
			return snprintf(buf, size, "%.*s", (int)strcspn(line + len + 1, "\n"), line + len + 1);
	return -ENOENT;
}

int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

bool same_dir(const char *a, const char *b)
{
	struct stat sa, sb;

	return !stat(a, &sa) && !stat(b, &sb) &&
	       sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

bool fs_is_ram(const struct statfs *fs)
{
	return (unsigned long)fs->f_type == RAMFS_MAGIC || (unsigned long)fs->f_type == TMPFS_MAGIC;
}

bool root_is_rescue(void)
{
	struct statfs fs;

	/* The stub's path alone proves nothing: it is installed in the normal
	 * system too, only never on a RAM file system. */
	return !statfs("/", &fs) && fs_is_ram(&fs) && !access(STUB, X_OK);
}

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
int climb_out(void)
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

static bool lock_forbids(const char *path, int how)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool held;

	if (fd < 0)
		return false;
	held = flock(fd, how | LOCK_NB) && errno == EWOULDBLOCK;
	close(fd);
	return held;
}

bool lock_is_held(const char *path)
{
	/* Shared, so that two who only ask do not see each other as the holder. */
	return lock_forbids(path, LOCK_SH);
}

bool lock_is_shared(const char *path)
{
	return lock_forbids(path, LOCK_EX);
}

void make_lock(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		note("cannot make %s: %s", path, strerror(errno));
	else
		close(fd);
}

void reset_signals(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < _NSIG; sig++)
		sigaction(sig, &dfl, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void close_fds_from(unsigned int lowest)
{
#ifdef SYS_close_range
	if (!syscall(SYS_close_range, lowest, ~0U, 0))
		return;
#endif
	/* Before Linux 5.9; systemd raises its own limit to 1024*1024 at most
	 * [systemd src/core/main.c bump_rlimit_nofile]. */
	for (int fd = (int)lowest; fd < 1024 * 1024; fd++)
		close(fd);
}

int stdio_on(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY);
	int ret = 0;

	if (fd < 0)
		return -errno;
	for (int to = 0; to < 3; to++)
		if (fd != to && dup2(fd, to) < 0)
			ret = -errno;
	if (fd > 2)
		close(fd);
	return ret;
}

void sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}
