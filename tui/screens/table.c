/* table.c - a disk's partition table as it is on the disk, beside what the kernel knows of it */
#include "screens/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "console.h"
#include "widgets/list.h"
#include "widgets/text.h"

#define MAX_ROWS 300
#define LEAST_GAP (1u << 20)	/* smaller ones are for alignment */

enum { COL_NUMBER, COL_START, COL_SIZE, COL_TYPE, COL_NAME, COL_FS, COL_KERNEL };

/* An entry, what the kernel has under its number, or both; or neither: free room. */
struct row {
	unsigned number;
	uint64_t start, size;
	const struct table_part *entry;
	const struct blockdev *known;
};

static char disk[32];		/* "vda": found again in each snapshot */
static struct row rows[MAX_ROWS];
static size_t nrows;
static unsigned different;

static const struct column columns[] = {
	[COL_NUMBER] = { "#", 3, 0, 0, true, false },
	[COL_START] = { "START", 6, 0, 0, true, false },
	[COL_SIZE] = { "SIZE", 5, 0, 0, true, false },
	[COL_TYPE] = { "TYPE", 12, 2, 0, false, false },
	[COL_NAME] = { "NAME", 10, 1, 66, false, false },
	[COL_FS] = { "FS", 11, 0, 0, false, false },
	[COL_KERNEL] = { "KERNEL", 10, 0, 0, false, false },
};

/* [UEFI specification 5.3.3; uapi-group.org discoverable partitions; DOS by its usual numbers] */
static const struct {
	const char *type, *name;
} types[] = {
	{ "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "EFI system" },
	{ "21686148-6449-6e6f-744e-656564454649", "BIOS boot" },
	{ "0fc63daf-8483-4772-8e79-3d69d8477de4", "Linux" },
	{ "4f68bce3-e8cd-4db1-96e7-fbcaf984b709", "Linux root x86-64" },
	{ "b921b045-1df0-41c3-af44-4c6f280d3fae", "Linux root arm64" },
	{ "933ac7e1-2eb4-4f13-b844-0e14e2aef915", "Linux home" },
	{ "bc13c2ff-59e6-4262-a352-b275fd6f7172", "Linux boot" },
	{ "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f", "swap" },
	{ "e6d6d379-f507-44c2-a23c-238f2a3df928", "LVM" },
	{ "a19d880f-05fc-4d3b-a006-743f0f84911e", "RAID" },
	{ "0x83", "Linux" }, { "0x82", "swap" }, { "0x8e", "LVM" }, { "0xfd", "RAID" },
	{ "0xef", "EFI system" }, { "0x05", "extended" }, { "0x0f", "extended" }, { "0x0c", "FAT32" },
};

static const char *type_name(const char *type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(types[i].type, type))
			return types[i].name;
	return type;
}

static void kernel_cell(const struct row *r, struct cell *ret)
{
	bool same = r->entry && r->known && r->known->start == r->start && r->known->size == r->size;

	if (!r->entry && !r->known)
		return;
	/* of an extended one the kernel keeps two sectors, for boot loaders */
	same |= r->entry && r->known && !strcmp(type_name(r->entry->type), "extended");
	text_fmt(ret->s, sizeof(ret->s), "%s", same ? "the same" : !r->known ? "not read" :
		 !r->entry ? "only here" : "other size");
	ret->style = same ? ST_DIM : ST_WARN;
}

static void table_cell(const void *all, size_t at, size_t col, struct cell *ret)
{
	const struct row *r = &((const struct row *)all)[at];
	const char *fs = r->known && r->known->fstype ? r->known->fstype : "";
	bool gap = !r->entry && !r->known;

	if (gap)
		ret->style = ST_DIM;
	switch (col) {
	case COL_NUMBER: text_fmt(ret->s, sizeof(ret->s), gap ? "" : "%u", r->number); break;
	case COL_START: text_size(ret->s, sizeof(ret->s), r->start); break;
	case COL_SIZE: text_size(ret->s, sizeof(ret->s), r->size); break;
	case COL_TYPE: text_fmt(ret->s, sizeof(ret->s), "%s", gap ? "free" : r->entry ?
				type_name(r->entry->type) : ""); break;
	case COL_NAME: text_fmt(ret->s, sizeof(ret->s), "%s", r->entry ? r->entry->name : ""); break;
	case COL_FS: text_fmt(ret->s, sizeof(ret->s), "%s", fs); break;
	case COL_KERNEL: kernel_cell(r, ret); break;
	}
}

static uint64_t table_id(const void *all, size_t at)
{
	return ((const struct row *)all)[at].start;
}

static struct list list = {
	.cols = columns, .ncols = sizeof(columns) / sizeof(columns[0]), .cell = table_cell,
	.id = table_id, .empty = "The table has no partition.", .sort = -1,
};

static struct row *add(void)
{
	struct row *r = &rows[nrows < MAX_ROWS - 1 ? nrows++ : nrows];

