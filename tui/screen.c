/* screen.c - the stack of screens, and the room each gets */
#include "screen.h"

#include <string.h>

#include "console.h"
#include "widgets/frame.h"
#include "widgets/text.h"

#define STEPS_WIDTH 19
#define STEPS_FROM 72	/* columns from which the steps have a panel of their own */

const struct screen_ops *const screen_views[] = {
	&screen_overview, &screen_mounts, &screen_holders, &screen_devices,
	&screen_vault, &screen_log, NULL
};

const struct screen_ops *screen_find(const char *name)
{
	for (int i = 0; screen_views[i]; i++)
		if (strcmp(screen_views[i]->name, name) == 0)
			return screen_views[i];
	return NULL;
}

const struct screen_ops *screen_top(const struct console *c)
{
	return c->stack[c->depth - 1];
}

static void update_top(struct console *c)
{
	if (screen_top(c)->update)
		screen_top(c)->update(c);
	c->dirty = true;
}

static void open_top(struct console *c)
{
	if (screen_top(c)->open)
		screen_top(c)->open(c);
	update_top(c);
}

static void close_top(struct console *c)
{
	if (screen_top(c)->close)
		screen_top(c)->close(c);
	c->depth--;
}

void screen_push(struct console *c, const struct screen_ops *ops)
{
	for (int i = 0; i < c->depth; i++) {
		if (c->stack[i] != ops)
			continue;
		while (c->depth > i)
			close_top(c);
	}
	if (ops->view)
		while (c->depth)
			close_top(c);
	c->stack[c->depth++] = ops;
	open_top(c);
}

void screen_pop(struct console *c)
{
	if (c->depth == 1 && screen_top(c) != &screen_overview)
		return screen_push(c, &screen_overview);
	if (c->depth == 1)
		return;
	close_top(c);
	update_top(c);
}

void screen_turn(struct console *c, int step)
{
	int n = 0, at = 0;

	for (; screen_views[n]; n++)
		if (screen_views[n] == c->stack[0])
			at = n;
	screen_push(c, screen_views[(at + n + step) % n]);
}

void screen_update(struct console *c)
{
	update_top(c);
}

static void too_small(void)
{
	struct box all = { 0, 0, term_rows(), term_cols() };
	char text[120];

	snprintf(text, sizeof(text), "careen needs %d×%d; this terminal has %d×%d. "
		 "Make it larger, or q quits.", TERM_MIN_COLS, TERM_MIN_ROWS, term_cols(),
		 term_rows());
	text_paragraph(all, ST_NORMAL, text);
}

static void draw_panel(struct console *c, struct box box)
{
	const struct screen_ops *ops = screen_top(c);
	char left[256] = "", right[256] = "";

	ops->title(c, left, right, sizeof(left));
	box = frame_draw(box, ST_BOLD, left, right);
	if (!c->snap && ops->view)
		term_put(box.y, box.x + 1, box.w - 2, ST_DIM,
			 c->snap_error.code ? c->snap_error.why : "Looking at the machine…");
	else
		ops->draw(c, box);
}

/* Rows the note takes: as much as it needs, it may be why something failed. */
static int draw_note(const struct console *c, int bottom)
{
	struct box box = { 0, 1, 5, term_cols() - 2 };
	struct text t = { 0 };
	int rows;

	if (!c->note.text[0])
		return 0;
	text_add(&t, c->note.style, 0, "%s", c->note.text);
	rows = text_height(&t, box.w);
	box.h = rows < 5 ? rows : 5;
	box.y = bottom - box.h + 1;
	text_draw(&t, box);
	text_free(&t);
	return box.h;
}

void screen_draw(struct console *c)
{
	int cols = term_cols(), status = term_rows() - 2, note;
	struct box panel = { 1, 0, 0, cols }, left = panel;

	term_clear();
	if (cols < TERM_MIN_COLS || term_rows() < TERM_MIN_ROWS) {
		too_small();
		term_flush();
		return;
	}
	chrome_header(c);
	note = draw_note(c, status - 1);
	panel.h = status - 1 - note;
	if (cols >= STEPS_FROM) {
		left.h = panel.h;
		left.w = STEPS_WIDTH;
		panel.x = STEPS_WIDTH;
		panel.w -= STEPS_WIDTH;
		chrome_steps(c, left);
	} else {
		chrome_steps_line(c, 1);
		panel.y++;
		panel.h--;
	}
	draw_panel(c, panel);
	chrome_status(c, status);
	chrome_keys(c, term_rows() - 1);
	term_flush();
}
