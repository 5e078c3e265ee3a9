/* oldroot.h - what the old root is, or was at detach (inside core/model) */
#ifndef CAREEN_OLDROOT_H
#define CAREEN_OLDROOT_H

#include "model/snapshot.h"

/*
 * From the mounts while it is mounted over "/", else from the record at
 * @record (CAREEN_RECORD; HACKING.md has its format). -ENOMEM or 0.
 */
int old_root_read(struct old_root *old, const struct mounts *ms, const char *record);
int old_root_parse(struct old_root *old, const char *text);
void old_root_free(struct old_root *old);
/* Its UUIDs, from what is mounted and the devices as they are now, if not known yet. */
void old_root_uuid(struct old_root *old, const struct mounts *ms, const struct blockdevs *bs);

#endif
