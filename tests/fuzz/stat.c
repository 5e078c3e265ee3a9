/* stat.c - proc(5) stat of a process, which chooses its own name */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "model/procfile.h"

void fuzz_one(char *text, size_t size)
{
	struct proc_stat st;

	(void)size;
	if (proc_stat_parse(text, &st) == 0 &&
	    (st.pid <= 0 || strlen(st.comm) >= sizeof(st.comm)))
		abort();
}
