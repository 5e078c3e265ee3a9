/*
 * deadman.h - the dead-man timer, and the new login that Kill waits for
 *
 * Files under /run/careen, each written by one kind of writer, each with a whole
 * truth of its own, so that nobody has to read before writing:
 *
 *	deadman		"PERIOD_S SINCE_MS END": it is armed (a job, `careen deadman`)
 *	alive		an operator's last key (consoles, `careen deadman keep`)
 *	busy		a job that does not hang or an operator's program was last seen at work
 *			(the lifeline); both are empty, and their time of modification says when
 *	relogin		"PERIOD_S SINCE_MS": a new login is awaited (the job of Kill)
 *	deadman.said	how its last attempt ended, if not well
 *
 * Times are CLOCK_BOOTTIME in milliseconds: suspend counts, nobody can set it.
 */
#ifndef CAREEN_DEADMAN_H
#define CAREEN_DEADMAN_H

#include <stdbool.h>
#include <stdint.h>

struct deadman {
	bool armed;
	uint32_t period_s;
	int64_t since_ms, alive_ms, busy_ms;
	char end[8];		/* after a write: "hold", "resume" or "reboot" */
	bool relogin;		/* a new login is awaited */
	uint32_t relogin_s;
	int64_t relogin_since_ms;
	char said[200];		/* why the last attempt did not end it; "" */
};

/* From the files below /run/careen; nothing is armed without them. */
void deadman_read(struct deadman *d);
/* What is left at @now_ms, in milliseconds, never negative; whether it is armed is another question. */
int64_t deadman_left_ms(const struct deadman *d, int64_t now_ms);
int64_t relogin_left_ms(const struct deadman *d, int64_t now_ms);
/* A job or an operator's program is at work: both wait. */
bool deadman_waits(const struct deadman *d, int64_t now_ms);

#endif
