/* events.c - a job's events, made a view, a log and JSON; a snapshot's look at it */
#include "model/jobbrief.c"

#include "fuzz.h"
#include "run/job.h"

void fuzz_one(char *text, size_t size)
{
	static FILE *nowhere;
	struct job_view *v = NULL;
	char step[16];
	size_t i;

	(void)text;
	(void)size;
	if (!nowhere)
		nowhere = fopen("/dev/null", "we");
	if (job_read(NULL, &v, NULL) == 0 && v->current > v->n)
		abort();
	for (i = 0; v && i < v->n; i++)
		if ((unsigned)v->op[i].danger > DANGER_DESTROYS || !(v->op[i].fraction <= 1))
			abort();
	job_free(v);
	job_print_log(NULL, false, nowhere, NULL);
	job_print_log(NULL, true, nowhere, NULL);
	read_step("/dir", step, sizeof(step));
	has_ended("/dir");
}
