/* events.c - a job's events file, written and read */
#include "run/events.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "run/exec.h"

#define FILE_MAX (16 << 20)		/* notes are dropped beyond it */
#define PROGRESS_MAX (12 << 20)		/* progress is dropped beyond it */
#define PROGRESS_MS 200
#define SENT_MS 5000			/* ... and between two that are sent away */
/*
 * What ends an operation, and the job, is never dropped: for that there is always so much
 * more reserved, as long as the file system has anything to give.
 */
#define LAST_WORDS (64 << 10)
#define CHUNK (256 << 10)

static int64_t size_of(const struct events *ev)
{
	struct stat st;

	return fstat(ev->fd, &st) == 0 ? st.st_size : 0;
}

static bool reserve(struct events *ev, int64_t bytes)
{
	int r;

	do
		r = fallocate(ev->fd, FALLOC_FL_KEEP_SIZE, 0, bytes);
	while (r < 0 && errno == EINTR);
	if (r < 0 && errno == ENOSPC)
		return false;
	/* not here: then what there is, is for everybody */
	ev->room = r < 0 ? INT64_MAX : bytes;
	return true;
}

/* Room for @len bytes, and for the last words behind them. */
static bool has_room(struct events *ev, size_t len)
{
	int64_t want = size_of(ev) + (int64_t)len + LAST_WORDS;

	return want <= ev->room || reserve(ev, want + CHUNK) || reserve(ev, want);
}

static int write_record(struct events *ev, const char *text, size_t len)
{
	int64_t before = size_of(ev);
	ssize_t n;
	int r = 0;

	do
		n = write(ev->fd, text, len);	/* O_APPEND: one record, one write */
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len)
		return 0;
	/* half a line would spoil the next one */
	r = n < 0 ? -errno : -ENOSPC;
	if (n > 0 && ftruncate(ev->fd, before) < 0)
		r = -errno;
	return r;
}

/* Too often? */
static bool throttled(int64_t *last, int64_t every)
{
	int64_t now = now_ms();

	if (now - *last < every)
		return true;
	*last = now;
	return false;
}

static char *record(size_t *len, const char *kind, const char *fmt, va_list ap)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (!out)
		return NULL;
	fprintf(out, "v1\t%lld\t%s", (long long)now_ms(), kind);
	for (; *fmt; fmt++) {
		fputc('\t', out);
		if (*fmt == 'd')
			fprintf(out, "%ld", va_arg(ap, long));
		else
			text_escape(out, va_arg(ap, const char *));
	}
	fputc('\n', out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static char *recordf(size_t *len, const char *kind, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = record(len, kind, fmt, ap);
	va_end(ap);
	return text;
}

static void send_away(struct events *ev, const char *text)
{
	char *copy, *rest;
	struct event e;

	if (ev->remote.fd <= 0)
		return;
	copy = rest = strdup(text);
	if (copy && events_next(&rest, &e))
		remote_log_put(&ev->remote, ev->id, &e);
	free(copy);
}

/* Once for each gap: the reader must know that there is one. */
static void tell_cut(struct events *ev, const char *why)
{
	char text[160], *line;
	size_t len;

	if (ev->cut)
		return;
	ev->cut = true;
	text_fmt(text, sizeof(text), "the log is cut here: %s; what ends an operation is still told", why);
	line = recordf(&len, "note", "ds", ev->index, text);
	if (!line)
		return;
	send_away(ev, line);
	write_record(ev, line, len);
	free(line);
}

/* May it be missing? Then it must not take the room of what may not. */
static bool fits(struct events *ev, const char *kind, size_t len)
{
	bool note = !strcmp(kind, "note"), room = has_room(ev, len);
	int64_t size = size_of(ev);

	if (!strcmp(kind, "progress"))
		return room && size < PROGRESS_MAX;
	if (!note)
		return true;
	if (room && size < FILE_MAX) {
		ev->cut = false;
		return true;
	}
	tell_cut(ev, room ? "it has reached 16 MiB" : "there is no room in /run/careen");
	return false;
}

int events_put(struct events *ev, const char *kind, const char *fmt, ...)
{
	bool progress = !strcmp(kind, "progress");
	size_t len = 0;
	va_list ap;
	char *text;
	int r;

	if (progress && throttled(&ev->last_progress, PROGRESS_MS))
		return 0;
	va_start(ap, fmt);
	text = record(&len, kind, fmt, ap);
	va_end(ap);
	if (!text)
		return -ENOMEM;
	if (!progress || !throttled(&ev->last_sent, SENT_MS))
		send_away(ev, text);
	r = fits(ev, kind, len) ? write_record(ev, text, len) : 0;
	free(text);
	return r;
}

void events_end(struct events *ev)
{
	int64_t size = size_of(ev);

	/* to the size it has: tmpfs frees what lies behind it */
	if (size && ftruncate(ev->fd, size) < 0)
		errno = 0;
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

/* A file that is no job's may say anything; what is later than the year 9999 is nonsense. */
static int64_t sane_ms(int64_t ms)
{
	return ms < 0 || ms > 253402300799999 ? 0 : ms;
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
		ret->ms = sane_ms(strtoll(all.field[1], NULL, 10));
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

int64_t event_wall_ms(const struct event *job)
{
	int64_t ms = event_long(job, 5);

	return sane_ms(ms ? ms : 1000 * sane_ms(event_long(job, 3)));
}

const char *event_time(char *buf, size_t size, int64_t wall_ms)
{
	time_t wall = wall_ms / 1000;
	char date[40] = "";
	struct tm tm;

	if (gmtime_r(&wall, &tm))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	return text_fmt(buf, size, "%s.%03dZ", date, (int)(wall_ms % 1000));
}

/* Field names of each kind; a leading '#' says it is a number. */
static const struct {
	const char *kind;
	const char *fields[EVENTS_MAX_FIELDS];
} kinds[] = {
	{ "job", { "step", "title", "#pid", "#wall", "undo", "#wall_ms" } },
	{ "op", { "#index", "#danger", "#skippable", "#deadline", "title", "command", "#outline" } },
	{ "start", { "#index", "title" } },
	{ "progress", { "#index", "#fraction", "text" } },
	{ "note", { "#index", "text" } },
	{ "done", { "#index" } },
	{ "skip", { "#index" } },
	{ "fail", { "#index", "#code", "why", "hint" } },
	{ "end", { "status", "sentence" } },
};

void event_json(FILE *out, const char *id, int64_t wall_ms, const struct event *e)
{
	const char *name;
	char when[40];
	size_t k, i;

	fputs("{\"job\":", out);
	text_json(out, id);
	fprintf(out, ",\"time\":\"%s\",\"ms\":%lld,\"event\":", event_time(when, sizeof(when), wall_ms),
		(long long)e->ms);
	text_json(out, e->kind);
	for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		if (strcmp(kinds[k].kind, e->kind))
			continue;
		for (i = 0; i < e->n && kinds[k].fields[i]; i++) {
			name = kinds[k].fields[i];
			fprintf(out, ",\"%s\":", name[0] == '#' ? name + 1 : name);
			if (name[0] == '#')
				fprintf(out, "%ld", event_long(e, i));
			else
				text_json(out, event_text(e, i));
		}
	}
	fputc('}', out);
}
