/* swaps.c - /proc/swaps in rows (proc_swaps(5)) */
#include "model/swaps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/procfile.h"

static bool parse_line(const char *line, struct swap *ret)
{
	unsigned long long size, used;

	if (sscanf(line, "%255s %11s %llu %llu", ret->path, ret->type, &size, &used) != 4)
		return false;
	text_unoctal(ret->path);
	ret->size = size * 1024;
	ret->used = used * 1024;
	return true;
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
