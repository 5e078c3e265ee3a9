/* swaps.c - /proc/swaps in rows (proc_swaps(5)) */
#include "model/swaps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/procfile.h"

/*
 * The next word of @line, or NULL. A blank in a name is written in octal [mm/swapfile.c
 * swap_show()], but not what else sscanf() ends a word at: a \r or \v is a part of the name.
 */
static char *next_word(const char **line)
{
	const char *at = *line + strspn(*line, " \t");
	size_t n = strcspn(at, " \t\n");

	*line = at + n;
	return n ? strndup(at, n) : NULL;
}

static bool parse_line(const char *line, struct swap *ret)
{
	char *path = next_word(&line), *type = next_word(&line);
	unsigned long long size, used;
	bool good = type && sscanf(line, "%llu %llu", &size, &used) == 2;

	if (good) {
		text_unoctal(path);
		text_fmt(ret->path, sizeof(ret->path), "%s", path);
		text_fmt(ret->type, sizeof(ret->type), "%s", type);
		ret->size = size * 1024;
		ret->used = used * 1024;
	}
	free(path);
	free(type);
	return good;
}

int swaps_parse(const char *text, struct swap **ret, unsigned *ret_n)
{
	void *rows = NULL;
	size_t n = 0, cap = 0;

	/* The first line is the heading. */
	for (text += strcspn(text, "\n"); *text; text += strcspn(text, "\n")) {
		struct swap row = { 0 };

		text++;
		if (!parse_line(text, &row))
			continue;
		if (!grow(&rows, n, &cap, sizeof(row))) {
			free(rows);
			return -ENOMEM;
		}
		((struct swap *)rows)[n++] = row;
	}
	*ret = rows;
	*ret_n = n;
	return 0;
}

int swaps_read(struct swap **ret, unsigned *ret_n)
{
	char *text;
	int code = file_read_all(AT_FDCWD, "/proc/swaps", &text, NULL);

	*ret = NULL;
	*ret_n = 0;
	/* A kernel without swap has no such file. */
	if (code < 0)
		return code == -ENOMEM ? code : 0;
	code = swaps_parse(text, ret, ret_n);
	free(text);
	return code;
}
