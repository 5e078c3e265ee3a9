/*
 * unfinished.c - a repair that has begun and not ended
 *
 * Lines of a key and a value: tool, dev ("254:1 3", the second is its diskseq), uuid,
 * label, fstype, set (an answer, "key=value"; more than one), done (the number of an
 * operation; more than one). A label may have anything in it: each value has
 * text_escape()'s escapes. core/run/journal.c writes it.
 */
#include "model/unfinished.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/text.h"
#include "model/procfile.h"

static void take_key(struct unfinished *u, const char *key, const char *value)
{
	unsigned maj, min;
	unsigned long long seq;
	unsigned long n;

	if (!strcmp(key, "tool"))
		text_fmt(u->tool, sizeof(u->tool), "%s", value);
	else if (!strcmp(key, "uuid"))
		text_fmt(u->uuid, sizeof(u->uuid), "%s", value);
	else if (!strcmp(key, "label"))
		text_fmt(u->label, sizeof(u->label), "%s", value);
	else if (!strcmp(key, "fstype"))
		text_fmt(u->fstype, sizeof(u->fstype), "%s", value);
	else if (!strcmp(key, "dev") && sscanf(value, "%u:%u %llu", &maj, &min, &seq) == 3)
		u->dev = makedev(maj, min), u->diskseq = seq;
	else if (!strcmp(key, "set") && u->nanswers < sizeof(u->answer) / sizeof(u->answer[0]))
		text_fmt(u->answer[u->nanswers++], sizeof(u->answer[0]), "%s", value);
	else if (!strcmp(key, "done") && (n = strtoul(value, NULL, 10)) < 32)
		u->done |= 1u << n;
}

void unfinished_parse(struct unfinished *u, const char *text)
{
	const char *line, *next;
	char key[16], value[1100];	/* a label of 255 bytes, each escaped */
	int at;

	*u = (struct unfinished){ 0 };
	for (line = text; *line; line = *next ? next + 1 : next) {
		next = line + strcspn(line, "\n");
		/* one blank: a value may be empty */
		at = 0;
		if (sscanf(line, "%15s%*1[ ]%n", key, &at) == 1 && at && at <= next - line) {
			text_fmt(value, sizeof(value), "%.*s", (int)(next - line) - at, line + at);
			text_unescape(value);
			take_key(u, key, value);
		}
	}
}

void unfinished_read(struct unfinished *u, const char *path)
{
	char *text;

	*u = (struct unfinished){ 0 };
	if (file_read_all(AT_FDCWD, path, &text, NULL) < 0)
		return;
	unfinished_parse(u, text);
	free(text);
}

bool unfinished_is(const struct unfinished *u, const char *tool, const struct blockdev *dev)
{
	return *u->tool && u->dev == dev->dev && (!tool || !strcmp(u->tool, tool)) &&
	       (!u->diskseq || !dev->diskseq || u->diskseq == dev->diskseq);
}

const char *unfinished_answer(const struct unfinished *u, const char *tool,
			      const struct blockdev *dev, const char *key)
{
	size_t len = strlen(key);
	unsigned i;

	for (i = 0; unfinished_is(u, tool, dev) && i < u->nanswers; i++)
		if (!strncmp(u->answer[i], key, len) && u->answer[i][len] == '=')
			return u->answer[i] + len + 1;
	return NULL;
}
