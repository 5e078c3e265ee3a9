/* stack.h - the layers (md, LUKS, LVM) between a disk and the old root's file systems */
#ifndef CAREEN_STACK_H
#define CAREEN_STACK_H

#include "model/snapshot.h"

/* Does @upper lie on @lower, directly or through others? */
bool stack_lies_on(const struct blockdevs *bs, const struct blockdev *upper,
		   const struct blockdev *lower);
/* The same, or @upper itself. */
bool stack_is_on(const struct blockdevs *bs, const struct blockdev *upper,
		 const struct blockdev *lower);
/* dm's name of a device ("vg0-root"), "" if it is none of dm's. */
const char *stack_dm_name(const struct blockdev *d);
/* What people call @d: dm's name, if it is one that they can type, else the kernel's. */
const char *stack_called(const struct blockdev *d);
/* Its path, by the name that fstab and a boot have for it ("/dev/mapper/vg0-root"); returns @buf. */
const char *stack_path(const struct blockdev *d, char *buf, size_t size);
/* The layer that @d is part of; false if it is none that has to be opened. */
bool stack_layer(const struct blockdevs *bs, const struct blockdev *d, struct layer *ret);
/* Is @d part of @layer? */
bool stack_is_of(const struct blockdevs *bs, const struct blockdev *d, const struct layer *layer);
/* Is any device of @layer there? */
bool stack_is_open(const struct blockdevs *bs, const struct layer *layer);
/* Add the layers below the old root that @old does not know, lowest first. */
void stack_fill(struct old_root *old, const struct blockdevs *bs);

#endif
