/* job_common.h - jobs of shell scripts, for tests that run jobs */
#ifndef CAREEN_JOB_COMMON_H
#define CAREEN_JOB_COMMON_H

#include "plan/tool.h"
#include "run/job.h"
#include "run_common.h"

static const struct tool_exit sh_exits[] = {
	{ 4, TOOL_LEFT, "errors are left", "Run it again." },
	{ 0, TOOL_GOOD, "good", NULL },
	{ .text = NULL }
};
static const struct tool sh_tool = {
	.name = "sh", .title = "Shell", .program = "sh", .exits = sh_exits,
};

static inline void add_sh(struct plan *plan, const char *script)
{
	struct op *op = plan_add(plan, OP_TOOL, DANGER_NONE, 0, "run %s", script);

	op->tool = &sh_tool;
	op->argv = calloc(4, sizeof(char *));
	op->argv[0] = strdup("sh");
	op->argv[1] = strdup("-c");
	op->argv[2] = strdup(script);
	plan_command(plan, op, "sh -c %s", script);
	plan_set(plan, &op->dst, "/dev/none");
}

static inline struct plan *make_plan(const char *a, const char *b, const char *c)
{
	struct plan *plan = plan_new("repair", "A title\twith a tab");

	add_sh(plan, a);
	if (b)
		add_sh(plan, b);
	if (c)
		add_sh(plan, c);
	return plan;
}

static inline struct job_view *wait_end(const char *id)
{
	struct job_view *v = NULL;
	int i;

	for (i = 0; i < 600; i++) {
		if (job_read(id, &v, NULL) < 0)
			return NULL;
		if (v->status != JOB_RUNNING)
			return v;
		job_free(v);
		v = NULL;
		usleep(50000);
	}
	return NULL;
}

static inline struct job_view *run_plan(struct plan *plan, char id[16])
{
	struct error err = { 0 };
	int r = job_start(plan, id, &err);

	plan_free(plan);
	if (r < 0)
		show_error(&err);
	return r < 0 ? NULL : wait_end(id);
}

#endif
