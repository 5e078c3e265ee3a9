/* writes.h - has somebody written to a disk since it was proven free? */
#ifndef CAREEN_WRITES_H
#define CAREEN_WRITES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What the kernel has written to and discarded of the disk that @dev is, or is a partition
 * of: requests and sectors together, -1 unknown. *ret_disk: that disk.
 * [Documentation/admin-guide/iostats.rst]
 */
int64_t device_writes(dev_t dev, dev_t *ret_disk);
/* Does a disk's count differ from what the lines "MAJOR:MINOR COUNT" of @path say? */
bool devices_written_since(const char *path);

/* Has a disk been written to since the detach, by the journal or by the kernel's count? */
bool disks_written(void);

#endif
