/* unmount.c - the old root's file systems come off, bottom-up, and it is proven */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/stack.h"
#include "plan/common.h"

/* Another console that looks at the disk just now holds nothing up. */
static bool only_looks(const struct holders *hs)
{
	size_t i;

	for (i = 0; i < hs->n; i++)
		if (!holder_only_looks(&hs->row[i]))
			return false;
	return true;
}

static void unmount_state(const struct snapshot *s, struct step_state *ret)
{
	unsigned n = mounts_left(s), hold = holders_to_stop(s);
	const struct holder *tool = tool_at_work(s, NULL);

	if (state_blocked(s, ret))
		return;
	if (!snapshot_detached(s))
		state_set(ret, STEP_WAITING, n, "mounts", "Needs Detach and Kill first.");
	else if (snapshot_unmounted(s) && only_looks(&s->holders))
		state_set(ret, STEP_DONE, 0, "devices", "The old root is off its disks.");
	else if (hold)
		state_set(ret, STEP_BLOCKED, n, "holders",
			  "%u process%s still hold%s it. Run Kill first.", hold,
			  hold == 1 ? "" : "es", hold == 1 ? "s" : "");
	else if (!n && s->holders.n_kernel)
		state_set(ret, STEP_READY, 0, "holders",
			  "Unmounted, but the kernel still uses the disk: %s %s.",
			  holder_kind_name(s->holders.row[0].kind), s->holders.row[0].command);
	else if (snapshot_unmounted(s) && tool)
		state_set(ret, STEP_DONE, 0, "holders", "The old root is off its disks. %s, pid %d, is at work on "
			  "one of them.", tool->command, (int)tool->pid);
	else
		state_set(ret, STEP_READY, n, "mounts", "%u mounts come off, bottom-up.", n);
}

/*
 * What comes off, in an order the kernel accepts: a mount after everything
 * mounted below it and after every loop device whose file it carries; a loop
 * device after the mounts of it.
 */
struct order {
	const struct snapshot *s;
	bool *mount_gone, *holder_gone;
	long *parent;		/* index of each mount's parent, -1 for none of ours */
	long *over;		/* of the mount that hides it, -1 for none */
	unsigned *below;	/* how many are still mounted directly on it */
};

static dev_t dev_named(const struct snapshot *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->devs.n; i++)
		if (!strcmp(s->devs.row[i].name, name))
			return s->devs.row[i].dev;
	return 0;
}

/* Something is mounted from device @name, or stacked on it. */
static bool device_waits(const struct order *o, const char *name)
{
	dev_t dev = dev_named(o->s, name);
	const struct holder *h;
	const struct mount *m;
	size_t i;

	for (i = 0; i < o->s->mounts.n; i++) {
		m = &o->s->mounts.row[i];
		if (m->old && !o->mount_gone[i] &&
		    ((dev && m->dev == dev) || (!strncmp(m->source, "/dev/", 5) &&
						!strcmp(m->source + 5, name))))
			return true;
	}
	for (i = 0; dev && i < o->s->holders.n; i++) {
		h = &o->s->holders.row[i];
		if ((h->kind == HOLDER_DM || h->kind == HOLDER_MD) && !o->holder_gone[i] &&
		    h->dev == dev)
			return true;
	}
	return false;
}

static bool mount_waits(const struct order *o, size_t index)
{
	const struct holder *h;
	size_t i;

	if (o->below[index] || (o->over[index] >= 0 && !o->mount_gone[o->over[index]]))
		return true;
	for (i = 0; i < o->s->holders.n; i++) {
		h = &o->s->holders.row[i];
		if (h->kind == HOLDER_LOOP && !o->holder_gone[i] &&
		    h->dev == o->s->mounts.row[index].dev)
			return true;
	}
	return false;
}

/* The next mount that can come off; network ones first; -1 if none can. */
static long next_mount(const struct order *o)
{
	const struct mounts *ms = &o->s->mounts;
	long best = -1;
	size_t i;

	for (i = ms->n; i-- > 0;) {
		if (!ms->row[i].old || o->mount_gone[i] || mount_waits(o, i))
			continue;
		if (ms->row[i].net)
			return (long)i;
		if (best < 0)
			best = (long)i;
	}
	return best;
}

static void plan_umount(struct plan *plan, const struct mount *m)
{
	struct op *op = plan_add(plan, OP_UMOUNT, DANGER_UNDOABLE, 60,
				 "unmount %s (%s%s%s)", mount_path(m), m->fstype,
				 m->pseudo ? "" : " on ", m->pseudo ? "" : m->source);

	op->mount_id = m->id;
	op->mount_unique = m->unique_id;
	op->dev.dev = m->dev;
	op->lazy = m->pseudo;
	op->remote = mount_is_remote(m);
	plan_set(plan, &op->dst, "%s", m->target);
	plan_command(plan, op, "umount %s", m->target);
}

/* A stacked device has a row for each that it is on. */
static void device_gone(struct order *o, const struct holder *gone)
{
	const struct holder *h;
	size_t i;

	for (i = 0; i < o->s->holders.n; i++) {
		h = &o->s->holders.row[i];
		if (h->kind == gone->kind && !strcmp(h->command, gone->command))
			o->holder_gone[i] = true;
	}
}

/* Loop devices and what is stacked on them, once nothing is on them any more. */
static bool plan_devices(struct plan *plan, struct order *o)
{
	const struct holder *h;
	bool any = false;
	size_t i;

	for (i = 0; i < o->s->holders.n; i++) {
		h = &o->s->holders.row[i];
		if (o->holder_gone[i] || (h->out != OUT_LOOP_DETACH && h->out != OUT_DM &&
					  h->out != OUT_MD) || device_waits(o, h->command))
			continue;
		plan_device_out(plan, o->s, h);
		device_gone(o, h);
		any = true;
	}
	return any;
}

