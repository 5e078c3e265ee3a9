/* sysblock.h - block devices as sysfs relates them (inside core/model) */
#ifndef CAREEN_SYSBLOCK_H
#define CAREEN_SYSBLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Room for the devices that a file system lies on, with all that lies below them: a RAID of 24
 * disks with a partition each is 49, with LUKS on each 73.
 */
enum { SYSBLOCK_MAX = 512 };

/*
 * Add @dev and everything below it (partition's disk, slaves of dm, md) to
 * @list, which has @n; returns how many it then has, at most @max.
 */
unsigned sysblock_below(dev_t dev, dev_t *list, unsigned n, unsigned max);
/* What @dev lies on directly; how many. */
unsigned sysblock_directly_below(dev_t dev, dev_t *list, unsigned max);
/* Device of "/dev/vda1" or "vda1" by its last part, 0 if there is none. */
dev_t sysblock_dev(const char *path);
/*
 * How a disk is reached, where a program of user space has its part in that:
 * "iscsi", "nbd", else "". @link is where /sys/class/block/NAME leads to.
 */
const char *sysblock_transport(const char *link);
/* "vda1" of a device; -errno. */
int sysblock_name(dev_t dev, char *buf, size_t size);
/*
 * The block device behind a mount whose st_dev is anonymous (btrfs): by its
 * source. @dev itself when it is a block device's; 0 if there is none.
 */
dev_t sysblock_of_mount(dev_t dev, const char *source);
/* That one first, then the others of a btrfs over several; how many, at most @max. */
unsigned sysblock_all_of_mount(dev_t dev, const char *source, dev_t *list, unsigned max);

#endif
