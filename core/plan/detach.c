/* detach.c - the old root moves aside, PID 1 moves into RAM */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "plan/common.h"
#include "plan/strategy.h"

static void detach_state(const struct snapshot *s, struct step_state *ret)
{
	struct step_state pre;

	if (snapshot_detached(s)) {
		state_set(ret, STEP_DONE, 0, NULL, "PID 1 is careen's stub, in RAM.");
		return;
	}
	if (pid1_waits(s)) {
		state_set(ret, STEP_READY, 0, NULL, "Half done: PID 1 is in RAM, the old root is still around it.");
		return;
	}
	step_preflight.state(s, &pre);
	if (pre.status == STEP_BLOCKED) {
		*ret = pre;
		return;
	}
	if (old_root_moved(s))
		state_set(ret, STEP_READY, 0, NULL, "Half done: the old root is on %s, PID 1 (%s) is still in it%s.",
			  CAREEN_OLDROOT, s->init.name, s->init.frozen ? " and has frozen itself" : "");
	else if (s->init.frozen)
		state_set(ret, STEP_READY, 0, NULL, "PID 1 (%s) has frozen itself. Move the old root aside and PID 1 into RAM.",
			  s->init.name);
	else
		state_set(ret, STEP_READY, 0, NULL, "Move the old root aside and PID 1 (%s) into RAM.",
			  s->init.name);
}

static void plan_move(struct plan *plan, const struct snapshot *s)
{
	struct op *op = plan_add(plan, OP_MOVE, DANGER_UNDOABLE, 10,
				 "move the old root to %s", CAREEN_OLDROOT);

	op->mount_id = mounts_old_top(&s->mounts)->id;
	op->mount_unique = mounts_old_top(&s->mounts)->unique_id;
	plan_set(plan, &op->src, "/..");
	plan_set(plan, &op->dst, "%s", CAREEN_OLDROOT);
	plan_command(plan, op, "mount --move /.. %s", CAREEN_OLDROOT);
}

/* In a tree of `careen enter`: it changes places with the old root. */
static void plan_pivot(struct plan *plan, const struct snapshot *s)
{
	struct op *op = plan_add(plan, OP_PIVOT, DANGER_UNDOABLE, 10,
				 "pivot the old root to %s", CAREEN_OLDROOT);

	op->mount_id = mounts_old_top(&s->mounts)->id;
	plan_set(plan, &op->src, "%s", CAREEN_TREE);
	plan_set(plan, &op->dst, "%s", CAREEN_OLDROOT);
	plan_command(plan, op, "pivot_root %s %s", CAREEN_TREE, CAREEN_TREE CAREEN_OLDROOT);
}

static void plan_prove(struct plan *plan)
{
	struct op *op = plan_add(plan, OP_PROVE_DETACHED, DANGER_NONE, 10,
				 "prove that PID 1 is in RAM");

	plan_command(plan, op, "readlink /proc/1/exe; stat -L /proc/1/root /");
}

static void plan_take(struct plan *plan, const struct snapshot *s,
		      const struct strategy *st)
{
	struct op *op = plan_add(plan, OP_HANDOVER, st->danger, st->deadline_s,
				 "take PID 1 (%s) by %s", s->init.name, st->title);

	op->strategy = st->name;
	plan_set(plan, &op->src, "%s", s->init.exe);
	/* the row's command has one %s */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	plan_command(plan, op, st->command, s->init.exe);
#pragma GCC diagnostic pop
	if (st->triggered)
		plan_set(plan, &op->command, "%s; %s", op->command, strategy_trigger(s->init.kind));
	op->outline = st->outline;
}

/* Once there is something that resume would have to undo. */
static void plan_arm(struct plan *plan, const struct snapshot *s)
{
	uint32_t period = s->settings.deadman_s;
	char span[32];
	struct op *op;

	if (!period)
		return;
	op = plan_add(plan, OP_ARM, DANGER_UNDOABLE, 10, "arm the dead-man timer, for %s",
		      text_span(span, sizeof(span), period));
	op->number = period;
	plan_set(plan, &plan->undo, "%s It resumes by itself after %s without a key.", plan->undo, span);
	plan_set(plan, &op->command, "careen deadman %us", period);
}

