/* mounts_internal.h - between mounts.c (text) and mounts_read.c (the kernel) */
#ifndef CAREEN_MOUNTS_INTERNAL_H
#define CAREEN_MOUNTS_INTERNAL_H

#include "model/mounts.h"

/* Put rows [first, first + n), of one namespace, in tree order. */
int mounts_tree_order(struct mount *row, size_t n);
/* Decide ->old and ->skip in the rows of our own namespace. */
void mounts_mark_old(struct mount *row, size_t n);
/* ->unique_id of @n rows of our own namespace, where the kernel tells. */
void mounts_fill_unique(struct mount *row, size_t n);
/* Has device numbers of its own that are not a block device's, and no disk. */
bool fstype_is_pseudo(const char *fstype);
bool fstype_is_net(const char *fstype);

#endif
