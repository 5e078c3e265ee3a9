/*
 * pool.h - texts that are kept together and end together
 *
 * A machine's ten thousand processes have few command lines, users and units:
 * a text that was seen lately is kept once.
 */
#ifndef CAREEN_POOL_H
#define CAREEN_POOL_H

#include <stddef.h>

struct pool;

/* A copy of the first @len bytes of @s in *@pool (NULL: a new one); NULL on ENOMEM. */
char *pool_text(struct pool **pool, const char *s, size_t len);
void pool_free(struct pool *pool);

#endif
