/* snapshot_internal.h - what only the parts together tell (inside core/model) */
#ifndef CAREEN_SNAPSHOT_INTERNAL_H
#define CAREEN_SNAPSHOT_INTERNAL_H

#include "model/snapshot.h"

/*
 * Who uses the devices that are in use without a mount, swap or stack: the
 * process that has it open, else a HOLDER_UNSEEN row for one of the old root's.
 */
int snapshot_name_users(struct snapshot *s);

#endif
