/* draw.c - text from outside, drawn and wrapped on a terminal of a few columns */
#include "term.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "fuzz_term.h"
#include "widgets/prompt.h"
#include "widgets/text.h"

void fuzz_one(char *text, size_t size)
{
	struct box box = { 2, 2, 8, 20 };
	size_t skip, n;
	char *at;

	fuzz_term();
	term_clear();
	for (int w = 0; w < 12; w++) {
		if (term_put(0, 1, w, ST_NORMAL, text) > w ||
		    term_put_middle(1, 1, w, ST_BOLD, text) > w)
			abort();
		term_put_right(1, 60, w, ST_BAD | ST_SELECT, text);
	}
	prompt_draw(11, 0, 40, "label", text);
	text_paragraph(box, ST_NORMAL, text);
	/* every byte of it gets its turn */
	for (at = text; *at; at += n + skip) {
		n = term_wrap(at, 7, &skip);
		if (!(n + skip) || n + skip > strlen(at))
			abort();
	}
	if (size)
		term_put(12, 0, 80, ST_NORMAL, text + size - 1);
	term_flush();
}