static void plan_record(struct plan *plan)
{
	struct op *op = plan_add(plan, OP_RECORD, DANGER_UNDOABLE, 10,
				 "record the mounts, for the way back");

	plan_command(plan, op, "cat /proc/self/mountinfo > %s", CAREEN_RECORD);
}

static void plan_prepare(struct plan *plan, const struct snapshot *s, const struct strategy *st)
{
	struct op *op = plan_add(plan, OP_TRIAL, DANGER_NONE, 30,
				 "prove the hand-over in a child");

	op->strategy = st->name;
	plan_set(plan, &op->src, "%s", s->init.exe);
	plan_command(plan, op, "careen run preflight");
	plan_arm(plan, s);
	plan_record(plan);
	op = plan_add(plan, OP_NET_KEEP, DANGER_UNDOABLE, 10,
		      "make leased addresses and routes permanent");
	plan_outline(plan, op, "ip address change ADDRESS dev LINK valid_lft forever");
}

static int pick_strategy(const struct snapshot *s, const char *name,
			 const struct strategy **ret, struct error *err)
{
	const struct strategy *st = name ? strategy_find(name) : strategy_best(s);
	char why[160], names[120] = "";

	if (!st && name) {
		for (st = strategies; st->name; st++)
			text_fmt(names + strlen(names), sizeof(names) - strlen(names), " %s",
				 st->name);
		return error_set(err, EINVAL, "detach", name, "no such strategy",
				 "The strategies are:%s.", names);
	}
	if (!st)
		return error_set(err, ENOTSUP, "detach", s->init.name,
				 "no strategy takes this PID 1", "See Preflight.");
	if (!st->applies(s, why, sizeof(why)))
		return error_set(err, ENOTSUP, "detach", st->name, why,
				 "Choose another strategy.");
	*ret = st;
	return 0;
}

static int detach_allowed(const struct snapshot *s, struct error *err)
{
	struct step_state pre;
	int r = plan_allowed(s, "detach", err);

	if (r < 0)
		return r;
	if (snapshot_detached(s))
		return error_set(err, EALREADY, "detach", "", "PID 1 is already in RAM",
				 "Go on with Kill, or back with Resume.");
	if (pid1_waits(s))
		return 0;
	step_preflight.state(s, &pre);
	if (pre.status == STEP_BLOCKED)
		return error_set(err, EPERM, "detach", "", pre.why, "See careen plan preflight.");
	return 0;
}

static int no_clean_stop(struct plan *plan, const struct snapshot *s, struct error *err)
{
	plan_free(plan);
	return error_set(err, ENOTSUP, "detach", s->init.name, s->init.frozen ?
			 "a frozen PID 1 stops no service" :
			 "careen does not know how it stops its services",
			 "Detach without --clean: Kill sends SIGTERM first.");
}

static int detach_plan(const struct snapshot *s, const struct plan_opts *opts,
		       struct plan **ret, struct error *err)
{
	const struct strategy *st = NULL;
	struct plan *plan;
	int r = detach_allowed(s, err);

	if (r == 0 && !pid1_waits(s))
		r = pick_strategy(s, opts ? opts->strategy : NULL, &st, err);
	if (r < 0)
		return r;
	plan = plan_new("detach", "Detach: PID 1 moves into RAM");
	if (!plan)
		return plan_finish(plan, ret, err);
	plan_set(plan, &plan->undo, "Undo: Resume, which starts the system again from the same disk.");
	if (pid1_waits(s)) {
		plan_arm(plan, s);
		plan_record(plan);
	} else {
		plan_prepare(plan, s, st);
		if (opts && opts->clean && !st->stops && !plan_stop_services(plan, s))
			return no_clean_stop(plan, s, err);
		plan_swapoff(plan, s);
		if (!old_root_moved(s) && !snapshot_around(s))
			plan_move(plan, s);
		plan_take(plan, s, st);
	}
	if (snapshot_around(s))
		plan_pivot(plan, s);
	plan_prove(plan);
	return plan_finish(plan, ret, err);
}

const struct step step_detach = {
	.name = "detach", .title = "Detach",
	.about = "Move PID 1 into RAM and the old root aside; Resume undoes it.",
	.parts = SNAP_PLAN,
	.state = detach_state, .plan = detach_plan,
};
