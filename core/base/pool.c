/* pool.c - see pool.h */
#include "base/pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 32768, SEEN = 1024 };

struct piece {
	struct piece *next;
	size_t used, size;
	char text[];
};

struct pool {
	struct piece *first;
	char *seen[SEEN];	/* by hash; the later one takes the place */
};

static uint32_t hash(const char *s, size_t len)
{
	uint32_t h = 2166136261u;	/* FNV-1a */

	while (len--)
		h = (h ^ (unsigned char)*s++) * 16777619u;
	return h ^ h >> 16;
}

static char *room(struct pool *p, size_t size)
{
	size_t whole = size > PIECE ? size : PIECE;
	struct piece *piece = p->first;

	if (!piece || piece->size - piece->used < size) {
		piece = malloc(sizeof(*piece) + whole);
		if (!piece)
			return NULL;
		*piece = (struct piece){ .next = p->first, .size = whole };
		p->first = piece;
	}
	piece->used += size;
	return piece->text + piece->used - size;
}

char *pool_text(struct pool **pool, const char *s, size_t len)
{
	char **seen, *text;

	if (!*pool)
		*pool = calloc(1, sizeof(**pool));
	if (!*pool)
		return NULL;
	seen = &(*pool)->seen[hash(s, len) % SEEN];
	if (*seen && !strncmp(*seen, s, len) && !(*seen)[len])
		return *seen;
	text = room(*pool, len + 1);
	if (!text)
		return NULL;
	memcpy(text, s, len);
	text[len] = '\0';
	return *seen = text;
}

void pool_free(struct pool *pool)
{
	while (pool && pool->first) {
		struct piece *piece = pool->first;

		pool->first = piece->next;
		free(piece);
	}
	free(pool);
}
