/* swaps.c - proc_swaps(5), read by the model and by who proves that none is left */
#include <stdlib.h>

#include "fuzz.h"
#include "model/swaps.h"

void fuzz_one(char *text, size_t size)
{
	struct swap *row = NULL;
	unsigned n = 0;

	(void)size;
	if (swaps_parse(text, &row, &n) == 0)
		free(row);
}
