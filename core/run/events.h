/*
 * events.h - a job's events file: the one line format; private to core/run
 *
 * One record a line, fields separated by tabs, each escaped (base/text.h):
 *	v1  ms of CLOCK_BOOTTIME  kind  ...
 *	job step title pid wall undo wall_ms
 *	op index danger skippable deadline title command outline
 *	start index	progress index fraction*10000 text	note index text
 *	done index	skip index	fail index code why hint
 *	end status sentence
 * The job record and all op records are written before job_start() returns. A
 * last line without its newline is not a record: the writer died in it.
 */
#ifndef CAREEN_EVENTS_H
#define CAREEN_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "run/remote_log.h"

#define EVENTS_MAX_FIELDS 12

struct events {			/* the writer's side */
	int fd;
	char id[16];
	long index;		/* the op under way */
	int64_t room;		/* so much is reserved for the file, from its beginning */
	bool cut;		/* notes were dropped: there is no room */
	int64_t last_progress, last_sent;
	struct remote_log remote;
};

/* @fmt: 's' a text, 'd' a long. 0 or -errno. */
int events_put(struct events *ev, const char *kind, const char *fmt, ...);
/* What was reserved and not used is given back. */
void events_end(struct events *ev);

struct event {			/* the reader's side */
	int64_t ms;
	const char *kind;
	char *field[EVENTS_MAX_FIELDS];
	size_t n;
};

/* Next record of @*text, which is cut into pieces; 0 at the end. */
int events_next(char **text, struct event *ret);
const char *event_text(const struct event *e, size_t i);	/* "" if missing */
long event_long(const struct event *e, size_t i);		/* 0 if missing */
int64_t event_wall_ms(const struct event *job);			/* of a job record */

/* "2026-11-26T12:00:03.042Z" */
const char *event_time(char *buf, size_t size, int64_t wall_ms);
/* One JSON object, without a newline at its end. */
void event_json(FILE *out, const char *id, int64_t wall_ms, const struct event *e);

#endif
