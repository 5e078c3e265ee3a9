/* kernel.c - the ways out of what the kernel holds without a mount or a process */
#include <string.h>

#include "base/text.h"
#include "plan/common.h"

/* All exports at once: the server goes as a whole. */
static void plan_nfsd(struct plan *plan, const struct snapshot *s, const struct holder *h)
{
	struct op *op;
	size_t i;

	(void)s;
	for (i = 0; i < plan->n; i++)
		if (plan->ops[i].kind == OP_NFSD_STOP)
			return;
	op = plan_add(plan, OP_NFSD_STOP, DANGER_LOSES, 30,
		      "stop the kernel's NFS server (exports %s)", h->what);
	plan_command(plan, op, "rpc.nfsd 0; exportfs -f");
}

static void plan_binfmt(struct plan *plan, const struct snapshot *s, const struct holder *h)
{
	struct op *op;
	size_t i;

	for (i = 0; i < s->mounts.n_own; i++)
		if (!strcmp(s->mounts.row[i].fstype, "binfmt_misc"))
			break;
	if (i == s->mounts.n_own)
		return;
	op = plan_add(plan, OP_BINFMT, DANGER_UNDOABLE, 30,
		      "forget binfmt_misc's %s (keeps %s open)", h->command, h->what);
	plan_set(plan, &op->src, "%s", h->what);
	plan_set(plan, &op->dst, "%s/%s", s->mounts.row[i].target, h->command);
	plan_command(plan, op, "echo -1 >%s/%s", s->mounts.row[i].target, h->command);
}

/* Of "backup on vda2" the name. */
static void plan_dm(struct plan *plan, struct op *op, const struct holder *h)
{
	const char *on = strstr(h->what, " on ");
	char name[256];

	text_fmt(name, sizeof(name), "%.*s", on ? (int)(on - h->what) : (int)sizeof(name), h->what);
	plan_command(plan, op, "dmsetup remove %s", name);
}

void plan_device_out(struct plan *plan, const struct snapshot *s, const struct holder *h)
{
	bool loop = h->out == OUT_LOOP_DETACH, dm = h->out == OUT_DM;
	struct op *op = plan_add(plan, loop ? OP_LOOP_DETACH : dm ? OP_DM_REMOVE : OP_MD_STOP,
				 DANGER_UNDOABLE, 30, "%s %s (%s)",
				 loop ? "detach" : dm ? "remove" : "stop", h->command, h->what);
	size_t i;

	plan_set(plan, &op->dst, "/dev/%s", h->command);
	for (i = 0; !loop && i < s->devs.n; i++)
		if (!strcmp(s->devs.row[i].name, h->command))
			op->dev = (struct dev_id){ .dev = s->devs.row[i].dev,
						   .diskseq = s->devs.row[i].diskseq };
	if (dm)
		plan_dm(plan, op, h);
	else
		plan_command(plan, op, loop ? "losetup -d /dev/%s" : "mdadm --stop /dev/%s", h->command);
}

static const struct {
	enum way_out out;
	void (*add)(struct plan *plan, const struct snapshot *s, const struct holder *h);
} ways[] = {
	{ OUT_NFSD, plan_nfsd },
	{ OUT_BINFMT, plan_binfmt },
};

void plan_kernel(struct plan *plan, const struct snapshot *s)
{
	const struct holder *h;
	size_t i, j;

	for (i = 0; i < s->holders.n; i++) {
		h = &s->holders.row[i];
		for (j = 0; j < sizeof(ways) / sizeof(ways[0]); j++)
			if (ways[j].out == h->out)
				ways[j].add(plan, s, h);
	}
}
