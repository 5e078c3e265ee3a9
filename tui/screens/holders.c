/* holders.c - who keeps the old root in use, how, and what makes them let go */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "console.h"
#include "widgets/list.h"

enum { COL_PID, COL_USER, COL_HOLDS, COL_COMMAND, COL_WHAT, COL_UNIT, COL_OUT };

/* All of "cwd root exe fd map ns" fits at 80 columns: USER waits for more room. */
static const struct column columns[] = {
	[COL_PID] = { "PID", 7, 0, 0, true, false },
	[COL_USER] = { "USER", 8, 0, 70, false, false },
	[COL_HOLDS] = { "HOLDS", 22, 1, 0, false, false },
	[COL_COMMAND] = { "COMMAND", 15, 1, 0, false, true },
	[COL_WHAT] = { "FOR EXAMPLE", 16, 3, 90, false, true },
	[COL_UNIT] = { "UNIT", 12, 2, 100, false, true },
	[COL_OUT] = { "STOPS BY", 8, 0, 0, false, false },
};

static void holders_cell(const void *rows, size_t row, size_t col, struct cell *ret);
static uint64_t holders_id(const void *rows, size_t row);

static struct list list = {
	.cols = columns, .ncols = sizeof(columns) / sizeof(columns[0]), .cell = holders_cell,
	.id = holders_id, .empty = "Nobody holds the old root.", .sort = -1,
};

static void process_cell(const struct holder *h, size_t col, struct cell *ret)
{
	if (col == COL_PID) {
		text_fmt(ret->s, sizeof(ret->s), "%d", (int)h->pid);
		ret->number = h->pid;
		ret->has_number = true;
	} else if (col == COL_USER) {
		text_fmt(ret->s, sizeof(ret->s), "%s", h->user);
	} else if (col == COL_HOLDS) {
		holds_text(h->holds, ret->s, sizeof(ret->s));
	} else {
		text_fmt(ret->s, sizeof(ret->s), "%s", h->command);
	}
}

/* A kernel holder's HOLDS is the device that holds, its COMMAND what is held. */
static void kernel_cell(const struct holder *h, size_t col, struct cell *ret)
{
	const char *command = h->command ? h->command : "";

	if (col == COL_PID)
		text_fmt(ret->s, sizeof(ret->s), "–");
	else if (col == COL_USER)
		text_fmt(ret->s, sizeof(ret->s), "kernel");
	else if (col == COL_COMMAND)
		text_fmt(ret->s, sizeof(ret->s), "%s", h->what ? h->what : "");
	else if (h->kind == HOLDER_LOOP || !*command)
		text_fmt(ret->s, sizeof(ret->s), "%s", *command ? command :
			 holder_kind_name(h->kind));
	else
		text_fmt(ret->s, sizeof(ret->s), "%s %s", holder_kind_name(h->kind), command);
}

/* ".service" is what nearly all of them end in: it says nothing. */
static void unit_cell(const struct holder *h, struct cell *ret)
{
	const char *unit = h->unit ? h->unit : "";
	size_t len = strlen(unit);

	if (len > 8 && strcmp(unit + len - 8, ".service") == 0)
		len -= 8;
	text_fmt(ret->s, sizeof(ret->s), "%.*s", (int)len, unit);
}

static void holders_cell(const void *rows, size_t row, size_t col, struct cell *ret)
{
	const struct holder *h = &((const struct holders *)rows)->row[row];

	if (h->out == OUT_KEEP || h->out == OUT_WAIT)
		ret->style = ST_DIM;
	if (col == COL_OUT)
		text_fmt(ret->s, sizeof(ret->s), "%s", way_out_name(h->out));
	else if (col == COL_WHAT)
		text_fmt(ret->s, sizeof(ret->s), "%s",
			 h->what && h->kind == HOLDER_PROCESS ? h->what : "");
	else if (col == COL_UNIT)
		unit_cell(h, ret);
	else if (h->kind == HOLDER_PROCESS)
		process_cell(h, col, ret);
	else
		kernel_cell(h, col, ret);
}

/* A pid alone may be somebody else's by now. */
static uint64_t holders_id(const void *rows, size_t row)
{
	const struct holder *h = &((const struct holders *)rows)->row[row];
	uint64_t id = h->kind;

	if (h->kind == HOLDER_PROCESS)
		return (uint64_t)h->pid << 40 ^ h->start;
	for (const char *p = h->command ? h->command : ""; *p; p++)
		id = id * 31 + (unsigned char)*p;
	return id;
}

static void holders_update(struct console *c)
{
	if (c->snap)
		list_set(&list, &c->snap->holders, c->snap->holders.n);
}

static void holders_title(const struct console *c, char *left, char *right, size_t size)
{
	const struct snapshot *s = c->snap;

	if (!s || !s->old.source[0])
		text_fmt(left, size, "Holders of the old root");
	else
		text_fmt(left, size, "Holders of %s (%s, old root)", s->old.source,
			 s->old.fstype);
	if (s)
		list_count(&list, right, size);
}

/* One line for what the columns have no room for: the row under the cursor. */
static void draw_detail(const struct holder *h, struct box box)
{
	int y = box.y + box.h - 2, x = box.x + 1, w = box.w - 2;

	term_fill(y, box.x, box.w, ST_DIM, "─");
	if (h->out == OUT_WAIT)
		term_putf(y + 1, x, w, ST_DIM, "%s · %s", h->what, h->cmdline);
	else if (h->kind == HOLDER_PROCESS && h->cmdline && *h->cmdline)
		term_putf(y + 1, x, w, ST_DIM, "%s", h->cmdline);
	else
		term_put_middle(y + 1, x, w, ST_DIM, h->what ? h->what : "");
}

static void holders_draw(struct console *c, struct box box)
{
	size_t at = list_current(&list);

	if (c->snap->holders.incomplete) {
		term_putf(box.y, box.x + 1, box.w - 2, ST_WARN, "! %s", c->snap->holders.note);
		box.y++;
		box.h--;
	}
	if (at != SIZE_MAX && box.h > 8) {
		draw_detail(&c->snap->holders.row[at], box);
		box.h -= 2;
	}
	list_draw(&list, box);
}

static bool holders_request(struct console *c, enum request request)
{
	(void)c;
	return list_request(&list, request);
}

static bool holders_key(struct console *c, int key)
{
	(void)c;
	return list_key(&list, key);
}

static const struct hint *holders_hints(const struct console *c)
{
	static const struct hint hints[] = {
		{ REQ_HELP, NULL }, { REQ_VIEW, NULL }, { REQ_ENTER, NULL }, { REQ_PLAN, NULL },
		{ REQ_FILTER, NULL }, { REQ_SORT_RIGHT, NULL }, { REQ_SHELL, NULL },
		{ REQ_LOG, NULL }, { REQ_QUIT, NULL }, { 0 },
	};

	(void)c;
	return hints;
}

const struct screen_ops screen_holders = {
	.name = "holders", .about = "Who keeps the old root in use, and how they let go.",
	.view = true, .polled = true, .update = holders_update, .title = holders_title,
	.draw = holders_draw, .request = holders_request, .key = holders_key,
	.hints = holders_hints,
};
