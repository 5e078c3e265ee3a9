/*
 * cli_enter.c - careen enter and careen leave: in the normal system, in this very
 * process, as there is no rescue yet (or soon no more) that could have a job
 */
#include <stdio.h>

#include "cli.h"
#include "run/op.h"

static const struct plan *running;

static void note(void *job, const char *text)
{
	(void)job;
	cli_line("        ", text);
}

static void tell(size_t i, int r, const struct error *err)
{
	(void)err;	/* cli_fail() says it, last */
	printf("[%zu/%zu] %s: ", i + 1, running->n, r > 0 ? "running" : r < 0 ? "failed" : "done");
	cli_line("", running->ops[i].title);
}

static int run_here(const struct cli *cli, const struct plan *plan)
{
	struct op_ctx ctx = { .note = note };
	struct error err = { 0 };
	int status;

	plan_print(plan, stdout);
	fflush(stdout);
	status = cli_confirm(cli, plan);
	if (status)
		return status;
	running = plan;
	return ops_run(plan, &ctx, tell, &err) < 0 ? cli_fail(&err), EXIT_FAILED : EXIT_GOOD;
}

static int plan_and_run(const struct cli *cli, const struct step *step)
{
	struct snapshot *s = NULL;
	struct plan *plan = NULL;
	struct error err = { 0 };
	int status;

	if (snapshot_take(SNAP_PLAN, &s, &err) < 0)
		return cli_fail(&err);
	if (step->plan(s, &cli->opts, &plan, &err) < 0)
		status = cli_fail(&err);
	else
		status = run_here(cli, plan);
	plan_free(plan);
	snapshot_free(s);
	return status;
}

int cli_enter(const struct cli *cli)
{
	return plan_and_run(cli, &step_enter);
}

int cli_leave(const struct cli *cli)
{
	return plan_and_run(cli, &step_leave);
}
