/* text.c - see text.h */
#include "widgets/text.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void text_clear(struct text *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->line[i].mark);
		free(t->line[i].left);
		free(t->line[i].s);
	}
	t->n = 0;
}

void text_free(struct text *t)
{
	text_clear(t);
	free(t->line);
	*t = (struct text){ 0 };
}

static void add(struct text *t, const char *left, int left_style, int style, int indent,
		const char *fmt, va_list ap)
{
	char buf[4096];
	struct text_line *line = realloc(t->line, (t->n + 1) * sizeof(*line));

	if (!line)
		return;
	vsnprintf(buf, sizeof(buf), fmt, ap);
	t->line = line;
	line[t->n++] = (struct text_line){
		.left = left ? strdup(left) : NULL, .s = strdup(buf),
		.left_style = left_style, .style = style, .indent = indent,
	};
}

void text_add(struct text *t, int style, int indent, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(t, NULL, 0, style, indent, fmt, ap);
	va_end(ap);
}

void text_add_left(struct text *t, int left_style, const char *left, int style, int indent,
		   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(t, left, left_style, style, indent, fmt, ap);
	va_end(ap);
}

void text_add_mark(struct text *t, int mark_style, const char *mark, const char *label,
		   int style, int indent, const char *fmt, ...)
{
	size_t n = t->n;
	va_list ap;

	va_start(ap, fmt);
	add(t, label, ST_NORMAL, style, indent, fmt, ap);
	va_end(ap);
	if (t->n == n)
		return;
	t->line[n].mark = strdup(mark);
	t->line[n].mark_style = mark_style;
}

void text_blank(struct text *t)
{
	text_add(t, ST_NORMAL, 0, "%s", "");
}

/*
 * Draws a paragraph's rows that fall into the box; @y may be above it.
 * Returns the rows the paragraph takes.
 */
static int paragraph(const struct box *box, int y, int indent, int style, const char *s)
{
	int rows = 0;

	do {
		char part[1024];
		size_t skip, n = term_wrap(s, box->w - indent, &skip);

		if (y + rows >= box->y && y + rows < box->y + box->h) {
			text_fmt(part, sizeof(part), "%.*s", (int)n, s);
			term_put(y + rows, box->x + indent, box->w - indent, style, part);
		}
		rows++;
		s += n + skip;
	} while (*s);
	return rows;
}

static int line_draw(const struct box *box, int y, const struct text_line *l)
{
	int rows = paragraph(box, y, l->indent, l->style, l->s ? l->s : "");

	if (y < box->y || y >= box->y + box->h)
		return rows;
	if (l->mark)
		term_put(y, box->x, 1, l->mark_style, l->mark);
	if (l->left)
		term_put(y, box->x + (l->mark ? 2 : 0), l->indent - (l->mark ? 3 : 1),
			 l->left_style, l->left);
	return rows;
}

static int height_of(const struct text *t, size_t n, int w)
{
	struct box nowhere = { 0, 0, 0, w };
	int rows = 0;

	for (size_t i = 0; i < n && i < t->n; i++)
		rows += line_draw(&nowhere, 0, &t->line[i]);
	return rows;
}

int text_height(const struct text *t, int w)
{
	return height_of(t, t->n, w);
}

static void clamp(struct text *t)
{
	if (t->top > t->rows - t->height)
		t->top = t->rows - t->height;
	if (t->top < 0)
		t->top = 0;
}

/* The room has changed: what was read stays where the eye is. */
static void reflow(struct text *t, const struct box *box)
{
	bool moved = t->height && (t->width != box->w || t->height != box->h);

	t->rows = text_height(t, box->w);
	t->height = box->h;
	if (moved && t->at_end)
		text_bottom(t);
	else if (moved && t->width != box->w)
		t->top = height_of(t, t->anchor, box->w);
	t->width = box->w;
	clamp(t);
}

static void remember(struct text *t)
{
	t->at_end = t->rows > t->height && t->top + t->height >= t->rows;
	t->anchor = 0;
	while (t->anchor < t->n && height_of(t, t->anchor + 1, t->width) <= t->top)
		t->anchor++;
}

void text_draw(struct text *t, struct box box)
{
	int y;

	reflow(t, &box);
	remember(t);
	y = box.y - t->top;
	for (size_t i = 0; i < t->n && y < box.y + box.h; i++)
		y += line_draw(&box, y, &t->line[i]);
	if (t->top > 0)
		term_put(box.y, box.x + box.w, 1, ST_DIM, "▲");
	if (t->top + box.h < t->rows)
		term_put(box.y + box.h - 1, box.x + box.w, 1, ST_DIM, "▼");
}

int text_draw_top(const struct text *t, struct box box)
{
	int y = box.y;

	for (size_t i = 0; i < t->n && y < box.y + box.h; i++)
		y += line_draw(&box, y, &t->line[i]);
	return y - box.y < box.h ? y - box.y : box.h;
}

bool text_request(struct text *t, enum request request)
{
	int page = t->height > 1 ? t->height - 1 : 1;

	switch (request) {
	case REQ_UP: t->top--; break;
	case REQ_DOWN: t->top++; break;
	case REQ_PAGE_UP: t->top -= page; break;
	case REQ_PAGE_DOWN: t->top += page; break;
	case REQ_HOME: t->top = 0; break;
	case REQ_END: t->top = t->rows; break;
	default: return false;
	}
	clamp(t);
	return true;
}

void text_bottom(struct text *t)
{
	t->top = INT_MAX / 2;
}

int text_paragraph(struct box box, int style, const char *s)
{
	int rows = paragraph(&box, box.y, 0, style, s);

	return rows < box.h ? rows : box.h;
}
