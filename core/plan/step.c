/* step.c - the steps in their order, and what their plans have in common */
#include "plan/step.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "plan/common.h"
#include "plan/repair.h"

const struct step *const steps[] = {
	&step_preflight, &step_detach, &step_kill, &step_unmount, &step_repair,
	&step_resume, NULL
};

const struct step *step_find(const char *name)
{
	size_t i;

	for (i = 0; steps[i]; i++)
		if (!strcmp(steps[i]->name, name))
			return steps[i];
	return NULL;
}

const struct step *step_next(const struct snapshot *s)
{
	struct step_state st;

	step_preflight.state(s, &st);
	if (st.status == STEP_BLOCKED)
		return &step_preflight;
	if (!snapshot_detached(s))
		return &step_detach;
	if (holders_to_stop(s))
		return &step_kill;
	if (!snapshot_unmounted(s))
		return &step_unmount;
	return &step_repair;
}

void state_set(struct step_state *ret, enum step_status status, unsigned count,
	       const char *see, const char *why, ...)
{
	va_list ap;

	*ret = (struct step_state){ .status = status, .count = count, .see = see };
	va_start(ap, why);
	vsnprintf(ret->why, sizeof(ret->why), why, ap);
	va_end(ap);
}

/* Why nothing can be changed from here, or NULL; *@hint says what would help. */
static const char *place_refusal(const struct snapshot *s, const char **hint)
{
	switch (s->host.place) {
	case PLACE_CONTAINER:
		*hint = "Run careen on the machine itself, outside the container.";
		return "this is a container, which has no disks or PID 1 of its own";
	case PLACE_UNPREPARED:
		*hint = "Run careen enter, which makes a rescue now, without a reboot.";
		return "there is no rescue in this system yet";
	case PLACE_NORMAL:
		*hint = "Log in with: ssh -p 1022 root@this-host";
		return "this is the normal system; changes are made from the rescue";
	case PLACE_RESCUE:
		break;
	}
	*hint = "Log in as root.";
	return s->host.root ? NULL : "only root can do this";
}

int plan_allowed(const struct snapshot *s, const char *step, struct error *err)
{
	const char *hint;
	const char *why = place_refusal(s, &hint);

	if (why)
		return error_set(err, EPERM, step, "", why, "%s", hint);
	if (s->job.running)
		return error_set(err, EBUSY, step, "", "a job is under way",
				 "Wait for job %s (%s) to end, or stop it.",
				 s->job.id, s->job.step);
	return 0;
}

bool state_blocked(const struct snapshot *s, struct step_state *ret)
{
	const char *hint;
	const char *why = place_refusal(s, &hint);

	if (!why)
		return false;
	state_set(ret, STEP_BLOCKED, 0, "overview", "%s. %s", why, hint);
	if (ret->why[0] >= 'a' && ret->why[0] <= 'z')
		ret->why[0] -= 'a' - 'A';
	return true;
}

static bool may_stop(const struct holder *h)
{
	return h->kind == HOLDER_PROCESS && h->out != OUT_KEEP && h->out != OUT_WAIT;
}

unsigned holders_to_stop(const struct snapshot *s)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < s->holders.n; i++)
		n += may_stop(&s->holders.row[i]);
	return n;
}

const struct holder *tool_at_work(const struct snapshot *s, const struct blockdev *b)
{
	const struct blockdev *on;
	const struct holder *h;
	size_t i;

	for (i = 0; i < s->holders.n; i++) {
		h = &s->holders.row[i];
		on = b ? blockdevs_by_number(&s->devs, h->dev) : NULL;
		if (h->out == OUT_WAIT && (!b || (on && repair_disk(s, on) == repair_disk(s, b))))
			return h;
	}
	return NULL;
}

static void add_proc(struct op *op, const struct holder *h)
{
	struct proc_id *p = &op->procs[op->nprocs++];

	p->pid = h->pid;
	p->start = h->start;
	p->kill_now = h->out == OUT_KILL;
	text_fmt(p->name, sizeof(p->name), "%s", h->command ? h->command : "");
}

/* The process list goes into the plan: what is killed is what was read. */
static void fill_procs(struct plan *plan, struct op *op, const struct snapshot *s,
		       unsigned n)
{
	size_t i;

	op->procs = calloc(n, sizeof(*op->procs));
	if (!op->procs) {
		plan->oom = true;
		return;
	}
	for (i = 0; i < s->holders.n; i++)
		if (may_stop(&s->holders.row[i]))
			add_proc(op, &s->holders.row[i]);
}