	*r = (struct row){ 0 };
	return r;
}

/* The kernel's number of a partition of @d: what comes after the disk's name, and a p. 0: none. */
static unsigned number_of(const struct blockdevs *bs, const struct blockdev *d, const struct blockdev *b)
{
	const char *digits = b->name + strlen(d->name);

	if (strcmp(b->type, "part") || b->parent < 0 || &bs->row[b->parent] != d)
		return 0;
	return strtoul(digits + (*digits == 'p'), NULL, 10);
}

static const struct blockdev *known_as(const struct blockdevs *bs, const struct blockdev *d,
				       unsigned number)
{
	for (size_t i = 0; i < bs->n; i++)
		if (number_of(bs, d, &bs->row[i]) == number)
			return &bs->row[i];
	return NULL;
}

static bool has_entry(const struct blockdev *d, unsigned number)
{
	for (size_t i = 0; i < d->nparts; i++)
		if (d->parts[i].number == number)
			return true;
	return false;
}

static int compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void add_gaps(const struct blockdev *d)
{
	uint64_t at = LEAST_GAP, end;
	size_t n = nrows;

	for (size_t i = 0; i <= n; i++) {
		end = i < n ? rows[i].start : d->size;
		if (end > at + LEAST_GAP) {
			struct row *r = add();

			r->start = at;
			r->size = end - at;
		}
		if (i < n && rows[i].start + rows[i].size > at)
			at = rows[i].start + rows[i].size;
	}
}

static void fill(const struct blockdevs *bs, const struct blockdev *d)
{
	struct cell cell;

	nrows = different = 0;
	for (size_t i = 0; i < d->nparts; i++) {
		const struct table_part *t = &d->parts[i];

		*add() = (struct row){ t->number, t->start, t->size, t, known_as(bs, d, t->number) };
	}
	for (size_t i = 0; i < bs->n; i++) {
		const struct blockdev *b = &bs->row[i];
		unsigned number = number_of(bs, d, b);

		if (number && !has_entry(d, number))
			*add() = (struct row){ number, b->start, b->size, NULL, b };
	}
	qsort(rows, nrows, sizeof(rows[0]), compare);
	for (size_t i = 0; i < nrows; i++) {
		cell = (struct cell){ 0 };
		kernel_cell(&rows[i], &cell);
		different += cell.style == ST_WARN;
	}
	add_gaps(d);
	qsort(rows, nrows, sizeof(rows[0]), compare);
}

void table_of(struct console *c, const struct blockdev *dev)
{
	while (!strcmp(dev->type, "part") && dev->parent >= 0)
		dev = &c->snap->devs.row[dev->parent];
	if (!dev->pttype || !*dev->pttype)
		return console_note(c, ST_NORMAL, "There is no partition table on %s.", dev->path);
	text_fmt(disk, sizeof(disk), "%s", dev->name);
	screen_push(c, &screen_table);
	screen_update(c);
}

static void table_update(struct console *c)
{
	const struct blockdev *d = c->snap ? blockdevs_find(&c->snap->devs, disk) : NULL;

	nrows = different = 0;
	if (d)
		fill(&c->snap->devs, d);
	list_set(&list, rows, nrows);
}

static void table_title(const struct console *c, char *left, char *right, size_t size)
{
	const struct blockdev *d = c->snap ? blockdevs_find(&c->snap->devs, disk) : NULL;

	text_fmt(left, size, "Partition table of %s", disk);
	text_fmt(right, size, "%s", d && d->pttype ? d->pttype : "");
}

static void table_draw(struct console *c, struct box box)
{
	struct box foot = { box.y + box.h - 2, box.x + 1, 2, box.w - 2 };

	(void)c;
	if (box.h > 6) {
		term_fill(foot.y - 1, box.x, box.w, ST_DIM, "─");
		text_paragraph(foot, different ? ST_WARN : ST_DIM, different ?
			       "The kernel has another table than the disk. Esc, Enter on the disk: Read the "
			       "table again." : "The kernel has the same table. To edit, save or restore it: "
			       "Esc, Enter on the disk.");
		box.h -= 3;
	}
	list_draw(&list, box);
}

static bool table_request(struct console *c, enum request request)
{
	(void)c;
	return list_request(&list, request);
}

static bool table_key(struct console *c, int key)
{
	(void)c;
	return list_key(&list, key);
}

static const struct hint *table_hints(const struct console *c)
{
	static const struct hint hints[] = {
		{ REQ_BACK, NULL }, { REQ_REFRESH, NULL }, { REQ_HELP, NULL }, { REQ_QUIT, NULL }, { 0 },
	};

	(void)c;
	return hints;
}

const struct screen_ops screen_table = {
	.name = "table", .about = "A disk's partition table, and what the kernel knows of it.",
	.update = table_update, .title = table_title, .draw = table_draw,
	.request = table_request, .key = table_key, .hints = table_hints,
};
