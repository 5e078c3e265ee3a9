/*
 * watch.h - what wakes the console: the kernel's events and new snapshots
 *
 * Snapshots are taken by a thread, so that neither a slow machine nor a dead
 * file system ever holds up a key.
 */
#ifndef CAREEN_WATCH_H
#define CAREEN_WATCH_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/snapshot.h"

enum { WATCH_MOUNTS, WATCH_UEVENT, WATCH_JOBS, WATCH_JOB, WATCH_WORKER, WATCH_FDS };

struct watch;

struct watch *watch_new(void);
void watch_free(struct watch *w);
/* Fill in WATCH_FDS rows for poll(). */
void watch_poll(const struct watch *w, struct pollfd *fds);
/* Follow this job ("" = none). */
void watch_job(struct watch *w, const char *id);

struct watch_events {
	bool machine;		/* mounts or devices have changed */
	bool job;		/* the job's files have changed, or there is a new job */
	struct snapshot *snap;	/* a new one, the caller's; NULL = none */
	bool failed;		/* a snapshot could not be taken: why in error */
	struct error error;
};

void watch_handle(struct watch *w, const struct pollfd *fds, struct watch_events *ret);

/* Ask for a snapshot; one at a time, others are coalesced. */
void watch_refresh(struct watch *w);
bool watch_busy(const struct watch *w);
/* How long the last one took, and when it ended (clock_mono_ms()). */
int64_t watch_cost_ms(const struct watch *w);
int64_t watch_ended_ms(const struct watch *w);

#endif
