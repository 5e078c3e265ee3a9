/* kernel_holders.h - what holds on without being a process */
#ifndef CAREEN_KERNEL_HOLDERS_H
#define CAREEN_KERNEL_HOLDERS_H

#include "model/holders.h"
#include "model/scan.h"

/* @emit gets each holder; its strings live only during the call. */
typedef void (*holder_emit)(void *arg, const struct holder *h);

void kernel_holders(const struct scan *sc, const struct mounts *ms,
		    holder_emit emit, void *arg);

#endif
