/* keymap.h - keys as data: dispatch, key bar and help come from the same rows */
#ifndef CAREEN_KEYMAP_H
#define CAREEN_KEYMAP_H

#include <stddef.h>

enum request {
	REQ_NONE, REQ_HELP, REQ_VIEW, REQ_VIEW_BACK, REQ_ENTER, REQ_BACK, REQ_PLAN,
	REQ_FILTER, REQ_SORT_LEFT, REQ_SORT_RIGHT, REQ_SORT_REVERSE, REQ_SHELL, REQ_LOG,
	REQ_JOB, REQ_TAKE_OVER, REQ_REFRESH, REQ_REDRAW, REQ_UP, REQ_DOWN, REQ_PAGE_UP,
	REQ_PAGE_DOWN, REQ_HOME, REQ_END, REQ_RETRY, REQ_SKIP, REQ_BACK_OUT, REQ_STOP,
	REQ_CLEAN, REQ_STRATEGY, REQ_REBOOT, REQ_POWER_OFF, REQ_COMMANDS, REQ_QUIT,
};

struct keybind {
	enum request request;
	int key[4];		/* 0 ends it */
	const char *keys;	/* as the help writes them: "F1 ?" */
	const char *bar;	/* as the key bar writes them: "F1" */
	const char *name;	/* "Help" */
	const char *help;	/* a sentence */
};

extern const struct keybind keymap[];	/* request REQ_NONE ends it */

enum request keymap_request(int key);
const struct keybind *keymap_find(enum request request);

#endif
