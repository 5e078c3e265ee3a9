/*
 * mounts_read.c - the mounts of all namespaces, through /proc/PID/mountinfo
 *
 * A process's mountinfo lists what can be reached from *its* root: one in a
 * chroot hides most of its namespace. So a namespace is read once for each
 * distinct root that is seen in it, and the rows are united by their ids.
 * Everything is closed at once: an open mountinfo or ns/mnt pins a namespace.
 */
#include "model/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "model/mounts_internal.h"
#include "model/procfile.h"

/* One namespace: its rows and the roots that it was looked at from. */
struct group {
	uint64_t ns;
	struct mounts ms;
	char **root;
	size_t nroot, cap;
};

struct reading {
	struct group *group;	/* [0] is our own */
	size_t n, cap;
	unsigned unreadable;
	pid_t first_unreadable;
	int code;		/* why it was unreadable */
};

static struct group *find_group(struct reading *r, uint64_t ns)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->group[i].ns == ns)
			return &r->group[i];
	if (!grow((void **)&r->group, r->n, &r->cap, sizeof(*r->group)))
		return NULL;
	r->group[r->n] = (struct group){ .ns = ns };
	return &r->group[r->n++];
}

/* true if this root was not known yet, and now is. */
static bool new_root(struct group *g, const char *root)
{
	size_t i;

	for (i = 0; i < g->nroot; i++)
		if (!strcmp(g->root[i], root))
			return false;
	if (!grow((void **)&g->root, g->nroot, &g->cap, sizeof(*g->root)))
		return false;
	g->root[g->nroot] = strdup(root);
	if (!g->root[g->nroot])
		return false;
	g->nroot++;
	return true;
}

static bool has_id(const struct mounts *ms, size_t n, int id)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (ms->row[i].id == id)
			return true;
	return false;
}

/* Move the rows of @more that @ms does not have to @ms; frees @more. */
static int unite(struct mounts *ms, struct mounts *more)
{
	size_t i, known = ms->n;
	struct mount *row = realloc(ms->row, (known + more->n + 1) * sizeof(*row));

	if (!row) {
		mounts_free(more);
		return -ENOMEM;
	}
	ms->row = row;
	for (i = 0; i < more->n; i++) {
		if (has_id(ms, known, more->row[i].id))
			continue;
		ms->row[ms->n++] = more->row[i];
		more->row[i].text = NULL;
	}
	mounts_free(more);
	return known == ms->n ? 0 : mounts_tree_order(ms->row, ms->n);
}

static int read_table(struct mounts *ms, const char *path, uint64_t ns, struct error *err)
{
	struct mounts seen = { 0 };
	char *text;
	int code = file_read_all(AT_FDCWD, path, &text, NULL);

	if (code < 0)
		return error_set(err, code, "read mounts", path, NULL, NULL);
	code = mounts_parse(ms->n ? &seen : ms, text, ns, err);
	free(text);
	return code < 0 ? code : unite(ms, &seen);
}

static bool gone(int code)
{
	return code == -ENOENT || code == -ESRCH;
}

static void note_unreadable(struct reading *r, pid_t pid, int code)
{
	if (gone(code))
		return;
	if (!r->unreadable++) {
		r->first_unreadable = pid;
		r->code = code;
	}
}

/* Look at the namespace of task @dir ("/proc/PID" or "/proc/PID/task/TID"). */
static int read_task(struct reading *r, const char *dir, pid_t pid)
{
	char path[96], root[PATH_MAX];
	struct group *g;
	struct stat st;
	int code;

	text_fmt(path, sizeof(path), "%s/ns/mnt", dir);
	if (stat(path, &st) < 0) {
		note_unreadable(r, pid, -errno);
		return 0;
	}
	if (st.st_ino == r->group[0].ns)
		return 0;
	text_fmt(path, sizeof(path), "%s/root", dir);
	code = link_read(AT_FDCWD, path, root, sizeof(root));
	if (code < 0) {
		note_unreadable(r, pid, code);
		return 0;
	}
	g = find_group(r, st.st_ino);
	if (!g)
		return -ENOMEM;
	if (!new_root(g, root))
		return 0;
	text_fmt(path, sizeof(path), "%s/mountinfo", dir);
	code = read_table(&g->ms, path, g->ns, NULL);
	if (code < 0 && code != -EINVAL)
		note_unreadable(r, pid, code);
	return code == -ENOMEM ? code : 0;
}

