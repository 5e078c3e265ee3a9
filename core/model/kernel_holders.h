/* kernel_holders.h - what holds on without being a process */
#ifndef CAREEN_KERNEL_HOLDERS_H
#define CAREEN_KERNEL_HOLDERS_H

#include "model/holders.h"
#include "model/scan.h"

/*
 * Overlays of other namespaces (containers) with a held layer, told to @sc. It
 * looks at the layers, which may hang: in a child.
 */
void kernel_overlays(struct scan *sc, const struct mounts *ms);

/* @emit gets each holder; its strings live only during the call. */
typedef void (*holder_emit)(void *arg, const struct holder *h);

void kernel_holders(const struct scan *sc, const struct mounts *ms,
		    holder_emit emit, void *arg);

/* Those of them that are files: kernel_files.c */
void kernel_files(const struct scan *sc, const struct mounts *ms,
		  holder_emit emit, void *arg);

/*
 * A path that the kernel wrote: is it held? 1, 0, -errno if it leads nowhere
 * any more; and the superblock it is on, 0 if that cannot be told.
 */
int kernel_path_held(const struct scan *sc, const char *path);
dev_t kernel_file_dev(const struct mounts *ms, const char *path);

#endif
