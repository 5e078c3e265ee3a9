/* prompt.c - see prompt.h */
#include "widgets/prompt.h"

#include <string.h>

static size_t encode(int c, char out[4])
{
	if (c < 0x80)
		return out[0] = c, 1;
	if (c < 0x800)
		return out[0] = 0xc0 | c >> 6, out[1] = 0x80 | (c & 0x3f), 2;
	if (c < 0x10000)
		return out[0] = 0xe0 | c >> 12, out[1] = 0x80 | (c >> 6 & 0x3f),
		       out[2] = 0x80 | (c & 0x3f), 3;
	return out[0] = 0xf0 | c >> 18, out[1] = 0x80 | (c >> 12 & 0x3f),
	       out[2] = 0x80 | (c >> 6 & 0x3f), out[3] = 0x80 | (c & 0x3f), 4;
}

bool prompt_edit(char *text, size_t size, int key)
{
	size_t len = strlen(text);
	char c[4];

	if (key == K_BACKSPACE) {
		while (len && ((unsigned char)text[len - 1] & 0xc0) == 0x80)
			len--;
		text[len ? len - 1 : 0] = '\0';
		return true;
	}
	if (key == K_CTRL('u')) {
		text[0] = '\0';
		return true;
	}
	if (key < 0x20 || key == 0x7f || key >= K_UP)
		return false;
	if (len + encode(key, c) < size) {
		memcpy(text + len, c, encode(key, c));
		text[len + encode(key, c)] = '\0';
	}
	return true;
}

void prompt_draw(int y, int x, int w, const char *label, const char *text)
{
	int used = term_put(y, x, w, ST_ACCENT, label);

	/* A long text shows its end: that is where the typing happens. */
	while (*text && term_width(text) > w - used - 2)
		do
			text++;
		while (((unsigned char)*text & 0xc0) == 0x80);
	used += term_put(y, x + used, w - used, ST_NORMAL, text);
	term_cursor(y, x + used);
}
