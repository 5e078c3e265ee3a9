/* devices.c - disk, partition, dm and md, file system, as a tree */

#include <string.h>

#include "base/text.h"
#include "console.h"
#include "model/stack.h"
#include "screens/repair.h"
#include "screens/table.h"
#include "widgets/list.h"

enum { COL_NAME, COL_SIZE, COL_TYPE, COL_FS, COL_LABEL, COL_USED, COL_MODEL, COL_UUID };

static const struct column columns[] = {
	[COL_NAME] = { "NAME", 9, 4, 0, false, true },
	[COL_SIZE] = { "SIZE", 5, 0, 0, true, false },
	[COL_TYPE] = { "TYPE", 5, 0, 0, false, false },
	[COL_FS] = { "FS", 6, 0, 0, false, false },
	[COL_LABEL] = { "LABEL", 8, 0, 54, false, true },
	[COL_USED] = { "USED BY", 10, 3, 0, false, true },
	[COL_MODEL] = { "MODEL, SERIAL", 18, 1, 84, false, true },
	[COL_UUID] = { "UUID", 36, 0, 104, false, false },
};

static void devices_cell(const void *rows, size_t row, size_t col, struct cell *ret);
static uint64_t devices_id(const void *rows, size_t row);

static struct list list = {
	.cols = columns, .ncols = sizeof(columns) / sizeof(columns[0]), .cell = devices_cell,
	.id = devices_id, .empty = "No block device.", .sort = -1,
};

static const char *text_of(const char *s)
{
	return s ? s : "";
}

/* A partition's are its disk's; a mapped device's model is its name. */
static void model_cell(const struct blockdev *b, struct cell *ret)
{
	const char *comma = b->model && *b->model && b->serial && *b->serial ? ", " : "";

	if (*stack_dm_name(b))
		text_fmt(ret->s, sizeof(ret->s), "%s", stack_called(b) == b->name ? b->model : b->name);
	else if (b->parent < 0)
		text_fmt(ret->s, sizeof(ret->s), "%s%s%s", text_of(b->model), comma,
			 text_of(b->serial));
}

static void size_cell(const struct blockdev *b, struct cell *ret)
{
	text_size(ret->s, sizeof(ret->s), b->size);
	ret->number = (double)b->size;
	ret->has_number = true;
}

/* A free device says so: an empty cell would not. */
static void used_cell(const struct blockdev *b, struct cell *ret)
{
	if (b->used_by && *b->used_by)
		text_fmt(ret->s, sizeof(ret->s), "%s", b->used_by);
	else if (b->busy_open)
		text_fmt(ret->s, sizeof(ret->s), "in use");
	else if (b->old_root)
		text_fmt(ret->s, sizeof(ret->s), "✓ clean off"), ret->style = ST_GOOD;
	else
		text_fmt(ret->s, sizeof(ret->s), "–"), ret->style = ST_DIM;
}

static bool last_child(const struct blockdevs *bs, size_t row)
{
	for (size_t i = row + 1; i < bs->n; i++)
		if (bs->row[i].parent == bs->row[row].parent)
			return false;
	return true;
}

static void name_cell(const struct blockdevs *bs, size_t row, struct cell *ret)
{
	const struct blockdev *b = &bs->row[row];

	if (LIST_SORTED(&list) || !b->depth)
		text_fmt(ret->s, sizeof(ret->s), "%s", stack_called(b));
	else
		text_fmt(ret->s, sizeof(ret->s), "%*s%s%s", 2 * (b->depth - 1), "",
			 last_child(bs, row) ? "└─" : "├─", stack_called(b));
}

static void devices_cell(const void *rows, size_t row, size_t col, struct cell *ret)
{
	const struct blockdev *b = &((const struct blockdevs *)rows)->row[row];

	switch (col) {
	case COL_NAME: name_cell(rows, row, ret); break;
	case COL_SIZE: size_cell(b, ret); break;
	case COL_TYPE: text_fmt(ret->s, sizeof(ret->s), "%s", b->type); break;
	case COL_FS: text_fmt(ret->s, sizeof(ret->s), "%s", repair_fs(b)); break;
	case COL_LABEL: text_fmt(ret->s, sizeof(ret->s), "%s", text_of(b->label)); break;
	case COL_USED: used_cell(b, ret); break;
	case COL_MODEL: model_cell(b, ret); break;
	case COL_UUID: text_fmt(ret->s, sizeof(ret->s), "%s", text_of(b->uuid)); break;
	}
}

static uint64_t devices_id(const void *rows, size_t row)
{
	const struct blockdev *b = &((const struct blockdevs *)rows)->row[row];

	return (uint64_t)b->dev ^ b->diskseq << 32;
}

static void devices_update(struct console *c)
{
	if (c->snap)
		list_set(&list, &c->snap->devs, c->snap->devs.n);
}

static void devices_title(const struct console *c, char *left, char *right, size_t size)
{
	(void)c;
	text_fmt(left, size, "Devices");
	list_count(&list, right, size);
}

/* What a narrow terminal has no column for: the row under the cursor, whole. */
static void draw_detail(const struct blockdev *b, struct box box)
{
	int y = box.y + box.h - 2, x = box.x + 1, w = box.w - 2;
	char text[512];

	text_fmt(text, sizeof(text), "%s%s%s%s%s%s%s", b->path,
		 *text_of(b->model) ? " · " : "", text_of(b->model),
		 *text_of(b->serial) ? " · serial " : "", text_of(b->serial),
		 *text_of(b->uuid) ? " · " : "", text_of(b->uuid));
	term_fill(y, box.x, box.w, ST_DIM, "─");
	term_put(y + 1, x, w, ST_DIM, text);
}

static void devices_draw(struct console *c, struct box box)
{
	size_t at = list_current(&list);

	if (at != SIZE_MAX && box.h > 8) {
		draw_detail(&c->snap->devs.row[at], box);
		box.h -= 2;
	}
	list_draw(&list, box);
}

static bool devices_request(struct console *c, enum request request)
{
	size_t at = list_current(&list);

	if ((request != REQ_ENTER && request != REQ_PLAN) || at == SIZE_MAX || !c->snap)
		return list_request(&list, request);
	if (request == REQ_PLAN)
		table_of(c, &c->snap->devs.row[at]);
	else
		repair_device(c, &c->snap->devs.row[at]);
	return true;
}

static bool devices_key(struct console *c, int key)
{
	(void)c;
	return list_key(&list, key);
}

static const struct hint *devices_hints(const struct console *c)
{
	static const struct hint hints[] = {
		{ REQ_HELP, NULL }, { REQ_VIEW, NULL }, { REQ_ENTER, "Repair it" },
		{ REQ_PLAN, "Table" },
		{ REQ_FILTER, NULL }, { REQ_SORT_RIGHT, NULL }, { REQ_SHELL, NULL },
		{ REQ_LOG, NULL }, { REQ_QUIT, NULL }, { 0 },
	};

	(void)c;
	return hints;
}

const struct screen_ops screen_devices = {
	.name = "devices", .about = "Disks, partitions, what is on them and who uses them.",
	.view = true, .update = devices_update, .title = devices_title,
	.draw = devices_draw, .request = devices_request, .key = devices_key,
	.hints = devices_hints,
};
