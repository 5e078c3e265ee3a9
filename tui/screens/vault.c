/* vault.c - what was kept of devices before they were written to; Enter puts it back */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "clock.h"
#include "console.h"
#include "paths.h"
#include "widgets/list.h"
#include "widgets/text.h"

enum { COL_ID, COL_WHEN, COL_DEVICE, COL_KEPT, COL_SERIAL, COL_BEFORE };

static const struct column columns[] = {
	[COL_ID] = { "ENTRY", 5, 0, 0, false, false },
	[COL_WHEN] = { "WHEN", 12, 0, 0, false, false },
	[COL_DEVICE] = { "DEVICE", 10, 0, 0, false, true },
	[COL_KEPT] = { "SIZE", 5, 0, 0, true, false },
	[COL_SERIAL] = { "SERIAL", 14, 0, 84, false, true },
	[COL_BEFORE] = { "BEFORE", 12, 1, 0, false, false },
};

static void vault_cell(const void *rows, size_t row, size_t col, struct cell *ret);
static uint64_t vault_id(const void *rows, size_t row);

static struct list list = {
	.cols = columns, .ncols = sizeof(columns) / sizeof(columns[0]), .cell = vault_cell,
	.id = vault_id, .empty = "Nothing was written to yet: nothing had to be kept.", .sort = -1,
};

static void vault_cell(const void *rows, size_t row, size_t col, struct cell *ret)
{
	const struct vault_entry *e = &((const struct vault *)rows)->row[row];
	const char *device;

	switch (col) {
	case COL_ID: text_fmt(ret->s, sizeof(ret->s), "%s", e->id); break;
	case COL_WHEN:
		clock_date(ret->s, sizeof(ret->s), e->when);
		ret->number = (double)e->when;
		ret->has_number = true;
		break;
	case COL_DEVICE: text_fmt(ret->s, sizeof(ret->s), "%s", e->device); break;
	case COL_KEPT:
		text_size(ret->s, sizeof(ret->s), e->bytes);
		ret->number = (double)e->bytes;
		ret->has_number = true;
		break;
	case COL_SERIAL: text_fmt(ret->s, sizeof(ret->s), "%s", *e->serial ? e->serial : "–"); break;
	case COL_BEFORE:
		/* the device has a column of its own */
		device = strstr(e->before, ", /dev/");
		text_fmt(ret->s, sizeof(ret->s), "%.*s",
			 device ? (int)(device - e->before) : (int)sizeof(e->before), e->before);
		break;
	}
}

static uint64_t vault_id(const void *rows, size_t row)
{
	return strtoull(((const struct vault *)rows)->row[row].id, NULL, 10);
}

static void vault_update(struct console *c)
{
	if (c->snap)
		list_set(&list, &c->snap->vault, c->snap->vault.n);
}

static void vault_title(const struct console *c, char *left, char *right, size_t size)
{
	uint64_t bytes = 0;
	char kept[16], all[16];

	for (size_t i = 0; c->snap && i < c->snap->vault.n; i++)
		bytes += c->snap->vault.row[i].bytes;
	text_fmt(left, size, "Vault, %s of %s in RAM", text_size(kept, sizeof(kept), bytes),
		 text_size(all, sizeof(all), VAULT_MAX));
	list_count(&list, right, size);
}

/* What was kept, and the one line that copies it off. */
static int draw_detail(const struct vault_entry *e, struct box box)
{
	char text[400];
	int y = box.y + box.h - 4;

	text_fmt(text, sizeof(text), "%s: %s", e->id, e->what);
	term_fill(y, box.x, box.w, ST_DIM, "─");
	text_paragraph((struct box){ y + 1, box.x + 1, 2, box.w - 2 }, ST_NORMAL, text);
	text_fmt(text, sizeof(text), "scp -rP1022 root@HOST:" CAREEN_VAULT "/%s .", e->id);
	term_put(y + 3, box.x + 1, box.w - 2, ST_DIM, text);
	return 4;
}

static void vault_draw(struct console *c, struct box box)
{
	size_t at = list_current(&list);

	if (at != SIZE_MAX && box.h > 8)
		box.h -= draw_detail(&c->snap->vault.row[at], box);
	list_draw(&list, box);
}

/* Back as with every plan: it is shown, and asks for the disk's word. */
static void put_back(struct console *c)
{
	size_t at = list_current(&list);
	struct step_state st = { 0 };

	if (at == SIZE_MAX || !c->snap)
		return;
	step_repair.state(c->snap, &st);
	if (st.status != STEP_READY)
		return console_note(c, ST_WARN, "Repair: %s", st.why);
	console_plan(c, &step_repair,
		     &(struct plan_opts){ .entry = c->snap->vault.row[at].id }, NULL);
}

static bool vault_request(struct console *c, enum request request)
{
	if (request != REQ_ENTER && request != REQ_PLAN)
		return list_request(&list, request);
	put_back(c);
	return true;
}

static bool vault_key(struct console *c, int key)
{
	(void)c;
	return list_key(&list, key);
}

static const struct hint *vault_hints(const struct console *c)
{
	static const struct hint hints[] = {
		{ REQ_HELP, NULL }, { REQ_VIEW, NULL }, { REQ_ENTER, "Put it back" },
		{ REQ_FILTER, NULL }, { REQ_SORT_RIGHT, NULL }, { REQ_SHELL, NULL },
		{ REQ_LOG, NULL }, { REQ_QUIT, NULL }, { 0 },
	};
	static const struct hint empty[] = {
		{ REQ_HELP, NULL }, { REQ_VIEW, NULL }, { REQ_SHELL, NULL }, { REQ_LOG, NULL },
		{ REQ_QUIT, NULL }, { 0 },
	};

	return c->snap && c->snap->vault.n ? hints : empty;
}

const struct screen_ops screen_vault = {
	.name = "vault", .about = "What was kept of devices before they were written to.",
	.view = true, .update = vault_update, .title = vault_title, .draw = vault_draw,
	.request = vault_request, .key = vault_key, .hints = vault_hints,
};
