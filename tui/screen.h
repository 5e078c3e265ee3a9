/*
 * screen.h - one screen is one table of operations
 *
 * A screen keeps what it shows in static variables of its file: there is one
 * of each. The console calls update() whenever the snapshot or the job is a
 * new one; until then the rows that a list borrows stay valid.
 */
#ifndef CAREEN_SCREEN_H
#define CAREEN_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "keymap.h"
#include "term.h"

struct console;

/* One word of the key bar; @name NULL: the key's own. */
struct hint {
	enum request request;
	const char *name;
};

struct screen_ops {
	const char *name;	/* "holders": also what step_state.see says */
	const char *about;	/* one line for the help */
	bool view;		/* Tab goes round these */
	bool polled;		/* shows what the kernel does not announce */

	void (*open)(struct console *c);
	void (*close)(struct console *c);
	void (*update)(struct console *c);
	void (*title)(const struct console *c, char *left, char *right, size_t size);
	void (*draw)(struct console *c, struct box box);
	bool (*request)(struct console *c, enum request request);
	/* Before the keymap: while something is typed. true = taken. */
	bool (*key)(struct console *c, int key);
	const struct hint *(*hints)(const struct console *c);	/* request REQ_NONE ends */
};

extern const struct screen_ops screen_overview, screen_mounts, screen_holders,
	screen_devices, screen_vault, screen_log, screen_plan, screen_job, screen_help, screen_tools,
	screen_ask, screen_table, screen_job_log;
/* The views in Tab's order, NULL-terminated. */
extern const struct screen_ops *const screen_views[];

const struct screen_ops *screen_find(const char *name);

/* The stack: the base is a view, the rest is on top of it. */
const struct screen_ops *screen_top(const struct console *c);
/* Push; if it is open already, what lies above it is closed. */
void screen_push(struct console *c, const struct screen_ops *ops);
void screen_pop(struct console *c);
/* Next (1) or previous (-1) view. */
void screen_turn(struct console *c, int step);
void screen_update(struct console *c);
void screen_draw(struct console *c);

#endif
