/* journal.h - the few things the kernel cannot tell once the disk is off */
#ifndef CAREEN_JOURNAL_H

#include "base/error.h"
#include "model/snapshot.h"


/* Write the old root's mounts (and devices, options, UUID) as they are now. */
int journal_record(struct error *err);
/* Record, fsync-safe in RAM, that @device is about to be written to. */
int journal_written(const char *device, struct error *err);
/* A repair of several operations begins, @text says which; number @n of it is done; it has ended. */
int journal_remember(const char *text, struct error *err);
/* @dev is proven free: from now on who writes to its disk is noticed, until a mount begins. */
int journal_untouched(dev_t dev, struct error *err);
void journal_touch(void);
/* The old root is on @source now, a part of @disk: both device paths. */
int journal_retarget(const char *source, const char *disk, struct error *err);
int journal_done(unsigned n, struct error *err);
int journal_forget(struct error *err);
/* Forget the last detach's record: the system runs again. */
int journal_clear(struct error *err);
/* The reader is snapshot_take() (->old). */

#endif
