/* devices.h - the list of block devices, also where a question asks for one */
#ifndef CAREEN_DEVICES_H
#define CAREEN_DEVICES_H

struct blockdev;
struct snapshot;

/* Who uses @b or anything on it, a clause; NULL = nobody. */
const char *device_user(const struct snapshot *s, const struct blockdev *b);

#endif
