/* prompt.h - one line of typed text */
#ifndef CAREEN_PROMPT_H
#define CAREEN_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "term.h"

/* One key into @text (UTF-8, @size bytes). false: the key is not a prompt's. */
bool prompt_edit(char *text, size_t size, int key);
/* "Label: text_" in one row of the box, with the cursor. */
void prompt_draw(int y, int x, int w, const char *label, const char *text);

#endif
