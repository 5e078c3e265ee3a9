/* frame.c - see frame.h */
#include "widgets/frame.h"

static void edge(int y, const struct box *box, const char *left, const char *right)
{
	term_put(y, box->x, 1, ST_DIM, left);
	term_fill(y, box->x + 1, box->w - 2, ST_DIM, "─");
	term_put(y, box->x + box->w - 1, 1, ST_DIM, right);
}

struct box frame_draw(struct box box, int title_style, const char *title, const char *right)
{
	int room = box.w - 4, rw = *right ? term_width(right) + 2 : 0;

	edge(box.y, &box, "┌", "┐");
	for (int y = box.y + 1; y < box.y + box.h - 1; y++) {
		term_put(y, box.x, 1, ST_DIM, "│");
		term_put(y, box.x + box.w - 1, 1, ST_DIM, "│");
	}
	edge(box.y + box.h - 1, &box, "└", "┘");
	if (*title) {
		int w = term_width(title);

		if (w > room - rw - 1)
			w = room - rw - 1;
		term_put(box.y, box.x + 1, 1, ST_NORMAL, " ");
		term_put(box.y, box.x + 2, w, title_style, title);
		term_put(box.y, box.x + 2 + w, 1, ST_NORMAL, " ");
	}
	if (*right)
		term_putf(box.y, box.x + box.w - 1 - rw, rw, ST_NORMAL, " %s ", right);
	return (struct box){ box.y + 1, box.x + 1, box.h - 2, box.w - 2 };
}
