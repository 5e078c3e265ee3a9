/*
 * kernel_holders.c - what holds on without being a process: swap, loop
 * devices, stacked block devices, mount namespaces that nobody is in
 */
#include "model/kernel_holders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/text.h"
#include "model/swaps.h"
#include "model/sysblock.h"

enum { MAX_DEPTH = 8 };

/*
 * The kernel writes a file's path as seen from the reader's root; from the
 * rescue the old root's "/x" is stacked on ours, and only "/.." crosses over
 * to it. In the normal system "/.." is "/"; after the move both lead there.
 */
int kernel_path_held(const struct scan *sc, const char *path)
{
	char crossed[PATH_MAX];

	text_fmt(crossed, sizeof(crossed), "%s%s", sc->reach, path);
	return scan_path(sc, crossed);
}

/* The superblock @file is on, as mountinfo has it (st_dev is another on btrfs). */
static dev_t superblock_of(const struct mounts *ms, const char *file, dev_t fallback)
{
	const struct mount *m;
	char crossed[PATH_MAX];
	struct statx sx;

	text_fmt(crossed, sizeof(crossed), "%s%s", mounts_reach(ms), file);
	if (statx(AT_FDCWD, crossed, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_MNT_ID, &sx) < 0)
		return fallback;
	m = sx.stx_mask & STATX_MNT_ID ? mounts_by_id(ms, sx.stx_mnt_id) : NULL;
	return m ? m->dev : makedev(sx.stx_dev_major, sx.stx_dev_minor);
}

/* @dev or anything below it is a held device. */
static bool dev_held(const struct scan *sc, dev_t dev)
{
	dev_t below[SYSBLOCK_MAX];
	unsigned i, n = sysblock_below(dev, below, 0, SYSBLOCK_MAX);

	for (i = 0; i < n; i++)
		if (scan_holds_dev(sc, below[i]))
			return true;
	return false;
}

static void one_swap(const struct scan *sc, const struct mounts *ms, const struct swap *swap,
		     holder_emit emit, void *arg)
{
	char what[300];
	const char *base = strrchr(swap->path, '/');
	struct holder h = { .kind = HOLDER_SWAP, .out = OUT_SWAPOFF, .what = what,
			    .cmdline = "", .unit = "", .command = "swap" };

	if (!strcmp(swap->type, "file")) {
		/* A swap file that cannot be looked at (deleted) counts: it is
		 * somewhere, and a swap file anywhere else is rare. */
		if (kernel_path_held(sc, swap->path) == 0)
			return;
		h.dev = superblock_of(ms, swap->path, 0);
	} else {
		h.dev = sysblock_dev(swap->path);
		if (!h.dev || !dev_held(sc, h.dev))
			return;
		h.command = (char *)(base ? base + 1 : swap->path);
	}
	text_fmt(what, sizeof(what), "%s", scan_strip(sc, swap->path));
	emit(arg, &h);
}

static void all_swaps(const struct scan *sc, const struct mounts *ms, holder_emit emit,
		      void *arg)
{
	struct swap *swap;
	unsigned i, n;

	if (swaps_read(&swap, &n) < 0)
		return;
	for (i = 0; i < n; i++)
		one_swap(sc, ms, &swap[i], emit, arg);
	free(swap);
}

/*
 * st_dev of the backing file as the kernel keeps it (LOOP_GET_STATUS64); the
 * device is opened for reading, which wakes no udev rule. 0 if unreadable.
 */
static dev_t loop_backing_dev(const char *name)
{
	struct loop_info64 info = { 0 };
	char path[64];
	dev_t dev = 0;
	int fd;

	text_fmt(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (!ioctl(fd, LOOP_GET_STATUS64, &info))
		dev = info.lo_device;
	close(fd);
	return dev;
}

static void stacked_on(dev_t dev, unsigned depth, holder_emit emit, void *arg);

static void one_loop(const struct scan *sc, const struct mounts *ms, const char *name,
		     holder_emit emit, void *arg)
{
	dev_t dev;
	char path[300], file[PATH_MAX];
	struct holder h = { .kind = HOLDER_LOOP, .out = OUT_LOOP_DETACH,
			    .command = (char *)name, .cmdline = "", .unit = "" };

	text_fmt(path, sizeof(path), "/sys/class/block/%s/loop/backing_file", name);
	if (file_read_line(AT_FDCWD, path, file, sizeof(file)) < 0)
		return;
	dev = loop_backing_dev(name);
	if (!scan_holds_disk(sc, dev) && kernel_path_held(sc, file) != 1)
		return;
	h.dev = superblock_of(ms, file, dev);
	h.what = (char *)scan_strip(sc, file);
	emit(arg, &h);
	stacked_on(sysblock_dev(name), 0, emit, arg);
}

static void all_loops(const struct scan *sc, const struct mounts *ms, holder_emit emit,
		      void *arg)
{
	DIR *dir = opendir("/sys/class/block");
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "loop", 4))
			one_loop(sc, ms, entry->d_name, emit, arg);
	if (dir)
		closedir(dir);
}

