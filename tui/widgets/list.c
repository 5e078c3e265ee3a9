/* list.c - see list.h */
#include "widgets/list.h"

#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "base/text.h"
#include "widgets/prompt.h"

#define MAX_COLS 16

static void get(const struct list *l, size_t row, size_t col, struct cell *c)
{
	c->s[0] = '\0';
	c->style = ST_NORMAL;
	c->number = 0;
	c->has_number = false;
	l->cell(l->rows, row, col, c);
}

static bool matches(const struct list *l, size_t row)
{
	struct cell c;

	if (!l->filter[0])
		return true;
	for (size_t i = 0; i < l->ncols; i++) {
		get(l, row, i, &c);
		if (strcasestr(c.s, l->filter))
			return true;
	}
	return false;
}

/* What a row is sorted by: its cell is written once, not at each comparison. */
struct sort_key {
	size_t row;
	const char *text;
	double number;
	bool has_number;
};

static int compare(const void *a, const void *b, void *arg)
{
	const struct sort_key *x = a, *y = b;
	const struct list *l = arg;
	int r;

	if (x->has_number && y->has_number)
		r = (x->number > y->number) - (x->number < y->number);
	else
		r = strcasecmp(x->text, y->text);
	if (l->reverse)
		r = -r;
	return r ? r : (x->row > y->row) - (x->row < y->row);
}

static bool make_key(const struct list *l, size_t row, struct pool **texts, struct sort_key *ret)
{
	struct cell c;

	get(l, row, l->sort, &c);
	*ret = (struct sort_key){ .row = row, .number = c.number, .has_number = c.has_number,
				  .text = pool_text(texts, c.s, strlen(c.s)) };
	return ret->text;
}

/* Without memory for it the rows stay in the caller's order. */
static void sort(struct list *l)
{
	struct sort_key *key = calloc(l->n + 1, sizeof(*key));
	struct pool *texts = NULL;
	size_t n = 0;

	while (key && n < l->n && make_key(l, l->order[n], &texts, &key[n]))
		n++;
	if (key && n == l->n) {
		qsort_r(key, n, sizeof(*key), compare, l);
		while (n--)
			l->order[n] = key[n].row;
	}
	pool_free(texts);
	free(key);
}

static void keep_cursor(struct list *l)
{
	for (size_t i = 0; l->has_cursor && i < l->n; i++) {
		if (l->id(l->rows, l->order[i]) == l->cursor_id) {
			l->cursor = i;
			return;
		}
	}
	/* Its thing is gone: the neighbour that took its place. */
	if (l->cursor >= l->n)
		l->cursor = l->n ? l->n - 1 : 0;
}

static void remember(struct list *l)
{
	l->has_cursor = l->cursor < l->n;
	if (l->has_cursor)
		l->cursor_id = l->id(l->rows, l->order[l->cursor]);
}

static void rebuild(struct list *l)
{
	size_t *order = realloc(l->order, (l->total + 1) * sizeof(*order));

	l->n = 0;
	if (!order)
		return;
	l->order = order;
	for (size_t i = 0; i < l->total; i++)
		if (matches(l, i))
			order[l->n++] = i;
	if (LIST_SORTED(l))
		sort(l);
	keep_cursor(l);
}

void list_set(struct list *l, const void *rows, size_t n)
{
	l->rows = rows;
	l->total = n;
	rebuild(l);
	if (!l->has_cursor)
		remember(l);
}

size_t list_current(const struct list *l)
{
	return l->cursor < l->n ? l->order[l->cursor] : SIZE_MAX;
}

void list_select_id(struct list *l, uint64_t id)
{
	l->cursor_id = id;
	l->has_cursor = true;
	keep_cursor(l);
}

/* Widths follow from the room alone, so that columns never jump. */
static void widths(const struct list *l, int room, int *w)
{
	int flex = 0, last = -1, left = room;

	for (size_t i = 0; i < l->ncols; i++) {
		w[i] = room >= l->cols[i].from ? l->cols[i].width : 0;
		if (!w[i])
			continue;
		left -= w[i] + 1;
		flex += l->cols[i].flex;
	}
	left++;
	for (size_t i = 0, total = left; i < l->ncols && left > 0 && flex; i++) {
		if (!w[i] || !l->cols[i].flex)
			continue;
		w[i] += total * l->cols[i].flex / flex;
		left -= total * l->cols[i].flex / flex;
		last = i;
	}
	if (last >= 0 && left > 0)
		w[last] += left;
}

static void draw_cell(const struct column *col, int y, int x, int w, int style, const char *s)
{
	if (col->right)
		term_put_right(y, x, w, style, s);
	else if (col->middle)
		term_put_middle(y, x, w, style, s);
	else
		term_put(y, x, w, style, s);
}