void plan_kill(struct plan *plan, const struct snapshot *s)
{
	unsigned n = holders_to_stop(s);
	struct op *op;

	if (n) {
		op = plan_add(plan, OP_KILL, DANGER_LOSES, 60,
			      "stop %u process%s: TERM, then KILL", n,
			      n == 1 ? "" : "es");
		plan_outline(plan, op, "kill -TERM PID...; sleep 5; kill -KILL PID...");
		fill_procs(plan, op, s, n);
	}
	op = plan_add(plan, OP_RESCAN, DANGER_LOSES, 120,
		      "look again, stop whatever holds on");
	plan_command(plan, op, "careen status");
}

void plan_swapoff(struct plan *plan, const struct snapshot *s)
{
	struct op *op;
	unsigned i;

	for (i = 0; i < s->nswap; i++) {
		op = plan_add(plan, OP_SWAPOFF, DANGER_UNDOABLE, 300,
			      "stop swapping to %s", s->swap[i].path);
		plan_set(plan, &op->dst, "%s", s->swap[i].path);
		if (strncmp(s->swap[i].path, "/dev/zram", 9))
			plan_command(plan, op, "swapoff %s", s->swap[i].path);
		else
			plan_command(plan, op, "swapoff %s; echo 1 >/sys/block/%s/reset",
				     s->swap[i].path, s->swap[i].path + 5);
	}
}

void plan_copy(struct plan *plan, const char *from, const char *to, const char *const *parts,
	       const char *title)
{
	struct op *op = plan_add(plan, OP_COPY_TREE, DANGER_UNDOABLE, 30, "%s", title);
	char words[200] = "";
	size_t n = 0, len;

	op->skippable = true;
	while (parts[n])
		n++;
	op->argv = calloc(n + 1, sizeof(*op->argv));
	for (n = 0; op->argv && parts[n]; n++) {
		op->argv[n] = strdup(parts[n]);
		plan->oom |= !op->argv[n];
		len = strlen(words);
		text_fmt(words + len, sizeof(words) - len, "%s ", parts[n]);
	}
	plan->oom |= !op->argv;
	plan_set(plan, &op->src, "%s", from);
	plan_set(plan, &op->dst, "%s", to);
	plan_set(plan, &op->command, "cd %s && cp -a --parents %s%s", from, words, to);
}

/*
 * What a /run says of this kernel, which goes on: of its devices, of how far its
 * log has been read [systemd src/journal/journald-kmsg.c server_open_kernel_seqnum()],
 * and, by the number of the interface, of which connection NetworkManager has up on
 * it, as after a restart of NetworkManager alone (expected to be needed, not tested).
 */
static const char *const carried[] = {
	"udev", "systemd/journal/kernel-seqnum", "NetworkManager/devices", NULL
};

void plan_carry(struct plan *plan, const char *from, const char *to, const char *title)
{
	plan_copy(plan, from, to, carried, title);
}

unsigned mounts_left(const struct snapshot *s)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < s->mounts.n; i++)
		n += s->mounts.row[i].old;
	return n;
}

bool old_root_moved(const struct snapshot *s)
{
	const struct mount *top = mounts_old_top(&s->mounts);

	return top && !strcmp(top->target, CAREEN_OLDROOT);
}

bool pid1_waits(const struct snapshot *s)
{
	return snapshot_around(s) && s->init.kind == INIT_STUB && s->init.in_rescue;
}

/* btrfs has a number of its own for what is mounted: its source tells. */
static bool is_of(const struct mount *m, const struct blockdev *b)
{
	return m->dev == b->dev || !strcmp(m->source, b->path);
}

bool mounted_by_us(const struct snapshot *s, const struct blockdev *b)
{
	bool ours = false;
	size_t i;

	for (i = 0; i < s->mounts.n; i++) {
		if (!is_of(&s->mounts.row[i], b))
			continue;
		if (!repair_has_mounted(&s->mounts.row[i]))
			return false;
		ours = true;
	}
	return ours;
}

void plan_our_mounts(struct plan *plan, const struct snapshot *s)
{
	const struct mount *m;
	struct op *op;
	size_t i;

	/* tree order backwards: what lies on one comes off before it */
	for (i = s->mounts.n_own; i-- > 0;) {
		m = &s->mounts.row[i];
		if (!repair_has_mounted(m) || !strcmp(m->target, CAREEN_SAVE))
			continue;
		op = plan_add(plan, OP_UMOUNT, DANGER_UNDOABLE, 120, "unmount %s (%s)", m->target,
			      m->source);
		op->mount_id = m->id;
		op->mount_unique = m->unique_id;
		op->dev.dev = m->dev;
		plan_set(plan, &op->dst, "%s", m->target);
		plan_command(plan, op, "umount %s", m->target);
	}
}
