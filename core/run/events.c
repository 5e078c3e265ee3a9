/* events.c - a job's events file, written and read */
#include "run/events.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "run/exec.h"

#define FILE_MAX (16u << 20)		/* notes are dropped beyond it */
#define PROGRESS_MAX (12u << 20)	/* progress is dropped beyond it */
#define PROGRESS_MS 200

static int write_record(struct events *ev, const char *text, size_t len)
{
	ssize_t n;

	do
		n = write(ev->fd, text, len);	/* O_APPEND: one record, one write */
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	ev->written += (size_t)n;
	return (size_t)n == len ? 0 : -ENOSPC;
}

/* Is there room for it, and is it not too often? What ends an op always is. */
static bool wanted(struct events *ev, const char *kind)
{
	int64_t now = now_ms();

	if (!strcmp(kind, "note"))
		return ev->written < FILE_MAX;
	if (strcmp(kind, "progress"))
		return true;
	if (ev->written >= PROGRESS_MAX || now - ev->last_progress < PROGRESS_MS)
		return false;
	ev->last_progress = now;
	return true;
}

int events_put(struct events *ev, const char *kind, const char *fmt, ...)
{
	char *text = NULL;
	size_t len = 0;
	va_list ap;
	FILE *out;
	int r;

	if (!wanted(ev, kind))
		return 0;
	out = open_memstream(&text, &len);
	if (!out)
		return -ENOMEM;
	fprintf(out, "v1\t%lld\t%s", (long long)now_ms(), kind);
	va_start(ap, fmt);
	for (; *fmt; fmt++) {
		fputc('\t', out);
		if (*fmt == 'd')
			fprintf(out, "%ld", va_arg(ap, long));
		else
			text_escape(out, va_arg(ap, const char *));
	}
	va_end(ap);
	fputc('\n', out);
	r = fclose(out) == 0 ? write_record(ev, text, len) : -ENOMEM;
	free(text);
	return r;
}

static void cut_fields(char *line, struct event *ret)
{
	char *p = line, *tab;

	ret->n = 0;
	while (p && ret->n < EVENTS_MAX_FIELDS) {
		tab = strchr(p, '\t');
		if (tab)
			*tab = '\0';
		text_unescape(p);
		ret->field[ret->n++] = p;
		p = tab ? tab + 1 : NULL;
	}
}

int events_next(char **text, struct event *ret)
{
	char *line, *end;
	struct event all;

	while ((end = strchr(*text, '\n'))) {
		line = *text;
		*end = '\0';
		*text = end + 1;
		cut_fields(line, &all);
		if (all.n < 3 || strcmp(all.field[0], "v1"))
			continue;	/* a later careen's, or damage */
		ret->ms = strtoll(all.field[1], NULL, 10);
		ret->kind = all.field[2];
		ret->n = all.n - 3;
		memcpy(ret->field, all.field + 3, ret->n * sizeof(char *));
		return 1;
	}
	return 0;
}

const char *event_text(const struct event *e, size_t i)
{
	return i < e->n ? e->field[i] : "";
}

long event_long(const struct event *e, size_t i)
{
	return i < e->n ? strtol(e->field[i], NULL, 10) : 0;
}