/*
 * Find each mount's parent, and what hides it, once: tables of thousands of
 * mounts are common. Of those that hide it the innermost is enough, as that one
 * waits for the others.
 */
static void order_fill(struct order *o)
{
	const struct mounts *ms = &o->s->mounts;
	size_t i, j;

	for (i = 0; i < ms->n; i++) {
		o->parent[i] = o->over[i] = -1;
		for (j = 0; ms->row[i].old && j < ms->n; j++) {
			if (j == i || !ms->row[j].old)
				continue;
			if (ms->row[j].id == ms->row[i].parent && o->parent[i] < 0) {
				o->parent[i] = (long)j;
				o->below[j]++;
			}
			if (mount_hides(&ms->row[j], &ms->row[i]) &&
			    (o->over[i] < 0 || strlen(ms->row[j].target) >
					       strlen(ms->row[o->over[i]].target)))
				o->over[i] = (long)j;
		}
	}
}

static void order_plan(struct order *o, struct plan *plan)
{
	long i;

	order_fill(o);
	for (;;) {
		i = next_mount(o);
		if (i < 0 && !plan_devices(plan, o))
			return;
		if (i < 0)
			continue;
		plan_umount(plan, &o->s->mounts.row[i]);
		o->mount_gone[i] = true;
		if (o->parent[i] >= 0)
			o->below[o->parent[i]]--;
	}
}

static void plan_all_umounts(struct plan *plan, const struct snapshot *s)
{
	struct order o = {
		.s = s,
		.mount_gone = calloc(s->mounts.n + 1, sizeof(*o.mount_gone)),
		.holder_gone = calloc(s->holders.n + 1, sizeof(*o.holder_gone)),
		.parent = calloc(s->mounts.n + 1, sizeof(*o.parent)),
		.over = calloc(s->mounts.n + 1, sizeof(*o.over)),
		.below = calloc(s->mounts.n + 1, sizeof(*o.below)),
	};

	if (o.mount_gone && o.holder_gone && o.parent && o.over && o.below)
		order_plan(&o, plan);
	else
		plan->oom = true;
	free(o.mount_gone);
	free(o.holder_gone);
	free(o.parent);
	free(o.over);
	free(o.below);
}

void plan_keep_run(struct plan *plan, const struct snapshot *s)
{
	size_t i;

	for (i = 0; i < s->mounts.n; i++) {
		if (!s->mounts.row[i].old || strcmp(s->mounts.row[i].target, CAREEN_OLDROOT "/run"))
			continue;
		plan_carry(plan, CAREEN_OLDROOT "/run", "/run", "keep what /run says of this kernel");
		return;
	}
}

/* What lies on @b and stays open, as words; NULL when nothing does. */
static void stack_words(struct plan *plan, const struct snapshot *s, const struct blockdev *b, char **ret)
{
	const struct blockdev *on;
	size_t i;

	for (i = 0; i < s->devs.n; i++) {
		on = &s->devs.row[i];
		if (strcmp(on->type, "part") && stack_lies_on(&s->devs, on, b))
			plan_set(plan, ret, "%s%s%s", *ret ? *ret : "", *ret ? " " : "", on->name);
	}
}

/* @closed: the stack is closed by then. */
static void plan_proof(struct plan *plan, const struct snapshot *s, bool closed)
{
	struct layer layer;
	const struct blockdev *b;
	char some[120];
	struct op *op;
	size_t i;

	for (i = 0; i < s->devs.n; i++) {
		b = &s->devs.row[i];
		if (!b->old_root || (closed && stack_layer(&s->devs, b, &layer)))
			continue;
		op = plan_add(plan, OP_PROVE_OFF, DANGER_NONE, 30, "prove that %s is clean off", b->path);
		if (!closed)
			stack_words(plan, s, b, &op->src);
		if (op->src)
			plan_set(plan, &op->title, "prove that %s carries only %s", b->path,
				 text_some(some, sizeof(some), op->src));
		op->dev = (struct dev_id){ .dev = b->dev, .diskseq = b->diskseq };
		plan_set(plan, &op->dst, "%s", b->path);
		plan_command(plan, op, "careen status; fuser %s", b->path);
	}
}

static int unmount_plan(const struct snapshot *s, const struct plan_opts *opts,
			struct plan **ret, struct error *err)
{
	struct step_state st;
	struct plan *plan;
	int r = plan_allowed(s, "unmount", err);

	if (r < 0)
		return r;
	unmount_state(s, &st);
	if (st.status == STEP_WAITING || st.status == STEP_BLOCKED)
		return error_set(err, EPERM, "unmount", "", st.why, "See careen status.");
	plan = plan_new("unmount", "Unmount: the disk comes free");
	if (!plan)
		return plan_finish(plan, ret, err);
	plan_set(plan, &plan->undo, "Undo: Resume, which mounts them again.");
	plan_swapoff(plan, s);
	plan_kernel(plan, s);
	plan_keep_run(plan, s);
	plan_keep_open(plan, s);
	plan_all_umounts(plan, s);
	if (opts && opts->close)
		r = plan_close_stack(plan, s, err);
	if (r < 0) {
		plan_free(plan);
		return r;
	}
	plan_proof(plan, s, opts && opts->close);
	return plan_finish(plan, ret, err);
}

const struct step step_unmount = {
	.name = "unmount", .title = "Unmount",
	.about = "Unmount every file system of the old root and prove its disks are free.",
	.parts = SNAP_HOLDERS | SNAP_DEVICES,
	.state = unmount_state, .plan = unmount_plan,
};
