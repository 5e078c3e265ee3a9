/*
 * scan.c - what one process refers to, told against the table of mounts
 *
 * References are told by the mount's id (statx's STATX_MNT_ID) as the pseudo
 * file systems of the rescue share superblocks with the old root's: the same
 * st_dev means nothing there. An id that is in no table (a lazily detached
 * mount, one made a moment ago, one of the kernel's own) is told by st_dev.
 *
 * Nothing here opens what a process has open: one statx(2) each, that asks no
 * server (AT_STATX_DONT_SYNC) and mounts nothing (AT_NO_AUTOMOUNT).
 */
#include "model/scan.h"

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
#include "paths.h"

static bool has_dev(const dev_t *list, size_t n, dev_t dev)
{
	while (n--)
		if (list[n] == dev)
			return true;
	return false;
}

bool scan_holds_disk(const struct scan *sc, dev_t dev)
{
	return has_dev(sc->disk, sc->ndisk, dev);
}

bool scan_holds_dev(const struct scan *sc, dev_t rdev)
{
	return has_dev(sc->devs, sc->ndevs, rdev);
}

const char *scan_strip(const struct scan *sc, const char *path)
{
	if (!sc->strip || strncmp(path, CAREEN_OLDROOT, sc->strip))
		return path;
	if (path[sc->strip] == '/')
		return path + sc->strip;
	return path[sc->strip] ? path : "/";
}

static int compare_scan_id(const void *a, const void *b)
{
	int x = ((const struct scan_id *)a)->id, y = ((const struct scan_id *)b)->id;

	return x < y ? -1 : x > y;
}

/* -1 in no table, 0 not held, 1 held. */
static int id_held(const struct scan *sc, int id)
{
	struct scan_id key = { .id = id }, *row;

	row = bsearch(&key, sc->id, sc->nid, sizeof(*sc->id), compare_scan_id);
	return row ? row->held : -1;
}

static void add_dev(dev_t *list, size_t *n, dev_t dev)
{
	if (!has_dev(list, *n, dev))
		list[(*n)++] = dev;
}

static void fill_devs(struct scan *sc, const struct mounts *ms, bool any_disk)
{
	size_t i;

	for (i = 0; i < ms->n; i++) {
		const struct mount *m = &ms->row[i];

		if (!m->pseudo && (m->old || any_disk))
			add_dev(sc->disk, &sc->ndisk, m->dev);
		else if (m->pseudo && m->old)
			add_dev(sc->pseudo, &sc->npseudo, m->dev);
	}
	for (i = 0; i < sc->ndevs; i++)
		add_dev(sc->disk, &sc->ndisk, sc->devs[i]);
}

static struct scan_ns *find_ns(const struct scan *sc, uint64_t ns)
{
	size_t i;

	for (i = 0; i < sc->nns; i++)
		if (sc->ns[i].ns == ns)
			return &sc->ns[i];
	return NULL;
}

static void fill_ids(struct scan *sc, const struct mounts *ms)
{
	struct scan_ns *ns = NULL;
	size_t i;

	for (i = 0; i < ms->n; i++) {
		const struct mount *m = &ms->row[i];
		bool disk = scan_holds_disk(sc, m->dev);

		sc->id[sc->nid++] = (struct scan_id){ m->id, m->old || disk };
		if (!ns || ns->ns != m->ns)
			ns = find_ns(sc, m->ns);
		if (!ns) {
			ns = &sc->ns[sc->nns++];
			*ns = (struct scan_ns){ .ns = m->ns };
		}
		ns->held |= disk;
		if (m->old && m->skip)
			sc->strip = strlen(CAREEN_OLDROOT);
	}
	qsort(sc->id, sc->nid, sizeof(*sc->id), compare_scan_id);
}

int scan_init(struct scan *sc, const struct mounts *ms, const dev_t *devs,
	      size_t ndevs, bool any_disk)
{
	struct stat st;

	*sc = (struct scan){ .devs = devs, .ndevs = ndevs, .own_ns = ms->own_ns };
	sc->id = calloc(ms->n + 1, sizeof(*sc->id));
	sc->disk = calloc(ms->n + ndevs + 1, sizeof(dev_t));
	sc->pseudo = calloc(ms->n + 1, sizeof(dev_t));
	sc->ns = calloc(ms->n + 1, sizeof(*sc->ns));
	if (!sc->id || !sc->disk || !sc->pseudo || !sc->ns) {
		scan_free(sc);
		return -ENOMEM;
	}
	if (!stat("/proc/self/ns/mnt", &st))
		sc->nsfs = st.st_dev;
	fill_devs(sc, ms, any_disk);
	fill_ids(sc, ms);
	return 0;
}

void scan_free(struct scan *sc)
{
	free(sc->id);
	free(sc->disk);
	free(sc->pseudo);
	free(sc->ns);
	*sc = (struct scan){ 0 };
}

/* One reference, told. */
enum verdict { FREE, HELD, DEVICE, NAMESPACE, UNKNOWN, GONE };

static enum verdict tell_ns(const struct scan *sc, uint64_t ns)
{
	const struct scan_ns *row = find_ns(sc, ns);

	return row && row->held && ns != sc->own_ns ? NAMESPACE : FREE;
}

static enum verdict tell(const struct scan *sc, const struct statx *sx, dev_t *ret_dev)
{
	dev_t dev = makedev(sx->stx_dev_major, sx->stx_dev_minor);
	dev_t rdev = makedev(sx->stx_rdev_major, sx->stx_rdev_minor);
	int held = sx->stx_mask & STATX_MNT_ID ? id_held(sc, sx->stx_mnt_id) : -1;

