/*
 * scan_process.c - all references of one process: cwd, root, program, mappings,
 * descriptors, namespace, and those of its threads where they are their own
 */
#include "model/scan_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/text.h"
#include "model/holders.h"

void scan_name(const struct scan *sc, struct found *f, int rank, dev_t dev, const char *text)
{
	if (rank <= f->rank)
		return;
	text_fmt(f->what, sizeof(f->what), "%s", scan_strip(sc, text));
	f->rank = rank;
	f->dev = dev;
}

static void name_link(const struct scan *sc, struct found *f, int rank, dev_t dev,
		      int dirfd, const char *name)
{
	char path[4096];

	if (rank > f->rank && link_read(dirfd, name, path, sizeof(path)) == 0)
		scan_name(sc, f, rank, dev, path);
}

static void check_link(const struct scan *sc, struct found *f, int dirfd,
		       const char *name, unsigned bit, int rank)
{
	struct ref ref;

	switch (scan_look(sc, dirfd, name, &ref)) {
	case HELD:
	case DEVICE:
		f->holds |= bit;
		name_link(sc, f, rank, ref.dev, dirfd, name);
		/* Everybody's cwd is "/": that says less than the program. */
		if (rank == RANK_CWD && !strcmp(f->what, "/"))
			f->rank = RANK_ROOT;
		break;
	case UNKNOWN:
		f->holds |= HOLD_UNKNOWN;
		break;
	default:
		break;
	}
}

static void check_ns(const struct scan *sc, struct found *f, int dirfd)
{
	struct stat st;
	char text[64];

	if (fstatat(dirfd, "ns/mnt", &st, 0) < 0) {
		if (scan_error(errno) == UNKNOWN)
			f->holds |= HOLD_UNKNOWN;
		return;
	}
	switch (scan_tell_ns(sc, st.st_ino)) {
	case NAMESPACE:
		f->holds |= HOLD_NS;
		break;
	case NEW_NAMESPACE:	/* it is younger than the table, or was unreadable */
		f->holds |= HOLD_UNKNOWN;
		break;
	default:
		return;
	}
	text_fmt(text, sizeof(text), "mount namespace %lu", (unsigned long)st.st_ino);
	scan_name(sc, f, RANK_NS, 0, text);
}

/* A server that does not answer statx: fdinfo still knows the mount's id. */
static enum verdict look_fdinfo(const struct scan *sc, int taskfd, const char *fd)
{
	char path[64], *text, *at;
	enum verdict v = UNKNOWN;

	text_fmt(path, sizeof(path), "fdinfo/%s", fd);
	if (file_read_all(taskfd, path, &text, NULL) < 0)
		return UNKNOWN;
	at = strstr(text, "mnt_id:");
	if (at) {
		int held = scan_id_held(sc, atoi(at + 7));

		v = held < 0 ? UNKNOWN : held ? HELD : FREE;
	}
	free(text);
	return v;
}

/*
 * A namespace that no process is in, kept by this descriptor. Of which kind,
 * only the link's text says; what is mounted in it, nobody does.
 */
static void check_ns_fd(const struct scan *sc, struct found *f, int dirfd, const char *name)
{
	char link[64];

	if (link_read(dirfd, name, link, sizeof(link)) < 0 || strncmp(link, "mnt:[", 5))
		return;
	f->holds |= HOLD_NS;
	scan_name(sc, f, RANK_NS, 0, link);
}

