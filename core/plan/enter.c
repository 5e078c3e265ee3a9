/*
 * enter.c - the way in without preparation: a rescue in a running system, and its
 * end. Not steps of the trip: they run in the normal system, before and after it.
 */
#include <errno.h>

#include "plan/common.h"

static int entering_allowed(const struct snapshot *s, const char *what, struct error *err)
{
	if (s->host.place == PLACE_CONTAINER)
		return error_set(err, EPERM, what, "", "this is a container, which has no disks or "
				 "PID 1 of its own", "Run careen on the machine itself.");
	if (s->host.place == PLACE_RESCUE)
		return error_set(err, EPERM, what, "", "this is the rescue itself",
				 "Run it in the normal system, over its own ssh.");
	if (!s->host.root)
		return error_set(err, EPERM, what, "", "only root can do this", "Use sudo.");
	return 0;
}

static void enter_state(const struct snapshot *s, struct step_state *ret)
{
	if (s->host.place == PLACE_UNPREPARED)
		state_set(ret, STEP_READY, 0, NULL, "Make a rescue in RAM, now, without a reboot.");
	else
		state_set(ret, STEP_DONE, 0, NULL, "A rescue is there.");
}

static struct op *add(struct plan *plan, enum op_kind kind, unsigned deadline_s, const char *title,
		      const char *command)
{
	struct op *op = plan_add(plan, kind, DANGER_UNDOABLE, deadline_s, "%s", title);

	plan_set(plan, &op->dst, "%s", CAREEN_TREE);
	plan_set(plan, &op->command, "%s", command);
	return op;
}

static int enter_plan(const struct snapshot *s, const struct plan_opts *opts,
		      struct plan **ret, struct error *err)
{
	bool replace = opts && opts->replace;
	struct plan *plan;
	int r = entering_allowed(s, "enter", err);

	if (r < 0)
		return r;
	if (s->host.place == PLACE_NORMAL && !replace)
		return error_set(err, EALREADY, "enter", "", "a rescue is there already",
				 "Log in with: ssh -p %d root@this-host. Is it of an older careen? "
				 "careen enter --replace makes a new one.",
				 s->lifeline.port ? s->lifeline.port : 1022);
	plan = plan_new("enter", "Enter: a rescue in RAM, without a reboot");
	if (!plan)
		return plan_finish(plan, ret, err);
	plan_set(plan, &plan->undo, "Undo: careen leave.");
	if (s->host.place == PLACE_NORMAL || s->host.entered)
		add(plan, OP_TREE_LEAVE, 60, "end the rescue that is there", "careen leave");
	add(plan, OP_TREE_MOUNT, 300, "see if there is RAM enough; mount a tmpfs",
	    "mount -t tmpfs -o mode=755 careen " CAREEN_TREE);
	add(plan, OP_TREE_FILL, 300, "fill it from this system: console, ssh server, tools",
	    "enter-tree fill " CAREEN_TREE);
	add(plan, OP_TREE_START, 60, "start its ssh server and see that it answers",
	    "chroot " CAREEN_TREE " " CAREEN_LIB "/rescue-start");
	return plan_finish(plan, ret, err);
}

const struct step step_enter = {
	.name = "enter", .title = "Enter",
	.about = "Make a rescue in this running system's RAM, without a reboot.",
	.state = enter_state, .plan = enter_plan,
};

static void leave_state(const struct snapshot *s, struct step_state *ret)
{
	if (s->host.entered)
		state_set(ret, STEP_READY, 0, NULL, "End the rescue that careen enter made.");
	else
		state_set(ret, STEP_WAITING, 0, NULL, "There is no rescue of careen enter.");
}

static int leave_plan(const struct snapshot *s, const struct plan_opts *opts,
		      struct plan **ret, struct error *err)
{
	struct plan *plan;
	int r = entering_allowed(s, "leave", err);

	(void)opts;
	if (r < 0)
		return r;
	if (!s->host.entered)
		return error_set(err, EALREADY, "leave", "", s->host.place == PLACE_NORMAL ?
				 "the rescue came with the initramfs" : "there is no rescue",
				 s->host.place == PLACE_NORMAL ?
				 "It is gone after a boot with careen=off, or without careen." : NULL);
	plan = plan_new("leave", "Leave: the rescue ends, its RAM comes back");
	if (!plan)
		return plan_finish(plan, ret, err);
	plan_set(plan, &plan->undo, "Undo: careen enter.");
	add(plan, OP_TREE_LEAVE, 60, "end its sessions and its ssh server; unmount its tree",
	    "umount -R " CAREEN_TREE);
	return plan_finish(plan, ret, err);
}

const struct step step_leave = {
	.name = "leave", .title = "Leave",
	.about = "End the rescue that careen enter made, and its sessions.",
	.state = leave_state, .plan = leave_plan,
};
