/*
 * scan_internal.h - between scan.c (one reference), scan_process.c (all of one
 * process) and scan_special.c (descriptors that hold more than a file)
 */
#ifndef CAREEN_SCAN_INTERNAL_H
#define CAREEN_SCAN_INTERNAL_H

#include "model/scan.h"

/* One reference, told. */
enum verdict {
	FREE, HELD,
	DEVICE,			/* the block device itself */
	NAMESPACE,		/* one with held mounts in it */
	NEW_NAMESPACE,		/* in no table: nobody is in it, it is new, or of another kind */
	SOCKET, ANONYMOUS,	/* no file, but it may hold others: see scan_special.c */
	UNKNOWN,		/* it could not be looked at */
	GONE,
};

struct ref {
	dev_t dev;
	uint64_t ino;
};

/* How telling each kind of reference is to an operator, low to high. */
enum {
	RANK_NS = 1, RANK_ROOT, RANK_PSEUDO, RANK_EXE, RANK_MAP, RANK_CWD, RANK_SPECIAL,
	RANK_FD, RANK_DEV
};

enum verdict scan_look(const struct scan *sc, int dirfd, const char *name, struct ref *ret);
/* @text is what @f holds, unless something more telling is known. */
void scan_name(const struct scan *sc, struct found *f, int rank, dev_t dev, const char *text);
/* Descriptor @fd of task @taskfd, of @verdict SOCKET or ANONYMOUS: what it holds besides. */
void scan_special(const struct scan *sc, struct found *f, int taskfd, const char *fd,
		  enum verdict verdict, const struct ref *ref);
/* The kernel's own form of a device number [include/linux/kdev_t.h]. */
dev_t scan_kernel_dev(unsigned dev);
enum verdict scan_tell_ns(const struct scan *sc, uint64_t ns);
/* What an errno of looking means. */
enum verdict scan_error(int code);
/* Mount @id: -1 in no table, 0 not held, 1 held. */
int scan_id_held(const struct scan *sc, int id);
/* A held mount is on this superblock, and no disk is. */
bool scan_is_pseudo(const struct scan *sc, dev_t dev);

#endif