static void one_stacked(const char *name, dev_t on, holder_emit emit, void *arg)
{
	char path[300], what[256] = "", under[64] = "?";
	bool md = !strncmp(name, "md", 2), dm = !strncmp(name, "dm-", 3);
	struct holder h = {
		.kind = md ? HOLDER_MD : HOLDER_DM,
		.out = md ? OUT_MD : dm ? OUT_DM : OUT_NONE,
		.command = (char *)name, .cmdline = "", .unit = "", .what = what,
		.dev = on,
	};
	char label[160];

	sysblock_name(on, under, sizeof(under));
	text_fmt(path, sizeof(path), "/sys/class/block/%s/dm/name", name);
	if (file_read_line(AT_FDCWD, path, label, sizeof(label)) < 0)
		text_fmt(label, sizeof(label), "%s", name);
	text_fmt(what, sizeof(what), "%s on %s", label, under);
	emit(arg, &h);
}

static DIR *open_holders(dev_t dev)
{
	char path[64];

	text_fmt(path, sizeof(path), "/sys/dev/block/%u:%u/holders", major(dev), minor(dev));
	return opendir(path);
}

/* All that is stacked on @dev, and on that in its turn. */
static void stacked_on(dev_t dev, unsigned depth, holder_emit emit, void *arg)
{
	DIR *dir = depth < MAX_DEPTH ? open_holders(dev) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		one_stacked(entry->d_name, dev, emit, arg);
		stacked_on(sysblock_dev(entry->d_name), depth + 1, emit, arg);
	}
	if (dir)
		closedir(dir);
}

/* Does @dev carry a stack that itself carries the old root? */
static bool lower_layer(const struct scan *sc, dev_t dev)
{
	DIR *dir = open_holders(dev);
	struct dirent *entry;
	bool lower = false;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
		    scan_holds_dev(sc, sysblock_dev(entry->d_name)))
			lower = true;
	if (dir)
		closedir(dir);
	return lower;
}

/*
 * What is stacked on the held devices. The old root's own stack (LUKS, LVM,
 * md) is not its holder, nor are its siblings on the same disk: it stays open,
 * so that a root file system in it can be worked on in place.
 */
static void all_stacked(const struct scan *sc, holder_emit emit, void *arg)
{
	size_t i;

	for (i = 0; i < sc->ndevs; i++)
		if (!lower_layer(sc, sc->devs[i]))
			stacked_on(sc->devs[i], 0, emit, arg);
}

dev_t kernel_file_dev(const struct mounts *ms, const char *path)
{
	return superblock_of(ms, path, 0);
}

static bool known_ns(const struct scan *sc, uint64_t ns)
{
	size_t i;

	for (i = 0; i < sc->nns; i++)
		if (sc->ns[i].ns == ns)
			return true;
	return false;
}

/*
 * A bind mount of "mnt:[N]" keeps namespace N and all its mounts. If a process
 * is in it, that is the holder; otherwise this file is all that is to be seen.
 */
static void all_namespaces(const struct scan *sc, const struct mounts *ms,
			   holder_emit emit, void *arg)
{
	size_t i;

	for (i = 0; i < ms->n; i++) {
		const struct mount *m = &ms->row[i];
		struct holder h = { .kind = HOLDER_MOUNTNS, .cmdline = "", .unit = "",
				    .out = m->ns == ms->own_ns ? OUT_UMOUNT : OUT_NONE };
		unsigned long ns;

		if (strcmp(m->fstype, "nsfs") || sscanf(m->root, "mnt:[%lu]", &ns) != 1 ||
		    known_ns(sc, ns))
			continue;
		h.command = m->root;
		h.what = (char *)(m->old ? mount_path(m) : m->target);
		emit(arg, &h);
	}
}

void kernel_holders(const struct scan *sc, const struct mounts *ms,
		    holder_emit emit, void *arg)
{
	all_swaps(sc, ms, emit, arg);
	all_loops(sc, ms, emit, arg);
	all_stacked(sc, emit, arg);
	all_namespaces(sc, ms, emit, arg);
	kernel_files(sc, ms, emit, arg);
}
