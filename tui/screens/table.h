/* table.h - opened from the devices view */
#ifndef CAREEN_SCREENS_TABLE_H
#define CAREEN_SCREENS_TABLE_H

struct blockdev;
struct console;

/* Show the partition table of @dev, or of the disk that it is a partition of. */
void table_of(struct console *c, const struct blockdev *dev);

#endif
