/* kill.c - whoever still holds the old root lets go */
#include <errno.h>

#include "base/text.h"
#include "plan/common.h"

static void kill_state(const struct snapshot *s, struct step_state *ret)
{
	const struct holder *tool = tool_at_work(s, NULL);
	unsigned n = holders_to_stop(s);

	if (state_blocked(s, ret))
		return;
	if (!snapshot_detached(s))
		state_set(ret, STEP_WAITING, n, "holders",
			  "Needs Detach first: PID 1 would start again what is stopped.");
	else if (n)
		state_set(ret, STEP_READY, n, "holders", "%u process%s hold%s the old root.", n,
			  n == 1 ? "" : "es", n == 1 ? "s" : "");
	else if (tool)
		state_set(ret, STEP_DONE, 0, "holders", "No process of the old root is left. %s, pid %d, is at "
			  "work on it: let it come to its end.", tool->command, (int)tool->pid);
	else
		state_set(ret, STEP_DONE, 0, "holders", "No process holds the old root.");
}

/*
 * First, so that it also holds for a job that does not come to its end; the time
 * only runs when no job does.
 */
static void plan_relogin(struct plan *plan, const struct snapshot *s)
{
	uint32_t seconds = s->settings.relogin_s;
	char span[32];
	struct op *op;

	if (!seconds)
		return;
	op = plan_add(plan, OP_RELOGIN, DANGER_UNDOABLE, 10,
		      "await a new login, for %s", text_span(span, sizeof(span), seconds));
	op->number = seconds;
	plan_set(plan, &plan->undo, "%s After it, log in anew within %s: else the machine resumes.",
		 plan->undo, span);
	plan_set(plan, &op->command, "ssh -p %d root@%s", s->lifeline.port ? s->lifeline.port : 1022,
		 s->host.name);
	op->outline = true;	/* it is for another machine to say */
}

static int kill_plan(const struct snapshot *s, const struct plan_opts *opts,
		     struct plan **ret, struct error *err)
{
	const struct holder *tool = tool_at_work(s, NULL);
	struct plan *plan;
	int r = plan_allowed(s, "kill", err);

	(void)opts;
	if (r < 0)
		return r;
	if (!snapshot_detached(s))
		return error_set(err, EPERM, "kill", "", "PID 1 is not in RAM yet",
				 "Run Detach first: PID 1 would start again what is stopped.");
	if (!holders_to_stop(s) && tool)
		return error_set(err, EALREADY, "kill", "", "no process of the old root is left",
				 "%s, pid %d, is no such process, and is left alone: let it come to its end. "
				 "To end it, half done: kill %d", tool->command, (int)tool->pid, (int)tool->pid);
	if (!holders_to_stop(s))
		return error_set(err, EALREADY, "kill", "", "no process holds the old root",
				 "Go on with Unmount.");
	plan = plan_new("kill", "Kill: the holders let go");
	if (!plan)
		return plan_finish(plan, ret, err);
	plan_set(plan, &plan->undo,
		 "The processes are lost; Resume starts the system's services again.");
	if (tool)
		plan_set(plan, &plan->target, "Left alone: %s, pid %d, %s.", tool->command,
			 (int)tool->pid, tool->what);
	plan_relogin(plan, s);
	plan_kill(plan, s);
	return plan_finish(plan, ret, err);
}

const struct step step_kill = {
	.name = "kill", .title = "Kill",
	.about = "Stop the processes that hold the old root: TERM, then KILL.",
	.parts = SNAP_HOLDERS,
	.state = kill_state, .plan = kill_plan,
};