static void draw_head(const struct list *l, const struct box *box, const int *w)
{
	int x = box->x + 1;

	for (size_t i = 0; i < l->ncols; i++) {
		char title[40];
		bool here = (int)i == l->sort;

		if (!w[i])
			continue;
		text_fmt(title, sizeof(title), "%s%s", l->cols[i].title,
			 here ? l->reverse ? "▼" : "▲" : "");
		draw_cell(&l->cols[i], box->y, x, w[i], here ? ST_BOLD : ST_DIM, title);
		x += w[i] + 1;
	}
}

static void draw_row(const struct list *l, const struct box *box, int y, size_t at,
		     const int *w)
{
	int x = box->x + 1, select = at == l->cursor ? ST_SELECT : 0;

	if (select)
		term_fill(y, box->x, box->w, ST_SELECT, " ");
	for (size_t i = 0; i < l->ncols; i++) {
		struct cell c;

		if (!w[i])
			continue;
		get(l, l->order[at], i, &c);
		draw_cell(&l->cols[i], y, x, w[i], c.style | select, c.s);
		x += w[i] + 1;
	}
}

static void scroll(struct list *l, int height)
{
	l->height = height > 0 ? height : 1;
	if (l->cursor < l->top)
		l->top = l->cursor;
	if (l->cursor >= l->top + l->height)
		l->top = l->cursor - l->height + 1;
	if (l->top + l->height > l->n)
		l->top = l->n > l->height ? l->n - l->height : 0;
}

static void draw_filter(const struct list *l, struct box *box)
{
	int y = box->y + box->h - 1, x = box->x + 1;

	box->h--;
	x += term_put(y, x, 8, ST_ACCENT, "Filter: ");
	x += term_put(y, x, box->w - 10, ST_NORMAL, l->filter);
	if (l->filtering)
		term_cursor(y, x);
	else
		term_put_right(y, box->x, box->w - 1, ST_DIM, "Esc shows all");
}

void list_draw(struct list *l, struct box box)
{
	/* where there is one line only, it is the cursor's */
	int w[MAX_COLS], first = box.y + (box.h > 1);

	if (box.h < 1)
		return;
	widths(l, box.w - 2, w);
	if (box.h > 1)
		draw_head(l, &box, w);
	if (box.h > 1 && (l->filtering || l->filter[0]))
		draw_filter(l, &box);
	scroll(l, box.h - (first - box.y));
	for (size_t i = 0; i < l->height && l->top + i < l->n; i++)
		draw_row(l, &box, first + i, l->top + i, w);
	if (l->n == 0 && box.h > 2)
		term_put(box.y + 2, box.x + 1, box.w - 2, ST_DIM,
			 l->filter[0] ? "Nothing here has this text." : l->empty);
	if (l->top > 0)
		term_put(first, box.x + box.w - 1, 1, ST_DIM, "▲");
	if (l->top + l->height < l->n)
		term_put(box.y + box.h - 1, box.x + box.w - 1, 1, ST_DIM, "▼");
}

static void sort_by(struct list *l, int step)
{
	int n = l->ncols;

	l->sort += step;
	if (l->sort >= n)
		l->sort = -1;
	if (l->sort < -1)
		l->sort = n - 1;
	rebuild(l);
}

static void move_to(struct list *l, long to)
{
	if (to >= (long)l->n)
		to = (long)l->n - 1;
	l->cursor = to < 0 ? 0 : to;
	remember(l);
}

static bool unfilter(struct list *l)
{
	if (!l->filter[0])
		return false;
	l->filter[0] = '\0';
	rebuild(l);
	return true;
}

bool list_request(struct list *l, enum request request)
{
	long here = l->cursor, page = l->height;

	switch (request) {
	case REQ_UP: move_to(l, here - 1); return true;
	case REQ_DOWN: move_to(l, here + 1); return true;
	case REQ_PAGE_UP: move_to(l, here - page); return true;
	case REQ_PAGE_DOWN: move_to(l, here + page); return true;
	case REQ_HOME: move_to(l, 0); return true;
	case REQ_END: move_to(l, l->n); return true;
	case REQ_SORT_LEFT: sort_by(l, -1); return true;
	case REQ_SORT_RIGHT: sort_by(l, 1); return true;
	case REQ_SORT_REVERSE: l->reverse = !l->reverse; rebuild(l); return true;
	case REQ_FILTER: l->filtering = true; return true;
	case REQ_BACK: return unfilter(l);
	default: return false;
	}
}

bool list_key(struct list *l, int key)
{
	if (!l->filtering)
		return false;
	if (key == K_ENTER) {
		l->filtering = false;
	} else if (key == K_ESC || key == K_CTRL('c')) {
		l->filtering = false;
		unfilter(l);
	} else if (prompt_edit(l->filter, sizeof(l->filter), key)) {
		rebuild(l);
	} else {
		/* Arrows still move the cursor while the filter is typed. */
		return false;
	}
	if (l->n && l->cursor >= l->n)
		move_to(l, l->n - 1);
	return true;
}

const char *list_count(const struct list *l, char *buf, size_t size)
{
	if (l->n != l->total)
		return text_fmt(buf, size, "%zu of %zu", l->n, l->total);
	return text_fmt(buf, size, "%zu", l->total);
}
