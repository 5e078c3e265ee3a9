/*
 * events.h - a job's events file: the one line format; private to core/run
 *
 * One record a line, fields separated by tabs, each escaped (base/text.h):
 *	v1  ms of CLOCK_BOOTTIME  kind  ...
 *	job step title pid wall undo	op index danger skippable deadline title command
 *	start index	progress index fraction*10000 text	note index text
 *	done index	fail index code why hint	end status sentence
 * The job record and all op records are written before job_start() returns. A
 * last line without its newline is not a record: the writer died in it.
 */
#ifndef CAREEN_EVENTS_H
#define CAREEN_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#define EVENTS_MAX_FIELDS 12

struct events {			/* the writer's side */
	int fd;
	size_t written;
	int64_t last_progress;
};

/* @fmt: 's' a text, 'd' a long. 0 or -errno. */
int events_put(struct events *ev, const char *kind, const char *fmt, ...);

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

#endif
