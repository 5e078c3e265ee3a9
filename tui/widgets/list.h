/*
 * list.h - rows in columns: sorts, filters, and keeps its cursor on the thing
 *
 * The caller owns the rows; the list asks for cells. Between refreshes it
 * remembers the id of the row under the cursor, never its number.
 */
#ifndef CAREEN_LIST_H
#define CAREEN_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keymap.h"
#include "term.h"

struct column {
	const char *title;
	short width;		/* fixed columns; or least of a flexible one */
	short flex;		/* share of the room left over; 0 = fixed */
	short from;		/* shown when the list is at least this wide */
	bool right;		/* numbers */
	bool middle;		/* cut in the middle: paths */
};

struct cell {
	char s[512];
	int style;
	double number;		/* sorts by this when has_number */
	bool has_number;
};

struct list {
	const struct column *cols;
	size_t ncols;
	void (*cell)(const void *rows, size_t row, size_t col, struct cell *ret);
	uint64_t (*id)(const void *rows, size_t row);
	const char *empty;	/* what is said when there is no row */

	/* the list's own */
	const void *rows;
	size_t *order, n, total;
	size_t cursor, top, height;
	uint64_t cursor_id;
	bool has_cursor, reverse, filtering;
	int sort;		/* column, -1 = the caller's order */
	char filter[64];
};

#define LIST_SORTED(l) ((l)->sort >= 0)

/* New rows (of a new snapshot): @n of them. Keeps the cursor on its thing. */
void list_set(struct list *l, const void *rows, size_t n);
/* Row number under the cursor in the caller's rows, or SIZE_MAX. */
size_t list_current(const struct list *l);
void list_select_id(struct list *l, uint64_t id);
void list_draw(struct list *l, struct box box);
bool list_request(struct list *l, enum request request);
/* While the filter is typed, keys go here; true = taken. */
bool list_key(struct list *l, int key);
/* "14", or "3 of 14" under a filter. */
const char *list_count(const struct list *l, char *buf, size_t size);

#endif
