/* rescue.c - is this, or some process, in the rescue? */
#include "model/rescue.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/text.h"
#include "model/procfile.h"
#include "paths.h"

bool rescue_root(const char *root)
{
	char path[PATH_MAX];
	struct statfs fs;
	struct stat st;

	if (statfs(root, &fs) < 0 || (fs.f_type != RAMFS_MAGIC && fs.f_type != TMPFS_MAGIC))
		return false;
	text_fmt(path, sizeof(path), "%s%s", strcmp(root, "/") ? root : "", CAREEN_STUB);
	return lstat(path, &st) == 0;
}

/*
 * By text, as a process of the normal system cannot reach the rescue's files, but
 * those of a tree that is mounted in it; the kernel adds " (deleted)" to a program
 * that was replaced.
 */
bool rescue_exe_is(pid_t pid, const char *path)
{
	size_t len = strlen(path), below = strlen(CAREEN_TREE);
	char link[PATH_MAX], proc[48], *at = link;

	text_fmt(proc, sizeof(proc), "/proc/%d/exe", pid);
	if (link_read(AT_FDCWD, proc, link, sizeof(link)) < 0)
		return false;
	if (!strncmp(link, CAREEN_TREE "/", below + 1))
		at += below;
	return !strncmp(at, path, len) && (!at[len] || !strcmp(at + len, " (deleted)"));
}

bool rescue_process(pid_t pid)
{
	char path[48], ours[64], theirs[64], root[PATH_MAX];

	text_fmt(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	if (link_read(AT_FDCWD, "/proc/self/ns/mnt", ours, sizeof(ours)) < 0 ||
	    link_read(AT_FDCWD, path, theirs, sizeof(theirs)) < 0 || strcmp(ours, theirs))
		return false;
	text_fmt(path, sizeof(path), "/proc/%d/root", pid);
	return link_read(AT_FDCWD, path, root, sizeof(root)) == 0 && !strcmp(root, "/") &&
	       rescue_root("/");
}

pid_t rescue_lifeline(void)
{
	char path[48], comm[32];
	pid_t *pid, found = 0;
	size_t i, n;

	if (pids_list(AT_FDCWD, "/proc", &pid, &n) < 0)
		return 0;
	for (i = 0; i < n && !found; i++) {
		text_fmt(path, sizeof(path), "/proc/%d/comm", pid[i]);
		if (file_read_line(AT_FDCWD, path, comm, sizeof(comm)) < 0 ||
		    (strcmp(comm, "careen-lifeline") && strcmp(comm, "lifeline")))
			continue;
		if (rescue_exe_is(pid[i], CAREEN_LIFELINE))
			found = pid[i];
	}
	free(pid);
	return found;
}
