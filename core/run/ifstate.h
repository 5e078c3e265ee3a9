/* ifstate.h - ifupdown's list of what it has configured, over a resume; private to core/run */
#ifndef CAREEN_IFSTATE_H
#define CAREEN_IFSTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <net/if.h>

#include "base/error.h"

/*
 * Write down, in the rescue's /run/network, which interfaces the old root's
 * ifupdown has configured for good: all but the @n in @leased.
 */
int ifstate_keep(char (*leased)[IF_NAMESIZE], size_t n, struct error *err);
void ifstate_clear(void);
/* Is @name one of the @n in @leased? */
bool ifstate_is_leased(char (*leased)[IF_NAMESIZE], size_t n, const char *name);

#endif
