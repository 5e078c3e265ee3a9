/* test_pool.c - texts that are kept together: whole, and the same one once */
#include <stdio.h>
#include <string.h>

#include "base/pool.h"
#include "tap.h"

enum { MANY = 5000 };

static void test_same(struct pool **pool)
{
	const char *a = pool_text(pool, "ssh.service", 11), *b = pool_text(pool, "ssh.service", 11);
	char *part = pool_text(pool, "ssh.service", 3);

	ok(*pool && a == b, "a text that comes again is kept once");
	is_str(part, "ssh", "one that another begins with is another");
	is_str(a, "ssh.service", "and changes nothing");
	is_str(pool_text(pool, "", 0), "", "the empty one");
}

/* More than are remembered, so that each may be kept again, but never as another. */
static void test_many(struct pool **pool)
{
	static char *kept[MANY];
	char text[32];
	int i, wrong = 0;

	for (i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "process %d of %d", i, MANY);
		kept[i] = pool_text(pool, text, strlen(text));
	}
	for (i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "process %d of %d", i, MANY);
		wrong += strcmp(kept[i], text) || strcmp(pool_text(pool, text, strlen(text)), text);
	}
	is_int(wrong, 0, "many are all whole");
}

static void test_long(struct pool **pool)
{
	static char text[100000];

	memset(text, 'x', sizeof(text) - 1);
	is_str(pool_text(pool, text, sizeof(text) - 1), text, "one longer than a piece");
}

int main(void)
{
	struct pool *pool = NULL;

	test_same(&pool);
	test_many(&pool);
	test_long(&pool);
	pool_free(pool);
	pool_free(NULL);
	return done_testing();
}
