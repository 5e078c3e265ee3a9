/* confirm.h - what is typed below a plan before it runs: a word, a passphrase */
#ifndef CAREEN_SCREENS_CONFIRM_H
#define CAREEN_SCREENS_CONFIRM_H

#include <stdbool.h>

#include "term.h"

struct console;
struct plan;
struct text;

/* For @plan, which outlives it; what was typed for another is forgotten. */
void confirm_begin(struct plan *plan);
/* Is anything to be typed? Otherwise Enter alone does it. */
bool confirm_needed(void);
/* What is to be typed now, as a line of @foot. */
void confirm_ask(struct text *foot);
/* The line that it is typed on, the last of @box. */
void confirm_draw(struct box box);
/* true: @key was for it. */
bool confirm_key(int key);
/* Enter: true once all is there, and the plan has its secret. If not, why is said. */
bool confirm_enter(struct console *c);

#endif
