/* text.c - strings that are made safe, and what is said of them in text.h */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fuzz.h"

static char *printed(void (*print)(FILE *out, const char *src), const char *text)
{
	char *s = NULL;
	size_t n;
	FILE *out = open_memstream(&s, &n);

	print(out, text);
	if (fclose(out))
		abort();
	return s;
}

static void must(bool good)
{
	if (!good)
		abort();
}

/* No byte of C0 and no DEL; @but one of them is. */
static bool is_tame(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

static void cleaned(const char *text, size_t room)
{
	char *a = malloc(room), *b = malloc(room);

	text_clean(a, room, text);
	text_clean(b, room, a);
	must(is_tame(a) && !strcmp(a, b) && strlen(a) < room);
	free(a);
	free(b);
}

void fuzz_one(char *text, size_t size)
{
	char *escaped = printed(text_escape, text), *json = printed(text_json, text);
	char *shell = printed(text_shell, text), buf[8];
	uint64_t n;

	cleaned(text, size + 1);
	cleaned(text, size / 2 + 1);
	must(is_tame(escaped) && is_tame(json));
	text_unescape(escaped);
	must(!strcmp(escaped, text));
	if (text_bytes(text, &n) == 0)
		must(strlen(text_size(buf, sizeof(buf), n)) <= 5);
	text_has_word(text, text + size / 2);
	text_unoctal(json);
	text_unoctal(text);
	free(escaped);
	free(json);
	free(shell);
}
