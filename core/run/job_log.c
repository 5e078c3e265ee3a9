/* job_log.c - a job's events as text to read, or as JSON */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "run/events.h"
#include "run/exec.h"
#include "run/job.h"
#include "run/job_files.h"

/* Field names of each kind, for JSON; a leading '#' says it is a number. */
static const struct {
	const char *kind;
	const char *fields[EVENTS_MAX_FIELDS];
} kinds[] = {
	{ "job", { "step", "title", "#pid", "#wall", "undo" } },
	{ "op", { "#index", "#danger", "#skippable", "#deadline", "title", "command" } },
	{ "start", { "#index" } },
	{ "progress", { "#index", "#fraction", "text" } },
	{ "note", { "#index", "text" } },
	{ "done", { "#index" } },
	{ "skip", { "#index" } },
	{ "fail", { "#index", "#code", "why", "hint" } },
	{ "end", { "status", "sentence" } },
};

static void print_json(FILE *out, const char *id, const struct event *e)
{
	const char *name;
	size_t k, i;

	fputs("{\"job\":", out);
	text_json(out, id);
	fprintf(out, ",\"ms\":%lld,\"event\":", (long long)e->ms);
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
	fputs("}\n", out);
}

struct reader {
	FILE *out;
	const char *id;
	int64_t began;		/* ms of the job record */
	char **titles;
	size_t n;
};

static const char *title(const struct reader *r, const struct event *e)
{
	long i = event_long(e, 0);

	return i >= 0 && (size_t)i < r->n ? r->titles[i] : "?";
}

static void line(const struct reader *r, const struct event *e, const char *mark,
		 const char *text)
{
	char clean[1100];

	fprintf(r->out, "%9.3f  %s%s\n", (double)(e->ms - r->began) / 1000, mark,
		text_clean(clean, sizeof(clean), text));
}

static void print_head(struct reader *r, const struct event *e)
{
	time_t wall = event_long(e, 3);
	char date[40] = "?", clean[256];
	struct tm tm;

	r->began = e->ms;
	if (gmtime_r(&wall, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &tm);
	fprintf(r->out, "job %s  %s  %s\n", r->id, date,
		text_clean(clean, sizeof(clean), event_text(e, 1)));
	if (*event_text(e, 4))
		fprintf(r->out, "           %s\n", text_clean(clean, sizeof(clean), event_text(e, 4)));
}

static void keep_title(struct reader *r, const struct event *e)
{
	char **more = reallocarray(r->titles, r->n + 1, sizeof(*more));

	if (!more)
		return;
	r->titles = more;
	more[r->n] = strdup(event_text(e, 4));
	r->n += more[r->n] != NULL;
}

static void print_text(struct reader *r, const struct event *e)
{
	if (!strcmp(e->kind, "job"))
		print_head(r, e);
	else if (!strcmp(e->kind, "op"))
		keep_title(r, e);
	else if (!strcmp(e->kind, "start"))
		line(r, e, "", title(r, e));
	else if (!strcmp(e->kind, "note"))
		line(r, e, "  ", event_text(e, 1));
	else if (!strcmp(e->kind, "fail")) {
		line(r, e, "  FAILED: ", event_text(e, 2));
		if (*event_text(e, 3))
			line(r, e, "  ", event_text(e, 3));
	} else if (!strcmp(e->kind, "end"))
		line(r, e, "", event_text(e, 1));
}

int job_print_log(const char *id, bool json, FILE *out, struct error *err)
{
	char real[16], path[256], *text, *rest;
	struct reader r = { .out = out, .id = real };
	struct event e;
	size_t i;
	int code = job_find(id, real);

	if (code < 0)
		return error_set(err, code, "read job", id ? id : "", "there is no such job", NULL);
	text = rest = read_whole(job_path(path, sizeof(path), real, "events"));
	if (!text)
		return error_set(err, errno, "read", path, NULL, NULL);
	while (events_next(&rest, &e)) {
		if (json)
			print_json(out, real, &e);
		else
			print_text(&r, &e);
	}
	for (i = 0; i < r.n; i++)
		free(r.titles[i]);
	free(r.titles);
	free(text);
	return 0;
}
