/* text.h - styled paragraphs that wrap to the room they get, and scroll */
#ifndef CAREEN_WIDGET_TEXT_H
#define CAREEN_WIDGET_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "keymap.h"
#include "term.h"

struct text_line {
	char *mark;		/* one glyph, or NULL */
	char *left;		/* key or label in the margin, or NULL */
	char *s;
	int mark_style, left_style, style;
	int indent;		/* where @s begins, and hangs */
};

struct text {
	struct text_line *line;
	size_t n;
	int top, rows, height;	/* scroll state; rows and height as last drawn */
	int width;
	size_t anchor;		/* line at the top: it stays there when the width changes */
	bool at_end;		/* or the last one at the bottom */
};

void text_clear(struct text *t);	/* keeps the place */
void text_free(struct text *t);
/* @indent is the hanging indent of the wrapped lines. */
void text_add(struct text *t, int style, int indent, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void text_add_left(struct text *t, int left_style, const char *left, int style, int indent,
		   const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* "✓ Label    text": only the mark has a style of its own. */
void text_add_mark(struct text *t, int mark_style, const char *mark, const char *label,
		   int style, int indent, const char *fmt, ...)
	__attribute__((format(printf, 7, 8)));
void text_blank(struct text *t);
/* Rows it takes when @w columns wide. */
int text_height(const struct text *t, int w);
/* What is out of sight is marked in the column right of the box. */
void text_draw(struct text *t, struct box box);
/* Its beginning only, without scrolling or its marks; returns the rows used. */
int text_draw_top(const struct text *t, struct box box);
bool text_request(struct text *t, enum request request);
void text_bottom(struct text *t);
/* One paragraph without a struct: rows used, at most box.h. */
int text_paragraph(struct box box, int style, const char *s);

#endif
