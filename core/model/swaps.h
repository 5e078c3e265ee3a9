/* swaps.h - /proc/swaps in rows (inside core/model) */
#ifndef CAREEN_SWAPS_H
#define CAREEN_SWAPS_H

#include "model/snapshot.h"

int swaps_read(struct swap **ret, unsigned *ret_n);
int swaps_parse(const char *text, struct swap **ret, unsigned *ret_n);

#endif
