/*
 * trim.c - once the real root runs, removes from rootfs what early boot alone needed
 *
 * The hook has listed what is the rescue's (KEEP_LIST): a path a line, without its first slash,
 * a whole directory with one at its end. All else goes, as it would with the stock run-init, but
 * what is busybox by another name, which costs nothing. Then what lies in AFTER is moved to its
 * place: the rescue's modules and their indexes, firmware, modprobe.
 *
 * Nothing is touched that is not on the file system of the root itself: the real system is
 * mounted over it by then. Without a list nothing is; it goes last, so that a run that was cut
 * is made up for by the next.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common.h"

#define AFTER	LIB_DIR "/after"
#define BUSYBOX	"/usr/bin/busybox"
#define DEPTH	32	/* no image's tree is deeper; each level has a descriptor */
#define LOOK_MS	5000

static struct {
	char text[512 * 1024];
	const char *line[8192];
	size_t n;
} keep;

static struct {
	int root;		/* what paths are relative to */
	dev_t dev;		/* the one file system that is touched */
	ino_t busybox;
	unsigned long files;
	unsigned long long bytes;
	int error;		/* the first one */
} trim;

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int failed(const char *what, const char *path)
{
	int err = errno;

	note("cannot %s %s: %s", what, path, strerror(err));
	if (!trim.error)
		trim.error = err;
	return -err;
}

/* Whole or not at all: half a list would remove what the rescue needs. */
static int read_keep(void)
{
	int fd = openat(trim.root, KEEP_LIST + 1, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char *save = NULL, *word;
	ssize_t n = 0, len = 0;

	if (fd < 0)
		return -errno;
	while (len < (ssize_t)sizeof(keep.text) - 1 &&
	       (n = read(fd, keep.text + len, sizeof(keep.text) - 1 - len)) > 0)
		len += n;
	close(fd);
	if (n || !len || keep.text[len - 1] != '\n')
		return -EBADMSG;
	for (word = strtok_r(keep.text, "\n", &save); word; word = strtok_r(NULL, "\n", &save)) {
		if (keep.n == sizeof(keep.line) / sizeof(*keep.line))
			return -E2BIG;
		keep.line[keep.n++] = word;
	}
	qsort(keep.line, keep.n, sizeof(*keep.line), by_text);
	return 0;
}

static bool is_kept(const char *path)
{
	return bsearch(&path, keep.line, keep.n, sizeof(*keep.line), by_text);
}

static void remove_file(int dir, const char *name, const char *path, const struct stat *st)
{
	if (unlinkat(dir, name, 0)) {
		failed("remove", path);
		return;
	}
	trim.files++;
	if (S_ISREG(st->st_mode) && st->st_nlink == 1)
		trim.bytes += (unsigned long long)st->st_size;
}

static int open_dir(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void trim_dir(int fd, char *path, size_t len, int depth);

/* What is no directory is removed, a directory gone through. @path has room for PATH_MAX. */
static void trim_entry(int dir, const char *name, char *path, size_t len, int depth)
{
	struct stat st;
	size_t end = len + (size_t)snprintf(path + len, PATH_MAX - len, "%s", name);
	int fd;

	if (end + 2 > PATH_MAX || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)) {
		failed("look at", path);
		return;
	}
	if (st.st_dev != trim.dev || is_kept(path) || (S_ISREG(st.st_mode) && st.st_ino == trim.busybox))
		return;
	if (!S_ISDIR(st.st_mode)) {
		remove_file(dir, name, path, &st);
		return;
	}
	path[end] = '/';
	path[end + 1] = '\0';
	if (is_kept(path))
		return;
	fd = open_dir(dir, name);
	if (fd < 0) {
		failed("open", path);
		return;
	}
	trim_dir(fd, path, end + 1, depth);
	/* one with something in it that stays is not empty */
	if (unlinkat(dir, name, AT_REMOVEDIR) && errno != ENOTEMPTY && errno != EBUSY)
		failed("remove", path);
}

/* @fd is closed. The directory of a mount that came meanwhile is another file system. */
static void trim_dir(int fd, char *path, size_t len, int depth)
{
	DIR *dir = depth < DEPTH ? fdopendir(fd) : NULL;
	struct dirent *entry;
	struct stat st;

	if (!dir) {
		failed("read", path);
		close(fd);
		return;
	}
	if (!fstat(fd, &st) && st.st_dev == trim.dev)
		while ((entry = readdir(dir)))
			if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
				trim_entry(fd, entry->d_name, path, len, depth + 1);
	closedir(dir);
}

static void place_all(int from, int to, int depth);

/* A whole directory at once where there is none of its name. */
static void place(int from, int to, const char *name, int depth)
{
	int below, target;

	if (!renameat(from, name, to, name)) {
		/* of two names of one file rename(2) says success, and leaves both */
		unlinkat(from, name, 0);
		return;
	}
	below = open_dir(from, name);
	target = open_dir(to, name);
	if (below >= 0 && target >= 0 && depth < DEPTH)
		place_all(below, target, depth + 1);
	else
		failed("move to its place:", name);
	if (below >= 0)
		close(below);
	if (target >= 0)
		close(target);
	unlinkat(from, name, AT_REMOVEDIR);
}

static void place_all(int from, int to, int depth)
{
	int fd = dup(from);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			place(from, to, entry->d_name, depth);
	if (dir)
		closedir(dir);
}

/* The memory of what is removed is given back at once, unless somebody still runs it. */
static int trim_root(void)
{
	static char path[PATH_MAX];
	int from;

	trim_dir(dup(trim.root), path, 0, 0);
	from = open_dir(trim.root, AFTER + 1);
	if (from >= 0) {
		place_all(from, trim.root, 0);
		close(from);
		unlinkat(trim.root, AFTER + 1, AT_REMOVEDIR);
	}
	if (!trim.error && unlinkat(trim.root, KEEP_LIST + 1, 0))
		failed("remove", KEEP_LIST);
	note("%lu files of early boot removed, %llu kB", trim.files, trim.bytes / 1024);
	return trim.error;
}

/* The init of the real system: until it is executed, the stock run-init may still be needed. */
static bool init_runs(dev_t rescue)
{
	struct stat st;

	return !stat("/proc/1/exe", &st) && st.st_dev != rescue;
}

/* The real root is moved over ours, and init mounts its own file systems: each wakes us up. */
static void await_init(dev_t rescue)
{
	struct pollfd mounts = { .fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC), .events = POLLPRI };

	while (!init_runs(rescue))
		poll(&mounts, 1, LOOK_MS);
	if (mounts.fd >= 0)
		close(mounts.fd);
}

static bool in_ram(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && fs_is_ram(&fs);
}

int main(int argc, char **argv)
{
	struct stat st, box;
	int ret;

	note_init("careen-trim");
	/* a directory is for the tests: the rescue's own root is the one of the process */
	trim.root = open(argc > 1 ? argv[1] : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (trim.root < 0 || fstat(trim.root, &st) || !in_ram(trim.root) || (argc < 2 && !root_is_rescue())) {
		dprintf(STDERR_FILENO, "careen-trim: it is for the rescue, in RAM\n");
		return 2;
	}
	trim.dev = st.st_dev;
	if (!fstatat(trim.root, BUSYBOX + 1, &box, AT_SYMLINK_NOFOLLOW) && box.st_dev == trim.dev)
		trim.busybox = box.st_ino;
	ret = read_keep();
	if (ret) {
		note("nothing is removed: " KEEP_LIST ": %s", strerror(-ret));
		return 1;
	}
	if (argc < 2)
		await_init(trim.dev);
	return trim_root() ? 1 : 0;
}
