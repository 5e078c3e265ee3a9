/* programs.h - which programs are here: by name, as a shell would find them */
#ifndef CAREEN_PROGRAMS_H
#define CAREEN_PROGRAMS_H

#include <stdbool.h>

struct programs {
	char *names;		/* blank-separated; NULL: nobody has looked */
};

/* Busybox's applets are left out: of most tools they know few options, or none. */
int programs_read(struct programs *p);
void programs_free(struct programs *p);
/* True, too, when nobody has looked. */
bool programs_have(const struct programs *p, const char *name);

#endif
