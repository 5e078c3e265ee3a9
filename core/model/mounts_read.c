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
#include "model/rescue.h"

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

	/* of a task that has just ended [fs/proc_namespace.c mounts_open_common()] */
	if (code == -EINVAL)
		code = -ESRCH;
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
	if (code < 0)
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

/* Is @pid in our namespace with a root that our own table does not show? */
static bool sees_more(const struct group *own, pid_t pid)
{
	char path[48];
	struct statx sx;
	struct stat st;

	text_fmt(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	if (stat(path, &st) < 0 || st.st_ino != own->ns)
		return false;
	text_fmt(path, sizeof(path), "/proc/%d/root", pid);
	return statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_MNT_ID, &sx) == 0 &&
	       (sx.stx_mask & STATX_MNT_ID) && !has_id(&own->ms, own->ms.n, sx.stx_mnt_id);
}

/* The rows of @more that @ms does not have are the old root's. */
static int unite_old(struct mounts *ms, struct mounts *more)
{
	size_t i;

	for (i = 0; i < more->n; i++) {
		more->row[i].old = !has_id(ms, ms->n, more->row[i].id);
		more->row[i].skip = 0;
	}
	return unite(ms, more);
}

/*
 * In a tree that `careen enter` made, before the pivot: we are chrooted into a
 * mount *inside* the old root and see nothing of what is around it. A process
 * that was left outside does; PID 1 is the first of them.
 */
static int read_around(struct group *own, const pid_t *pid, size_t n, struct error *err)
{
	struct mounts more = { 0 };
	char path[48], *text;
	size_t i;
	int code;

	if (!rescue_root("/") || mounts_old_top(&own->ms))
		return 0;
	for (i = 0; i < n && !sees_more(own, pid[i]); i++)
		;
	if (i == n)
		return 0;
	text_fmt(path, sizeof(path), "/proc/%d/mountinfo", pid[i]);
	if (file_read_all(AT_FDCWD, path, &text, NULL) < 0)
		return 0;	/* it is gone; the next look finds another */
	code = mounts_parse(&more, text, own->ns, err);
	free(text);
	if (!code)
		code = unite_old(&own->ms, &more);
	if (!code)
		text_fmt(own->ms.around, sizeof(own->ms.around), "/proc/%d/root", pid[i]);
	return code;
}

/* All groups' rows one after another; the groups' own arrays go. */
static int join(struct reading *r, struct mounts *ret)
{
	struct mounts all = { .own_ns = r->group[0].ns, .n_own = r->group[0].ms.n };
	size_t i, j, n = 0;

	memcpy(all.around, r->group[0].ms.around, sizeof(all.around));
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
	code = read_around(own, pid, n, err);
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
