/* deadman.h - what the dead-man timer would do, and why: a pure judgement */
#ifndef CAREEN_PLAN_DEADMAN_H
#define CAREEN_PLAN_DEADMAN_H

#include <stddef.h>

#include "model/snapshot.h"

enum deadman_end {
	DEADMAN_RESUMES,
	DEADMAN_REBOOTS,	/* only as the operator chose */
	DEADMAN_HOLDS,		/* nothing; the way in stays open */
};

/* @why: one sentence, for the operator. */
enum deadman_end deadman_end(const struct snapshot *s, char *why, size_t size);

#endif
