/*
 * job_script.c - what jobs did, as a shell script
 *
 * In bash's words, which has $'...' for names with bytes that no terminal may see. What was
 * not done is a comment, as is all that came from outside: no newline of a name's ends one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "run/events.h"
#include "run/job.h"

static void comment(FILE *out, const char *mark, const char *text)
{
	fprintf(out, "#%s", mark);
	text_put_clean(out, text);
	fputc('\n', out);
}

static const char *clock_of(const struct job_view *j, int64_t ms, char *buf, size_t size)
{
	return event_time(buf, size, j->started_wall_ms + ms - j->started_ms);
}

static void print_result(const struct job_view *j, const struct op_view *op, FILE *out)
{
	double took = (double)(op->ended_ms - op->started_ms) / 1000;
	char when[40];

	if (op->status == OPS_WAITING) {
		fputs("#    not begun\n", out);
		return;
	}
	fprintf(out, "#    %s: ", clock_of(j, op->started_ms, when, sizeof(when)));
	if (op->status == OPS_RUNNING)
		fputs("under way\n", out);
	else if (op->status == OPS_SKIPPED)
		fputs("skipped\n", out);
	else
		fprintf(out, "%s %.3f s\n", op->status == OPS_DONE ? "done in" : "FAILED after", took);
	if (op->message && *op->message)
		comment(out, "    ", op->message);
	if (op->status == OPS_FAILED && op->hint && *op->hint)
		comment(out, "    ", op->hint);
}

static void print_command(const struct op_view *op, FILE *out)
{
	if (!op->command || !*op->command) {
		fputs("#    No command does this.\n", out);
	} else if (op->outline) {
		fputs("#    No command does this as it stands; in outline:\n", out);
		comment(out, " ", op->command);
	} else if (!text_is_safe(op->command)) {
		fputs("#    Not to be written as a command: it has bytes that are no text.\n", out);
		comment(out, " ", op->command);
	} else if (op->status == OPS_DONE) {
		fprintf(out, "%s\n", op->command);
	} else {
		comment(out, " ", op->command);
	}
}

static void print_job(const struct job_view *j, FILE *out)
{
	char when[40];
	size_t i;

	fprintf(out, "\n# --- job %s, %s: ", j->id, clock_of(j, j->started_ms, when, sizeof(when)));
	text_put_clean(out, j->title ? j->title : j->step);
	fputc('\n', out);
	for (i = 0; i < j->n; i++) {
		fprintf(out, "\n# %zu. ", i + 1);
		text_put_clean(out, j->op[i].title);
		fputc('\n', out);
		print_result(j, &j->op[i], out);
		print_command(&j->op[i], out);
	}
	fprintf(out, "\n# %s: ", job_status_name(j->status));
	text_put_clean(out, j->verdict ? j->verdict : "");
	fputc('\n', out);
}

static int print_one(const char *id, FILE *out, struct error *err)
{
	struct job_view *j = NULL;
	int r = job_read(id, &j, err);

	if (r == 0)
		print_job(j, out);
	job_free(j);
	return r;
}

int job_print_script(const char *id, FILE *out, struct error *err)
{
	static char ids[1000][16];
	char host[65] = "";
	size_t n = 0;
	int r = 0;

	if (gethostname(host, sizeof(host) - 1) < 0)
		host[0] = '\0';
	fputs("#!/bin/bash\n# What careen did on ", out);
	text_put_clean(out, host);
	fputs(", as shell commands, in its order. To be read: run as it stands it does the\n"
	      "# same again, to whatever has these names then. What failed, was skipped or was not\n"
	      "# begun is a comment, and so is what no command can do.\n", out);
	if (id && *id)
		return print_one(id, out, err);
	for (n = job_list(ids, sizeof(ids) / sizeof(ids[0])); n && r == 0; n--)
		r = print_one(ids[n - 1], out, err);
	return r;
}
