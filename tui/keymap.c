/* keymap.c - the keys; every function key has a letter beside it */
#include "keymap.h"

#include "term.h"

const struct keybind keymap[] = {
	{ REQ_HELP, { K_F1, '?' }, "F1 ?", "F1", "Help", "This page." },
	{ REQ_VIEW, { K_TAB }, "Tab", "Tab", "View",
	  "Next view: overview, mounts, holders, devices, vault, log." },
	{ REQ_VIEW_BACK, { K_BTAB }, "Shift-Tab", "S-Tab", "View", "The view before." },
	{ REQ_UP, { K_UP, 'k' }, "Up k", "k", "Up", "One line up." },
	{ REQ_DOWN, { K_DOWN, 'j' }, "Down j", "j", "Down", "One line down." },
	{ REQ_PAGE_UP, { K_PGUP, K_CTRL('b') }, "PgUp ^B", "PgUp", "Page", "One page up." },
	{ REQ_PAGE_DOWN, { K_PGDN, K_CTRL('f'), ' ' }, "PgDn ^F Space", "PgDn", "Page",
	  "One page down." },
	{ REQ_HOME, { K_HOME, 'g' }, "Home g", "g", "Top", "To the first line." },
	{ REQ_END, { K_END, 'G' }, "End G", "G", "End", "To the last line." },
	{ REQ_ENTER, { K_ENTER }, "Enter", "Enter", "Run step",
	  "Show the plan of the chosen step; in a plan: run it. Where a step is "
	  "blocked: go to the reason." },
	{ REQ_BACK, { K_ESC, K_LEFT, K_CTRL('c') }, "Esc Left", "Esc", "Back",
	  "Back, and nothing has happened." },
	{ REQ_PLAN, { 'p' }, "p", "p", "Plan",
	  "Show the plan of the chosen step; nothing runs before you confirm it." },
	{ REQ_JOB, { 'J' }, "J", "J", "Job", "The job under way, or the latest one." },
	{ REQ_FILTER, { '/' }, "/", "/", "Filter", "Show only lines with this text." },
	{ REQ_SORT_LEFT, { '<' }, "<", "<", "Sort", "Sort by the column to the left." },
	{ REQ_SORT_RIGHT, { '>' }, ">", ">", "Sort", "Sort by the column to the right." },
	{ REQ_SORT_REVERSE, { 'S' }, "S", "S", "Reverse", "Turn the order round." },
	{ REQ_RETRY, { 'r' }, "r", "r", "Retry", "After a failure: make the plan anew." },
	{ REQ_SKIP, { 's' }, "s", "s", "Skip",
	  "After a failure: go on without the operation, where that is safe." },
	{ REQ_BACK_OUT, { 'b' }, "b", "b", "Back out", "Go back to a normal system: resume." },
	{ REQ_STOP, { 'x' }, "x", "x", "Stop",
	  "Ask a running job to stop after the present operation; one that hangs past its deadline is "
	  "killed when asked again." },
	{ REQ_CLEAN, { 'c' }, "c", "c", "Clean/quick",
	  "In the plan of detach: stop services in their own order first, or not. Of unmount: close "
	  "the LUKS, LVM and md below the root, or keep them open." },
	{ REQ_STRATEGY, { 'y' }, "y", "y", "Strategy",
	  "In the plan of detach: the next way to take PID 1 over." },
	{ REQ_REBOOT, { 'B' }, "B", "B", "Reboot",
	  "In the plan of resume: the machine starts anew, from what is on its disk now." },
	{ REQ_POWER_OFF, { 'O' }, "O", "O", "Power off", "In the plan of resume: the machine goes off." },
	{ REQ_COMMANDS, { 'v' }, "v", "v", "Commands",
	  "In a plan: the equivalent shell command of each operation." },
	{ REQ_LOG, { 'L' }, "L", "L", "Log", "All jobs and what they said." },
	{ REQ_SHELL, { '!' }, "!", "!", "Shell", "A shell; leave it with exit." },
	{ REQ_TAKE_OVER, { 't' }, "t", "t", "Take over",
	  "When another operator writes: write instead of them." },
	{ REQ_REFRESH, { K_F5, 'R' }, "F5 R", "F5", "Refresh", "Look again, now." },
	{ REQ_REDRAW, { K_CTRL('l') }, "^L", "^L", "Redraw", "Draw the screen anew." },
	{ REQ_QUIT, { 'q', K_F10 }, "q F10", "q", "Quit",
	  "Leave the console. A job under way goes on." },
	{ REQ_NONE, { 0 }, 0, 0, 0, 0 },
};

enum request keymap_request(int key)
{
	for (const struct keybind *k = keymap; k->request; k++)
		for (int i = 0; i < 4 && k->key[i]; i++)
			if (k->key[i] == key)
				return k->request;
	return REQ_NONE;
}

const struct keybind *keymap_find(enum request request)
{
	const struct keybind *k = keymap;

	while (k->request && k->request != request)
		k++;
	return k;
}