/* false when this task's descriptors may not be looked at: the others neither. */
static bool check_fd(const struct scan *sc, struct found *f, int taskfd, int dirfd,
		     const char *name)
{
	struct ref ref = { 0 };
	enum verdict v = scan_look(sc, dirfd, name, &ref);

	if (v == UNKNOWN)
		v = look_fdinfo(sc, taskfd, name);
	switch (v) {
	case HELD:
		f->holds |= HOLD_FD;
		f->nfd++;
		/* Everybody has /dev/null open: not what to show of a process. */
		name_link(sc, f, scan_holds_disk(sc, ref.dev) ? RANK_FD : RANK_PSEUDO,
			  ref.dev, dirfd, name);
		break;
	case DEVICE:
		f->holds |= HOLD_DEV;
		f->nfd++;
		name_link(sc, f, RANK_DEV, ref.dev, dirfd, name);
		break;
	case NAMESPACE:
		f->holds |= HOLD_NS;
		name_link(sc, f, RANK_NS, ref.dev, dirfd, name);
		break;
	case NEW_NAMESPACE:
		check_ns_fd(sc, f, dirfd, name);
		break;
	case SOCKET:
	case ANONYMOUS:
		scan_special(sc, f, taskfd, name, v, &ref);
		break;
	case UNKNOWN:
		f->holds |= HOLD_UNKNOWN;
		return false;
	default:
		break;
	}
	return true;
}

