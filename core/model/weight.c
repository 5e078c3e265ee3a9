/*
 * weight.c - what the rescue takes of the machine's RAM
 *
 * A ramfs has no blocks to tell of, so sizes are rounded to pages, which is what its files are. What
 * the kernel has for each inode and name beside them, some hundred bytes, is not counted.
 */
#include "model/weight.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "model/procfile.h"
#include "model/rescue.h"
#include "paths.h"

/* nftw(3) hands its callback nothing of ours. */
static struct {
	uint64_t bytes, page;
	unsigned n;
	ino_t seen[1024];	/* those with several names; busybox has hundreds */
	unsigned nseen;
} count;

#define MOST 100000

static bool seen_before(const struct stat *st)
{
	unsigned i;

	if (st->st_nlink < 2)
		return false;
	for (i = 0; i < count.nseen; i++)
		if (count.seen[i] == st->st_ino)
			return true;
	if (count.nseen < sizeof(count.seen) / sizeof(count.seen[0]))
		count.seen[count.nseen++] = st->st_ino;
	return false;
}

static int count_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)path;
	(void)ftw;
	if ((type == FTW_F || type == FTW_SL) && !seen_before(st))
		count.bytes += ((uint64_t)st->st_size + count.page - 1) / count.page * count.page;
	return ++count.n == MOST;
}

uint64_t weight_of_files(const char *root)
{
	char path[PATH_MAX];

	/* /proc/PID/root is a link, and nftw(3) strips a slash behind it */
	text_fmt(path, sizeof(path), "%s/.", root);
	memset(&count, 0, sizeof(count));
	count.page = (uint64_t)sysconf(_SC_PAGESIZE);
	nftw(path, count_one, 16, FTW_MOUNT | FTW_PHYS);
	return count.bytes;
}

/* By the path first: of another process nothing is asked that could lie on a disk. */
static bool is_of(dev_t tree, pid_t pid)
{
	static const char *const programs[] = {
		CAREEN_LIFELINE, CAREEN_STUB, "/usr/sbin/dropbear", "/usr/bin/careen",
	};
	char path[48];
	struct stat st;
	size_t i;

	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (rescue_exe_is(pid, programs[i]))
			break;
	text_fmt(path, sizeof(path), "/proc/%d/exe", pid);
	return i < sizeof(programs) / sizeof(programs[0]) && stat(path, &st) == 0 && st.st_dev == tree;
}

/* What is mapped of files is the files' memory, counted already. */
static uint64_t anonymous(pid_t pid)
{
	char path[48], *text, *at;
	uint64_t kb = 0;

	text_fmt(path, sizeof(path), "/proc/%d/status", pid);
	if (file_read_all(AT_FDCWD, path, &text, NULL) < 0)
		return 0;
	at = strstr(text, "\nRssAnon:");
	if (at)
		kb = strtoull(at + strlen("\nRssAnon:"), NULL, 10);
	free(text);
	return kb * 1024;
}

static uint64_t weight_of_processes(dev_t tree)
{
	uint64_t bytes = 0;
	pid_t *pid;
	size_t i, n;

	if (pids_list(AT_FDCWD, "/proc", &pid, &n) < 0)
		return 0;
	for (i = 0; i < n; i++)
		if (is_of(tree, pid[i]))
			bytes += anonymous(pid[i]);
	free(pid);
	return bytes;
}

void weight_read(struct weight *w)
{
	char root[48] = "/";
	struct stat st;

	if (!rescue_root("/"))
		text_fmt(root, sizeof(root), "/proc/%d/root/", rescue_lifeline());
	if (!rescue_root(root) || stat(root, &st) < 0)
		return;
	w->files = weight_of_files(root);
	w->processes = weight_of_processes(st.st_dev);
}