	if (S_ISBLK(sx->stx_mode) && scan_holds_dev(sc, rdev)) {
		*ret_dev = rdev;
		return DEVICE;
	}
	*ret_dev = dev;
	if (held >= 0)
		return held ? HELD : FREE;
	if (dev == sc->nsfs)
		return tell_ns(sc, sx->stx_ino);
	return scan_holds_disk(sc, dev) ? HELD : FREE;
}

static enum verdict tell_error(int code)
{
	return code == ENOENT || code == ESRCH ? GONE : UNKNOWN;
}

static enum verdict look(const struct scan *sc, int dirfd, const char *name, dev_t *ret_dev)
{
	struct statx sx;

	if (statx(dirfd, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
		  STATX_TYPE | STATX_INO | STATX_MNT_ID, &sx) < 0)
		return tell_error(errno);
	return tell(sc, &sx, ret_dev);
}

int scan_path(const struct scan *sc, const char *path)
{
	dev_t dev = 0;
	enum verdict v = look(sc, AT_FDCWD, path, &dev);

	if (v == UNKNOWN || v == GONE)
		return -errno;
	return v == HELD || v == DEVICE;
}

static void name_it(const struct scan *sc, struct found *f, int rank, dev_t dev,
		    const char *text)
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
		name_it(sc, f, rank, dev, path);
}

/* How telling each kind of reference is to an operator, low to high. */
enum { RANK_NS = 1, RANK_ROOT, RANK_PSEUDO, RANK_EXE, RANK_MAP, RANK_CWD, RANK_FD, RANK_DEV };

static void check_link(const struct scan *sc, struct found *f, int dirfd,
		       const char *name, unsigned bit, int rank)
{
	dev_t dev = 0;

	switch (look(sc, dirfd, name, &dev)) {
	case HELD:
	case DEVICE:
		f->holds |= bit;
		name_link(sc, f, rank, dev, dirfd, name);
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
		if (tell_error(errno) == UNKNOWN)
			f->holds |= HOLD_UNKNOWN;
		return;
	}
	if (tell_ns(sc, st.st_ino) != NAMESPACE)
		return;
	f->holds |= HOLD_NS;
	text_fmt(text, sizeof(text), "mount namespace %lu", (unsigned long)st.st_ino);
	name_it(sc, f, RANK_NS, 0, text);
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
		int held = id_held(sc, atoi(at + 7));

		v = held < 0 ? UNKNOWN : held ? HELD : FREE;
	}
	free(text);
	return v;
}

static void check_fd(const struct scan *sc, struct found *f, int taskfd, int dirfd,
		     const char *name)
{
	dev_t dev = 0;
	enum verdict v = look(sc, dirfd, name, &dev);

	if (v == UNKNOWN)
		v = look_fdinfo(sc, taskfd, name);
	switch (v) {
	case HELD:
		f->holds |= HOLD_FD;
		f->nfd++;
		/* Everybody has /dev/null open: not what to show of a process. */
		name_link(sc, f, scan_holds_disk(sc, dev) ? RANK_FD : RANK_PSEUDO,
			  dev, dirfd, name);
		break;
	case DEVICE:
		f->holds |= HOLD_DEV;
		f->nfd++;
		name_link(sc, f, RANK_DEV, dev, dirfd, name);
		break;
	case NAMESPACE:
		f->holds |= HOLD_NS;
		name_link(sc, f, RANK_NS, dev, dirfd, name);
		break;
	case UNKNOWN:
		f->holds |= HOLD_UNKNOWN;
		break;
	default:
		break;
	}
}

static void check_fds(const struct scan *sc, struct found *f, int taskfd)
{
	char buf[65536] __attribute__((aligned(8)));
	int fd = openat(taskfd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long n, at;

	if (fd < 0) {
		if (tell_error(errno) == UNKNOWN)
			f->holds |= HOLD_UNKNOWN;
		return;
	}
	while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		for (at = 0; at < n;) {
			struct dirent64 *entry = (struct dirent64 *)(buf + at);

			if (entry->d_name[0] != '.')
				check_fd(sc, f, taskfd, fd, entry->d_name);
			at += entry->d_reclen;
		}
	}
	if (n < 0 && tell_error(errno) == UNKNOWN)
		f->holds |= HOLD_UNKNOWN;
	close(fd);
}

/* A mapping of a pseudo file system: its mount's id is behind map_files. */
static enum verdict look_map(const struct scan *sc, int taskfd, unsigned long start,
			     unsigned long end, dev_t *ret_dev)
{
	char path[64];

	text_fmt(path, sizeof(path), "map_files/%lx-%lx", start, end);
	return look(sc, taskfd, path, ret_dev);
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
	dev_t dev;

	if (sscanf(line, "%lx-%lx %*s %*x %x:%x %lu %n", &start, &end, &maj, &min, &ino,
		   &path) < 5 || !ino)
		return false;
	dev = makedev(maj, min);
	if (scan_holds_disk(sc, dev))
		v = HELD;
	else if (has_dev(sc->pseudo, sc->npseudo, dev))
		v = look_map(sc, taskfd, start, end, &dev);
	if (v == UNKNOWN)
		f->holds |= HOLD_UNKNOWN;
	if (v != HELD)
		return false;
	f->holds |= HOLD_MAP;
	name_it(sc, f, RANK_MAP, dev, path ? line + path : "");
	return true;
}

/*
 * The first mapping that holds is enough, and usually is the first of all. The
 * line is worth showing only if it is not the program itself.
 */
static void check_maps(const struct scan *sc, struct found *f, int taskfd)
{
	char buf[16384], *line, *nl;
	int fd = openat(taskfd, "maps", O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t n;
	bool held = false;

	if (fd < 0) {
		if (tell_error(errno) == UNKNOWN)
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
	if (!held && n < 0 && tell_error(errno) == UNKNOWN)
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
