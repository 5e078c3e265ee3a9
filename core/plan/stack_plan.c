/* stack_plan.c - LUKS, LVM and md below the old root: kept open, closed, opened again */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/stack.h"
#include "plan/common.h"

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static bool has_crypt(const struct old_root *old)
{
	unsigned i;

	for (i = 0; i < old->nlayers; i++)
		if (!strcmp(old->layer[i].type, "crypt"))
			return true;
	return false;
}

/*
 * Debian's initramfs asks dm to remove the root's LUKS mapping, and what lies on
 * it, at its last close [cryptsetup-initramfs scripts/local-bottom/cryptroot]:
 * the unmount of the root would be that. The kernel takes this back by a message
 * [drivers/md/dm-ioctl.c message_for_md()].
 */
void plan_keep_open(struct plan *plan, const struct snapshot *s)
{
	const struct blockdev *b;
	struct op *op;
	size_t i;

	for (i = 0; has_crypt(&s->old) && i < s->devs.n; i++) {
		b = &s->devs.row[i];
		if (!b->old_root || !*stack_dm_name(b))
			continue;
		op = plan_add(plan, OP_STACK, DANGER_UNDOABLE, 30, "keep %s (%s) open",
			      stack_dm_name(b), b->name);
		op->dev = (struct dev_id){ .dev = b->dev, .diskseq = b->diskseq };
		plan_set(plan, &op->src, "%s", b->path);
		plan_set(plan, &op->dst, "%s", stack_dm_name(b));
		plan_words(plan, op, WORDS("dmsetup", "message", stack_dm_name(b), "0",
			 "@cancel_deferred_remove"));
	}
}

/* Why @layer could not be opened again, or NULL. */
static const char *no_return(const struct layer *l)
{
	if (!strcmp(l->type, "dm") || !strcmp(l->type, "mpath"))
		return "only whoever made it knows how";
	if (!strcmp(l->type, "crypt") && !*l->id)
		return "it has no LUKS header on its disk to find it by";
	if (!strcmp(l->type, "md") && !*l->id)
		return "the array has no UUID to find it by";
	return NULL;
}

static void close_layer(struct plan *plan, const struct snapshot *s, const struct layer *l)
{
	struct op *op = plan_add(plan, OP_STACK, DANGER_UNDOABLE, 60, "close %s (%s)", l->name,
				 l->type);
	const struct blockdev *b;
	size_t i;

	plan_set(plan, &op->dst, "%s", l->name);
	for (i = 0; i < s->devs.n; i++) {
		b = &s->devs.row[i];
		if (!stack_is_of(&s->devs, b, l))
			continue;
		op->dev = (struct dev_id){ .dev = b->dev, .diskseq = b->diskseq };
		plan_set(plan, &op->src, "%s", b->path);
		break;
	}
	if (!strcmp(l->type, "lvm"))
		plan_words(plan, op, WORDS("lvm", "vgchange", "-an", l->name));
	else if (!strcmp(l->type, "md"))
		plan_words(plan, op, WORDS("mdadm", "--stop", op->src));
	else if (!strcmp(l->type, "crypt"))
		plan_words(plan, op, WORDS("cryptsetup", "close", l->name));
	else
		plan_words(plan, op, WORDS("dmsetup", "remove", l->name));
}

/* Topmost first; what Resume will need, or cannot, is said before anything is done. */
int plan_close_stack(struct plan *plan, const struct snapshot *s, struct error *err)
{
	const struct old_root *old = &s->old;
	const char *why;
	unsigned i;

	if (!old->nlayers)
		return error_set(err, EINVAL, "unmount", "--close",
				 "the old root lies on no LUKS, LVM or md", "Unmount without it.");
	for (i = old->nlayers; i-- > 0;) {
		if (!stack_is_open(&s->devs, &old->layer[i]))
			continue;
		close_layer(plan, s, &old->layer[i]);
		why = no_return(&old->layer[i]);
		if (why)
			plan_set(plan, &plan->undo, "NO WAY BACK by Resume: it cannot open %s again, "
				 "as %s. Keep it open, or open it by hand.", old->layer[i].name, why);
	}
	if (!strncmp(plan->undo, "Undo", 4))
		plan_set(plan, &plan->undo, "Undo: Resume, which opens the stack again%s.",
			 has_crypt(old) ? " and asks for the passphrase" : "");
	return 0;
}

static void open_layer(struct plan *plan, const struct layer *l)
{
	struct op *op = plan_add(plan, OP_STACK, DANGER_UNDOABLE, 120, "open %s (%s)", l->name,
				 l->type);
	char device[80], uuid[80];

	text_fmt(device, sizeof(device), "/dev/%s", l->name);
	text_fmt(uuid, sizeof(uuid), "%s%s", strcmp(l->type, "md") ? "UUID=" : "--uuid=", l->id);
	plan_set(plan, &op->dst, "%s", l->name);
	if (!strcmp(l->type, "lvm"))
		plan_words(plan, op, WORDS("lvm", "vgchange", "-ay", l->name));
	else if (!strcmp(l->type, "md"))
		plan_words(plan, op, WORDS("mdadm", "--assemble", device, uuid));
	else
		plan_words(plan, op, WORDS("cryptsetup", "open", "--type", "luks", "--key-file", "-",
			 uuid, l->name));
	if (strcmp(l->type, "crypt"))
		return;
	op->needs_secret = true;
	plan_set(plan, &plan->secret_what, "the passphrase of %s", l->name);
}

/* Lowest first, what is not open: how many, or -errno. */
int plan_open_stack(struct plan *plan, const struct snapshot *s, struct error *err)
{
	const struct layer *l;
	unsigned i;
	int n = 0;

	for (i = 0; i < s->old.nlayers; i++) {
		l = &s->old.layer[i];
		if (stack_is_open(&s->devs, l))
			continue;
		if (no_return(l))
			return error_set(err, ENOTSUP, "resume", l->name, no_return(l),
					 "Open it by hand in a shell (!), then make the plan again.");
		open_layer(plan, l);
		n++;
	}
	return n;
}
