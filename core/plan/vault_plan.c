/* vault_plan.c - what undoes a change is kept before it, and put back when asked to */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "paths.h"
#include "plan/repair.h"

/* How the equivalent command begins; the rest of the entry is made the same way. */
static struct op *keep(struct plan *plan, const struct blockdev *dev)
{
	const char *colon = strchr(plan->title, ':');
	struct op *op = plan_add(plan, OP_VAULT, DANGER_NONE, 60, "vault: undo data of %s",
				 dev->path);

	/* without room in RAM the operator may know better */
	op->skippable = true;
	op->dev = repair_dev_id(NULL, dev);
	plan_set(plan, &op->dst, "%s", dev->path);
	plan_set(plan, &op->src, "%s", colon ? colon + 2 : plan->title);
	plan_outline(plan, op, "dd if=%s of=" CAREEN_VAULT "/NNNN/at-0 bs=1M count=1", dev->path);
	return op;
}

struct op *repair_keep(struct plan *plan, const struct blockdev *dev)
{
	return keep(plan, dev);
}

struct op *vault_forget(struct plan *plan, const struct snapshot *s, const struct blockdev *dev)
{
	const struct blockdev *disk = repair_disk(s, dev);
	struct op *op = plan_add(plan, OP_VAULT_FORGET, DANGER_NONE, 60,
				 "vault: forget what was kept of %s", dev->path);

	plan_set(plan, &op->dst, "%s", dev->path);
	plan_set(plan, &op->src, "%s", disk->path);
	plan_outline(plan, op, "careen vault drop NNNN");
	return op;
}

static void written(struct plan *plan, const struct blockdev *dev)
{
	struct op *op = plan_add(plan, OP_WRITTEN, DANGER_UNDOABLE, 10, "journal: %s is written to",
				 dev->path);

	plan_set(plan, &op->dst, "%s", dev->path);
	plan_command(plan, op, "echo %s >> %s", dev->path, CAREEN_WRITTEN);
}

void repair_written(struct plan *plan, const struct blockdev *dev)
{
	keep(plan, dev);
	written(plan, dev);
}

/* What follows the disk's name: the same partition, whatever the disk is called now. */
static const char *part_of(const struct blockdev *disk, const struct blockdev *b)
{
	size_t len = strlen(disk->name);

	return strncmp(b->name, disk->name, len) ? b->name : b->name + len;
}

/*
 * The very device: a serial is the disk's for ever, a diskseq is of this boot. A disk that
 * has no serial and was attached anew is not known to be the same.
 */
static bool is_it(const struct snapshot *s, const struct blockdev *b, const struct vault_entry *e)
{
	const struct blockdev *disk = repair_disk(s, b);
	const char *serial = disk->serial ? disk->serial : "";

	if (b->size != e->size || strcmp(serial, e->serial) || strcmp(part_of(disk, b), e->part))
		return false;
	return *serial || (e->diskseq && b->diskseq == e->diskseq);
}

static int find(const struct snapshot *s, const struct vault_entry *e, const struct blockdev **ret,
		struct error *err)
{
	size_t i;

	for (i = 0; i < s->devs.n; i++)
		if (is_it(s, &s->devs.row[i], e)) {
			*ret = &s->devs.row[i];
			return 0;
		}
	return error_set(err, ENODEV, "restore", e->device, "the device it was kept of is not here",
			 "It is %s%s, %llu bytes. No other is written to.",
			 *e->serial ? "serial " : "a disk without a serial number, as attached then",
			 e->serial, (unsigned long long)e->size);
}

static struct plan *build(const struct snapshot *s, const struct vault_entry *e,
			  const struct blockdev *dev)
{
	char title[160];
	struct plan *plan;
	struct op *op;

	text_fmt(title, sizeof(title), "Repair: Restore entry %s of the vault, %s", e->id, dev->path);
	plan = plan_new("repair", title);
	if (!plan)
		return NULL;
	plan_set(plan, &plan->undo, "%s becomes what it was before: %s (%s).", dev->path, e->before,
		 e->what);
	repair_token(plan, s, dev);
	op = keep(plan, dev);
	plan_set(plan, &op->options, "%s", e->id);
	written(plan, dev);
	op = plan_add(plan, OP_VAULT_RESTORE, DANGER_DESTROYS, 300, "vault: put back %s onto %s",
		      e->id, dev->path);
	op->dev = repair_dev_id(s, dev);
	plan_set(plan, &op->dst, "%s", dev->path);
	plan_set(plan, &op->src, CAREEN_VAULT "/%s", e->id);
	plan_command(plan, op, "for f in " CAREEN_VAULT "/%s/at-*; do dd if=$f of=%s bs=1M "
		 "oflag=seek_bytes seek=${f##*-} conv=fsync,nocreat; done", e->id, dev->path);
	return plan;
}

int vault_plan(const struct snapshot *s, const char *entry, struct plan **ret, struct error *err)
{
	const struct vault_entry *e = vault_find(&s->vault, entry);
	const struct blockdev *dev = NULL;
	int r;

	if (!e)
		return error_set(err, ENOENT, "restore", entry, "there is no such entry",
				 "careen vault lists them.");
	r = find(s, e, &dev, err);
	if (r == 0)
		r = repair_refuse_busy(s, dev, false, err);
	if (r < 0)
		return r;
	if (dev->readonly)
		return error_set(err, EROFS, "restore", dev->path, NULL,
				 "Make it writable with: blockdev --setrw %s", dev->path);
	return plan_finish(build(s, e, dev), ret, err);
}
