/* repair.h - from a device to the plan of a tool on it */
#ifndef CAREEN_SCREEN_REPAIR_H
#define CAREEN_SCREEN_REPAIR_H

struct blockdev;
struct console;

/* Choose a tool for @dev, if nobody uses it; else say who does. */
void repair_device(struct console *c, const struct blockdev *dev);
/* What is on it, in a word that a column holds: libblkid's for what is no file system are long. */
const char *repair_fs(const struct blockdev *b);

#endif