static void check_fds(const struct scan *sc, struct found *f, int taskfd)
{
	char buf[65536] __attribute__((aligned(8)));
	int fd = openat(taskfd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool allowed = true;
	long n, at;

	if (fd < 0) {
		if (scan_error(errno) == UNKNOWN)
			f->holds |= HOLD_UNKNOWN;
		return;
	}
	while (allowed && (n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		for (at = 0; at < n && allowed;) {
			struct dirent64 *entry = (struct dirent64 *)(buf + at);

			if (entry->d_name[0] != '.')
				allowed = check_fd(sc, f, taskfd, fd, entry->d_name);
			at += entry->d_reclen;
		}
	}
	if (allowed && n < 0 && scan_error(errno) == UNKNOWN)
		f->holds |= HOLD_UNKNOWN;
	close(fd);
}

/* A mapping of a pseudo file system: its mount's id is behind map_files. */
static enum verdict look_map(const struct scan *sc, int taskfd, unsigned long start,
			     unsigned long end, struct ref *ret)
{
	char path[64];

	text_fmt(path, sizeof(path), "map_files/%lx-%lx", start, end);
	return scan_look(sc, taskfd, path, ret);
}

/*
 * proc(5) maps: the device is that of the superblock, as in mountinfo, also on
 * btrfs where st_dev is another. true when this mapping holds.
 */
static bool check_map(const struct scan *sc, struct found *f, int taskfd, const char *line)
{
	unsigned long start, end, ino;
	unsigned maj, min;
	int path = 0;
	enum verdict v = FREE;
	struct ref ref;

	if (sscanf(line, "%lx-%lx %*s %*x %x:%x %lu %n", &start, &end, &maj, &min, &ino,
		   &path) < 5 || !ino)
		return false;
	ref.dev = makedev(maj, min);
	if (scan_holds_disk(sc, ref.dev))
		v = HELD;
	else if (scan_is_pseudo(sc, ref.dev))
		v = look_map(sc, taskfd, start, end, &ref);
	if (v == UNKNOWN)
		f->holds |= HOLD_UNKNOWN;
	if (v != HELD)
		return false;
	f->holds |= HOLD_MAP;
	scan_name(sc, f, RANK_MAP, ref.dev, path ? line + path : "");
	return true;
}

/*
 * The first mapping that holds is enough, and usually is the first of all. The
 * line is worth showing only if it is not the program itself.
 */
static void check_maps(const struct scan *sc, struct found *f, int taskfd)
{
	char buf[32768], *line, *nl;	/* a line: a path of 4096 bytes, each newline in it as four */
	int fd = openat(taskfd, "maps", O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t n;
	bool held = false;

	if (fd < 0) {
		if (scan_error(errno) == UNKNOWN)
			f->holds |= HOLD_UNKNOWN;
		return;
	}
	while (!held && (n = read(fd, buf + have, sizeof(buf) - have - 1)) > 0) {
		have += n;
		buf[have] = '\0';
		for (line = buf; !held && (nl = strchr(line, '\n')); line = nl + 1) {
			*nl = '\0';
			held = check_map(sc, f, taskfd, line);
		}
		have -= line - buf;
		memmove(buf, line, have);
	}
	if (!held && n < 0 && scan_error(errno) == UNKNOWN)
		f->holds |= HOLD_UNKNOWN;
	close(fd);
}

static void check_fs(const struct scan *sc, struct found *f, int taskfd)
{
	check_link(sc, f, taskfd, "root", HOLD_ROOT, RANK_ROOT);
	check_link(sc, f, taskfd, "cwd", HOLD_CWD, RANK_CWD);
	check_ns(sc, f, taskfd);
}

/* Do two tasks share what kcmp(2) compares? If it cannot tell: no. */
static bool shared(pid_t a, pid_t b, int type)
{
	return syscall(SYS_kcmp, a, b, type, 0UL, 0UL) == 0;
}

/*
 * Threads share the program's memory, but each may have its own cwd, root,
 * namespace (unshare CLONE_FS) and files (CLONE_FILES).
 */
static void check_thread(const struct scan *sc, struct found *f, pid_t lead, pid_t tid)
{
	bool fs = shared(lead, tid, KCMP_FS), files = shared(lead, tid, KCMP_FILES);
	char path[64];
	int fd;

	if (fs && files)
		return;
	text_fmt(path, sizeof(path), "/proc/%d/task/%d", f->st.pid, tid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (!fs)
		check_fs(sc, f, fd);
	if (!files)
		check_fds(sc, f, fd);
	close(fd);
}

/* First thread that still runs: a leader that has exited shows nothing. */
static pid_t live_thread(const pid_t *tid, size_t n, pid_t pid)
{
	struct proc_stat st;
	char path[64];
	size_t i;

	for (i = 0; i < n; i++) {
		text_fmt(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid[i]);
		if (proc_stat_read(AT_FDCWD, path, &st) == 0 && st.state != 'Z' &&
		    st.state != 'X')
			return tid[i];
	}
	return 0;
}

static int scan_lead(const struct scan *sc, pid_t lead, struct found *f)
{
	char path[32];
	int fd;

	text_fmt(path, sizeof(path), "/proc/%d", lead);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -ESRCH;
	check_fs(sc, f, fd);
	check_link(sc, f, fd, "exe", HOLD_EXE, RANK_EXE);
	check_maps(sc, f, fd);
	if ((f->holds & HOLD_EXE) && f->rank == RANK_MAP) {
		f->rank = 0;
		name_link(sc, f, RANK_EXE, f->dev, fd, "exe");
	}
	check_fds(sc, f, fd);
	close(fd);
	return 0;
}

int scan_process(const struct scan *sc, pid_t pid, struct found *ret)
{
	struct found f = { 0 };
	pid_t *tid = NULL, lead = pid;
	size_t i, n = 0;
	char path[64];
	int code;

	text_fmt(path, sizeof(path), "/proc/%d/stat", pid);
	if (proc_stat_read(AT_FDCWD, path, &f.st) < 0 || (f.st.flags & PROC_PF_KTHREAD))
		return -ESRCH;
	if (f.st.nthreads > 1) {
		text_fmt(path, sizeof(path), "/proc/%d/task", pid);
		if (pids_list(AT_FDCWD, path, &tid, &n) < 0)
			return -ESRCH;
		if (f.st.state == 'Z' || f.st.state == 'X')
			lead = live_thread(tid, n, pid);
	} else if (f.st.state == 'Z' || f.st.state == 'X') {
		return -ESRCH;
	}
	code = lead ? scan_lead(sc, lead, &f) : -ESRCH;
	for (i = 0; i < n && !code; i++)
		if (tid[i] != lead)
			check_thread(sc, &f, lead, tid[i]);
	free(tid);
	if (!code)
		*ret = f;
	return code;
}
