/* deadman.c - what the dead-man timer would do, and why */
#include "plan/deadman.h"

#include <string.h>

#include "base/text.h"
#include "model/stack.h"

/* The layer that only a secret opens again: nobody would be there to give it. */
static const struct layer *closed_secret(const struct snapshot *s)
{
	unsigned i;

	for (i = 0; s->parts & SNAP_DEVICES && i < s->old.nlayers; i++)
		if (!strcmp(s->old.layer[i].type, "crypt") &&
		    !stack_is_open(&s->devs, &s->old.layer[i]))
			return &s->old.layer[i];
	return NULL;
}

enum deadman_end deadman_end(const struct snapshot *s, char *why, size_t size)
{
	const struct layer *closed = closed_secret(s);

	if (s->old.written && strcmp(s->deadman.end, "resume") && strcmp(s->deadman.end, "reboot")) {
		text_fmt(why, size, "A disk has been written to: nothing starts by itself.");
		return DEADMAN_HOLDS;
	}
	if (closed) {
		text_fmt(why, size, "%s is closed, and only its passphrase opens it: nothing starts by itself.",
			 closed->name);
		return DEADMAN_HOLDS;
	}
	if (!s->old.written) {
		text_fmt(why, size, "Nothing has been written: the system starts again from its disk.");
		return DEADMAN_RESUMES;
	}
	text_fmt(why, size, "As you chose: if the last job was successful and the disk is ready for it.");
	return !strcmp(s->deadman.end, "reboot") ? DEADMAN_REBOOTS : DEADMAN_RESUMES;
}