/* A thread may have a namespace of its own: unshare(2) is per thread. */
static int read_process(struct reading *r, pid_t pid)
{
	struct proc_stat st;
	char path[64];
	pid_t *tid;
	size_t i, n;
	int code;

	text_fmt(path, sizeof(path), "/proc/%d/stat", pid);
	if (proc_stat_read(AT_FDCWD, path, &st) < 0 || (st.flags & PROC_PF_KTHREAD))
		return 0;
	text_fmt(path, sizeof(path), "/proc/%d", pid);
	code = read_task(r, path, pid);
	if (code < 0 || st.nthreads < 2)
		return code;
	text_fmt(path, sizeof(path), "/proc/%d/task", pid);
	if (pids_list(AT_FDCWD, path, &tid, &n) < 0)
		return 0;
	for (i = 0; i < n && code == 0; i++) {
		if (tid[i] == pid)
			continue;
		text_fmt(path, sizeof(path), "/proc/%d/task/%d", pid, tid[i]);
		code = read_task(r, path, pid);
	}
	free(tid);
	return code;
}

static void group_free(struct group *g)
{
	mounts_free(&g->ms);
	while (g->nroot)
		free(g->root[--g->nroot]);
	free(g->root);
}

/* All groups' rows one after another; the groups' own arrays go. */
static int join(struct reading *r, struct mounts *ret)
{
	struct mounts all = { .own_ns = r->group[0].ns, .n_own = r->group[0].ms.n };
	size_t i, j, n = 0;

	for (i = 0; i < r->n; i++)
		n += r->group[i].ms.n;
	all.row = calloc(n + 1, sizeof(*all.row));
	if (!all.row)
		return -ENOMEM;
	for (i = 0; i < r->n; i++) {
		struct mounts *ms = &r->group[i].ms;

		for (j = 0; j < ms->n; j++) {
			/* Only our own namespace's rows are the old root's tree. */
			if (i) {
				ms->row[j].old = false;
				ms->row[j].skip = 0;
			}
			all.row[all.n++] = ms->row[j];
			ms->row[j].text = NULL;
		}
	}
	mounts_fill_unique(all.row, all.n_own);
	if (r->unreadable) {
		all.incomplete = true;
		text_fmt(all.note, sizeof(all.note),
			 "the mount namespaces of %u processes could not be read "
			 "(the first: pid %d, %s)", r->unreadable, r->first_unreadable,
			 strerror(-r->code));
	}
	*ret = all;
	return 0;
}

static int read_all(struct reading *r, struct error *err)
{
	pid_t *pid;
	struct group *own;
	struct stat st;
	size_t i, n;
	int code;

	if (stat("/proc/self/ns/mnt", &st) < 0)
		return error_set(err, errno, "read mounts", "/proc/self/ns/mnt", NULL,
				 "Is /proc mounted?");
	own = find_group(r, st.st_ino);
	if (!own)
		return -ENOMEM;
	code = read_table(&own->ms, "/proc/self/mountinfo", own->ns, err);
	if (code < 0)
		return code;
	code = pids_list(AT_FDCWD, "/proc", &pid, &n);
	if (code < 0)
		return error_set(err, code, "read mounts", "/proc", NULL, NULL);
	for (i = 0; i < n && code == 0; i++)
		code = read_process(r, pid[i]);
	free(pid);
	return code;
}

int mounts_read(struct mounts *ms, struct error *err)
{
	struct reading r = { 0 };
	struct mounts all;
	int code = read_all(&r, err);

	if (!code)
		code = join(&r, &all);
	while (r.n)
		group_free(&r.group[--r.n]);
	free(r.group);
	if (code == -ENOMEM)
		error_set(err, code, "read mounts", "", NULL, NULL);
	if (!code)
		*ms = all;
	return code;
}
