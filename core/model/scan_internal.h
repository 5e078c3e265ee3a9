/* scan_internal.h - between scan.c (one reference) and scan_process.c (all of one) */
#ifndef CAREEN_SCAN_INTERNAL_H
#define CAREEN_SCAN_INTERNAL_H

#include "model/scan.h"

/* One reference, told. */
enum verdict {
	FREE, HELD,
	DEVICE,			/* the block device itself */
	NAMESPACE,		/* one with held mounts in it */
	NEW_NAMESPACE,		/* in no table: nobody is in it, it is new, or of another kind */
	UNKNOWN,		/* it could not be looked at */
	GONE,
};

enum verdict scan_look(const struct scan *sc, int dirfd, const char *name, dev_t *ret_dev);
enum verdict scan_tell_ns(const struct scan *sc, uint64_t ns);
/* What an errno of looking means. */
enum verdict scan_error(int code);
/* Mount @id: -1 in no table, 0 not held, 1 held. */
int scan_id_held(const struct scan *sc, int id);
/* A held mount is on this superblock, and no disk is. */
bool scan_is_pseudo(const struct scan *sc, dev_t dev);

#endif
