/* unfinished.h - a repair that has begun and not ended */
#ifndef CAREEN_UNFINISHED_H
#define CAREEN_UNFINISHED_H

#include "model/snapshot.h"

/* From the text of CAREEN_RECIPE (HACKING.md has its format). */
void unfinished_parse(struct unfinished *u, const char *text);
void unfinished_read(struct unfinished *u, const char *path);
/* Is it @tool (NULL: any) on @dev? */
bool unfinished_is(const struct unfinished *u, const char *tool, const struct blockdev *dev);
/* Its answer to @key; NULL when it is not that repair, or has none. */
const char *unfinished_answer(const struct unfinished *u, const char *tool,
			      const struct blockdev *dev, const char *key);

#endif
