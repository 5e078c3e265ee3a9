/* blockprobe.h - what has to open the disks, in children with a deadline */
#ifndef CAREEN_BLOCKPROBE_H
#define CAREEN_BLOCKPROBE_H

#include "model/blockdevs.h"

/*
 * Fill in fstype, label, uuid, parttype and busy_open. Devices in use anyway
 * (mounted, swap, stacked) are not opened exclusively: it is known, and the
 * attempt could get in somebody's way. A disk that does not answer is ->silent,
 * and busy as far as anybody can tell. Roms without a medium get size 0.
 */
int blockdevs_probe(struct blockdevs *bs, struct error *err);
extern unsigned blockdevs_deadline_ms;	/* 10 s; less only in tests */

/*
 * Open a block device read-only and exclusively (open(2), O_EXCL: EBUSY if it
 * is in use), looking again for 0.2 s before it is called busy. The caller
 * closes. A descriptor or -errno; may hang on a dead disk: call it in a child.
 */
int blockdev_open_exclusive(const char *path);

#endif
