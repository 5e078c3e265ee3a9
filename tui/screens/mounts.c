/* mounts.c - the mounts, as a tree; other namespaces' below ours */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "console.h"
#include "widgets/list.h"

enum { COL_TARGET, COL_FSTYPE, COL_SOURCE, COL_NS, COL_OPTIONS };

static const struct column columns[] = {
	[COL_TARGET] = { "MOUNTED ON", 20, 3, 0, false, true },
	[COL_FSTYPE] = { "TYPE", 9, 0, 0, false, false },
	[COL_SOURCE] = { "SOURCE", 12, 1, 52, false, true },
	[COL_NS] = { "SEEN FROM", 9, 0, 0, false, false },
	[COL_OPTIONS] = { "OPTIONS", 10, 2, 84, false, false },
};

static void mounts_cell(const void *rows, size_t row, size_t col, struct cell *ret);
static uint64_t mounts_id(const void *rows, size_t row);

static struct list list = {
	.cols = columns, .ncols = sizeof(columns) / sizeof(columns[0]), .cell = mounts_cell,
	.id = mounts_id, .empty = "Nothing is mounted.", .sort = -1,
};

static const char *full_path(const struct mount *m)
{
	return m->old ? mount_path(m) : m->target;
}

/*
 * In the tree a mount is called what it is below the mount it hangs in:
 * "fs/cgroup" below "/sys". The whole path is one line further down.
 */
static const char *tree_name(const struct mounts *ms, size_t row)
{
	const struct mount *m = &ms->row[row];
	const char *path = full_path(m), *up;
	size_t len;

	while (row && ms->row[row].depth >= m->depth)
		row--;
	up = full_path(&ms->row[row]);
	len = strlen(up);
	if (len > 1 && strncmp(path, up, len) == 0 && path[len] == '/')
		return path + len + 1;
	return path;
}

static bool as_tree(void)
{
	return !LIST_SORTED(&list) && !list.filter[0];
}

/* What belongs to us is dim: it stays, and needs nobody's attention. */
static void mounts_cell(const void *rows, size_t row, size_t col, struct cell *ret)
{
	const struct mounts *ms = rows;
	const struct mount *m = &ms->row[row];
	int indent = as_tree() ? 2 * (m->depth < 6 ? m->depth : 6) : 0;

	ret->style = m->old || m->ns != ms->own_ns ? ST_NORMAL : ST_DIM;
	switch (col) {
	case COL_TARGET:
		text_fmt(ret->s, sizeof(ret->s), "%*s%s", indent, "",
			 as_tree() ? tree_name(ms, row) : full_path(m));
		break;
	case COL_FSTYPE: text_fmt(ret->s, sizeof(ret->s), "%s", m->fstype); break;
	case COL_SOURCE: text_fmt(ret->s, sizeof(ret->s), "%s", m->source); break;
	case COL_NS:
		text_fmt(ret->s, sizeof(ret->s), "%s", m->ns != ms->own_ns ? "namespace" :
			 m->old ? "old root" : "rescue");
		break;
	case COL_OPTIONS:
		text_fmt(ret->s, sizeof(ret->s), "%s", m->vfs_options ? m->vfs_options : "");
		break;
	}
}

static uint64_t mounts_id(const void *rows, size_t row)
{
	const struct mount *m = &((const struct mounts *)rows)->row[row];

	return m->unique_id ? m->unique_id ^ m->ns << 32 : (uint64_t)m->id << 32 ^ m->ns;
}

static void mounts_update(struct console *c)
{
	if (c->snap)
		list_set(&list, &c->snap->mounts, c->snap->mounts.n);
}

static void mounts_title(const struct console *c, char *left, char *right, size_t size)
{
	unsigned old = 0;

	if (!c->snap) {
		text_fmt(left, size, "Mounts");
		return;
	}
	for (size_t i = 0; i < c->snap->mounts.n; i++)
		old += c->snap->mounts.row[i].old;
	text_fmt(left, size, "Mounts, %u of the old root%s", old,
		 c->snap->mounts.incomplete ? " (incomplete)" : "");
	list_count(&list, right, size);
}

/* The whole path, and how it is mounted, of the row under the cursor. */
static void draw_detail(const struct mount *m, struct box box)
{
	int y = box.y + box.h - 2, w = box.w - 2, used;

	term_fill(y, box.x, box.w, ST_DIM, "─");
	used = term_put_middle(y + 1, box.x + 1, w, ST_DIM, full_path(m));
	if (used < w - 4)
		term_putf(y + 1, box.x + 1 + used, w - used, ST_DIM, " · %s%s%s",
			  m->vfs_options ? m->vfs_options : "", m->propagation[0] ? " · " : "",
			  m->propagation);
}

static void mounts_draw(struct console *c, struct box box)
{
	size_t at = list_current(&list);

	if (at != SIZE_MAX && box.h > 8) {
		draw_detail(&c->snap->mounts.row[at], box);
		box.h -= 2;
	}
	list_draw(&list, box);
}

static bool mounts_request(struct console *c, enum request request)
{
	(void)c;
	return list_request(&list, request);
}

static bool mounts_key(struct console *c, int key)
{
	(void)c;
	return list_key(&list, key);
}

static const struct hint *mounts_hints(const struct console *c)
{
	static const struct hint hints[] = {
		{ REQ_HELP, NULL }, { REQ_VIEW, NULL }, { REQ_ENTER, NULL }, { REQ_PLAN, NULL },
		{ REQ_FILTER, NULL }, { REQ_SORT_RIGHT, NULL }, { REQ_SHELL, NULL },
		{ REQ_LOG, NULL }, { REQ_QUIT, NULL }, { 0 },
	};

	(void)c;
	return hints;
}

const struct screen_ops screen_mounts = {
	.name = "mounts", .about = "What is mounted, as a tree, in every mount namespace.",
	.view = true, .update = mounts_update, .title = mounts_title, .draw = mounts_draw,
	.request = mounts_request, .key = mounts_key, .hints = mounts_hints,
};
