/* doctor.h - would the rescue work tonight? Facts for careen doctor, which judges them */
#ifndef CAREEN_DOCTOR_H
#define CAREEN_DOCTOR_H

#include <stdbool.h>

#include "base/error.h"
#include "model/hostkeys.h"
#include "model/images.h"
#include "model/keylist.h"
#include "model/settings.h"

/* What the files say, of the normal system and of the rescue in RAM. */
struct doctor {
	struct images images;
	struct keylist keys;		/* /etc/careen/authorized_keys */
	struct keylist ram_keys;	/* what the rescue in RAM has */
	struct inputs ram;		/* what that was made of; ->n 0 unknown */
	char ram_changed[300];		/* which of it has changed since */
	struct settings settings;	/* the rescue's */
};

/*
 * Look at them, @lifeline being the rescue's or 0: in a child with a deadline. To be freed by
 * doctor_free(). Changes nothing.
 */
int doctor_look(int lifeline, struct doctor **ret, struct error *err);
void doctor_free(struct doctor *d);

/*
 * A real login at the rescue of @lifeline, from here, with a key that is made for it and let in
 * for the moment, for one command. @keys are the host keys that must be seen. 0, and what careen
 * there says of its version. Whatever ends us, key and permission are taken away again by a
 * process of their own, and by the next call. -EBUSY: another one is at it.
 */
int doctor_login(int lifeline, const struct hostkeys *keys, char *version, size_t size,
		 struct error *err);

#endif
