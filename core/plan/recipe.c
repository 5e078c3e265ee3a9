/* recipe.c - repairs of more than one program, each shown whole before it starts */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/text.h"
#include "model/unfinished.h"
#include "plan/common.h"
#include "plan/recipe.h"

const struct tool *recipe_tool(const struct blockdev *dev, const char *suffix)
{
	const struct tool *t;
	const char *end;

	for (t = tool_next(NULL); t; t = tool_next(t)) {
		end = strrchr(t->name, '-');
		if (t->fstypes && end && !strcmp(end, suffix) && tool_suits(t, dev))
			return t;
	}
	return NULL;
}

void recipe_fix(const struct repair *rp, struct plan *plan, const struct blockdev *dev)
{
	const struct tool *t = recipe_tool(dev, "-fix");

	if (!t)
		t = recipe_tool(dev, "-check");
	if (t)
		repair_tool(plan, rp, t, dev);
}

void recipe_check(const struct repair *rp, struct plan *plan, const struct blockdev *dev)
{
	const struct tool *t = recipe_tool(dev, "-check");

	if (t)
		repair_tool(plan, rp, t, dev);
}

void recipe_mount(struct plan *plan, const struct blockdev *dev, const char *dir,
		      const char *options)
{
	struct op *op = plan_add(plan, OP_MOUNT, DANGER_UNDOABLE, 120, "mount %s (%s)", dev->path,
				 dev->fstype);

	op->dev = (struct dev_id){ .dev = dev->dev, .diskseq = dev->diskseq };
	plan_set(plan, &op->src, "%s", dev->path);
	plan_set(plan, &op->dst, "%s", dir);
	plan_set(plan, &op->fstype, "%s", dev->fstype);
	plan_set(plan, &op->options, "%s", options);
	plan_command(plan, op, "mount -t %s -o %s %s %s", dev->fstype, options, dev->path, dir);
}

void recipe_umount(struct plan *plan, const struct blockdev *dev, const char *dir)
{
	struct op *op = plan_add(plan, OP_UMOUNT, DANGER_UNDOABLE, 120, "unmount %s", dev->path);

	/* a mounted btrfs has a device number of its own making */
	if (strcmp(dev->fstype, "btrfs"))
		op->dev = (struct dev_id){ .dev = dev->dev, .diskseq = dev->diskseq };
	plan_set(plan, &op->dst, "%s", dir);
	plan_command(plan, op, "umount %s", dir);
}

bool recipe_did(const struct repair *rp, unsigned n)
{
	return unfinished_is(&rp->s->unfinished, rp->tool->name, rp->dev) &&
	       (rp->s->unfinished.done & 1u << n);
}

void recipe_once(const struct repair *rp, struct op *op, unsigned n)
{
	op->once = n;
	op->done = recipe_did(rp, n);
}

void recipe_writes(struct plan *plan, const struct blockdev *dev)
{
	repair_written(plan, dev);
	if (plan->n)
		plan->ops[plan->n - 1].once = RECIPE_BEGUN;
}

void recipe_begins(struct plan *plan, const struct repair *rp, const char *const *answers)
{
	const struct blockdev *b = rp->dev;
	const struct { const char *key, *value; } facts[] = {
		{ "uuid", b->uuid }, { "label", b->label }, { "fstype", b->fstype },
	};
	char *text = NULL;
	size_t size = 0, i;
	struct op *op;
	FILE *f;

	if (unfinished_is(&rp->s->unfinished, rp->tool->name, b))
		return;
	f = open_memstream(&text, &size);
	plan->oom |= !f;
	if (!f)
		return;
	fprintf(f, "tool %s\ndev %u:%u %llu\n", rp->tool->name, major(b->dev), minor(b->dev),
		(unsigned long long)b->diskseq);
	for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		fprintf(f, "%s ", facts[i].key);
		text_escape(f, facts[i].value);
		fputc('\n', f);
	}
	for (; *answers; answers += 2)
		if (*answers[1]) {
			fprintf(f, "set %s=", answers[0]);
			text_escape(f, answers[1]);
			fputc('\n', f);
		}
	plan->oom |= fclose(f) == EOF;
	op = plan_add(plan, OP_REMEMBER, DANGER_UNDOABLE, 10, "journal: this repair begins");
	free(op->input);
	op->input = text;
	plan_outline(plan, op, "cat > %s", CAREEN_RECIPE);
}

void recipe_ends(struct plan *plan)
{
	struct op *op = plan_add(plan, OP_FORGET, DANGER_UNDOABLE, 10, "journal: this repair has ended");

	plan_command(plan, op, "rm %s", CAREEN_RECIPE);
}

void recipe_as_it_was(const struct repair *rp, struct blockdev *ret)
{
	const struct unfinished *u = &rp->s->unfinished;

	*ret = *rp->dev;
	if (!unfinished_is(u, rp->tool->name, rp->dev))
		return;
	ret->fstype = (char *)u->fstype;
	ret->uuid = (char *)u->uuid;
	ret->label = (char *)u->label;
}

bool recipe_in_fstab(const struct old_root *old, const struct blockdev *b)
{
	unsigned i;

	for (i = 0; i < old->nfstab; i++)
		if (!strcmp(b->uuid, old->fstab[i]))
			return true;
	return false;
}

/* Check everything that the old system had mounted, and what else its fstab names */

static bool was_mounted(const struct old_root *old, const struct blockdev *b)
{
	size_t i;

	for (i = 0; i < old->mounts.n; i++)
		if (b->dev == old->mounts.row[i].dev || !strcmp(b->path, old->mounts.row[i].source))
			return true;
	return false;
}

/* Of several devices of one btrfs, the one that was mounted, or the first. */
static bool is_checked(const struct snapshot *s, size_t i)
{
	const struct blockdev *b = s->devs.row;
	size_t k;

	if (was_mounted(&s->old, &b[i]))
		return true;
	if (!recipe_in_fstab(&s->old, &b[i]))
		return false;
	for (k = 0; k < s->devs.n; k++)
		if (k != i && !strcmp(b[k].uuid, b[i].uuid) && (k < i || was_mounted(&s->old, &b[k])))
			return false;
	return true;
}

static int recipe_check_all(const struct repair *rp, struct plan *plan, struct error *err)
{
	const struct old_root *old = &rp->s->old;
	const struct blockdev *dev;
	size_t i;
	int r;

	if (!rp->dev->old_root)
		return error_set(err, EINVAL, "check-all", rp->dev->path,
				 "the old root is not on this device",
				 "Choose the one that carries /, %s.", old->source);
	plan_set(plan, &plan->undo, "No undo: what has to be mended is written to each of them.");
	for (i = 0; i < rp->s->devs.n; i++) {
		dev = &rp->s->devs.row[i];
		if (!is_checked(rp->s, i) || !recipe_tool(dev, "-check"))
			continue;
		r = repair_refuse_busy(rp->s, dev, false, err);
		if (r < 0)
			return r;
		repair_written(plan, dev);
		recipe_fix(rp, plan, dev);
	}
	return 0;
}

const struct tool tools_recipe[] = {
	{
		.name = "check-all", .title = "Check and fix everything",
		.about = "The root and every file system that was mounted or is in fstab, one after the other.",
		.fstypes = "ext2 ext3 ext4 xfs btrfs vfat f2fs", .program = "e2fsck",
		.package = "e2fsprogs", .danger = DANGER_DESTROYS, .recipe = recipe_check_all,
	}, {
		.name = "resize", .title = "Resize with its partition",
		.about = "Make the file system and its partition or logical volume smaller or larger.",
		.fstypes = "ext2 ext3 ext4 xfs btrfs", .program = "resize2fs", .package = "e2fsprogs",
		.ask = { { .key = "size", .ask = "New size (5G, 800M), or max: all that is free behind it",
			   .fallback = "max", .type = ASK_TEXT } },
		.danger = DANGER_DESTROYS, .recipe = recipe_resize,
	}, {
		.name = "encrypt-root", .title = "Encrypt the root where it is",
		.about = "It becomes a LUKS2 container with the same files; the next boot asks for the "
			 "passphrase.",
		.fstypes = "ext4", .devtypes = "part", .program = "cryptsetup",
		.package = "cryptsetup-initramfs", .stacked_ok = true,
		.ask = { { .key = "as", .ask = "Name of the opened device", .fallback = "cryptroot",
			   .type = ASK_OPTION } },
		.danger = DANGER_DESTROYS, .recipe = recipe_encrypt,
	}, {
		.name = "clone", .title = "Clone the root's disk onto it",
		.about = "All of the disk that the root is on, read back; then the system goes on from the new one (Resume).",
		.devtypes = "disk", .program = "dd", .package = "coreutils",
		.ask = { TOOL_OFFSET, TOOL_VERIFY },
		.danger = DANGER_DESTROYS, .recipe = recipe_clone,
	}, {
		.name = "new-system", .title = "Write a new system and reboot",
		.about = "An image of a whole disk onto the one that the root was on, read back; then the machine starts from it.",
		.devtypes = "disk", .program = "dd", .package = "coreutils",
		.ask = {
			{ .key = "src", .ask = "Image file to write, of a whole disk", .type = ASK_PATH },
			TOOL_OFFSET, TOOL_VERIFY, TOOL_PACKED, TOOL_SHA256, TOOL_SIZE,
		},
		.danger = DANGER_DESTROYS, .copy = COPY_IN, .recipe = recipe_image,
	}, {
		.name = "new-system-kexec", .title = "Write a new system, and kexec",
		.about = "An image of a whole disk onto the one that the root was on; then its kernel starts at once, without firmware and boot loader.",
		.devtypes = "disk", .program = "kexec", .package = "kexec-tools",
		.ask = {
			{ .key = "src", .ask = "Image file to write, of a whole disk", .type = ASK_PATH },
			{ .key = "part", .ask = "Number of the partition that its root is on", .fallback = "1",
			  .type = ASK_TEXT },
			TOOL_OFFSET, TOOL_VERIFY, TOOL_PACKED, TOOL_SHA256, TOOL_SIZE,
			{ .key = "kernel", .ask = "its kernel, in the root", .fallback = "/vmlinuz", .type = ASK_OPTION },
			{ .key = "initrd", .ask = "its initramfs, in the root", .fallback = "/initrd.img",
			  .type = ASK_OPTION },
			{ .key = "words", .ask = "what the kernel is told, beside root=UUID=... ro", .fallback = "",
			  .type = ASK_OPTION },
		},
		.danger = DANGER_DESTROYS, .copy = COPY_IN, .recipe = recipe_image,
	}, {
		.name = "wipe-all", .title = "Wipe everything and power off",
		.about = "Every disk that the old system had mounted or in its fstab, or those you name, and read back; then the machine goes off.",
		.devtypes = "disk", .program = "dd", .package = "coreutils",
		.ask = {
			{ .key = "disks", .ask = "Disks to wipe (vda vdb), or all that the old system used",
			  .fallback = "all", .type = ASK_TEXT },
			{ .key = "how", .ask = "How: zero, or discard, which not every disk can", .fallback = "zero",
			  .type = ASK_TEXT },
		},
		.danger = DANGER_DESTROYS, .recipe = recipe_wipe,
	},
	{
		.name = "change-fs", .title = "Change the file system",
		.about = "ext4, xfs, btrfs: its files are kept, restored and compared, and it boots from it.",
		.fstypes = "ext2 ext3 ext4 xfs btrfs", .program = "tar", .package = "tar",
		.ask = {
			{ .key = "fs", .ask = "New file system (ext4, xfs or btrfs)", .type = ASK_TEXT },
			{ .key = "via", .ask = "Where the files are kept meanwhile (ram, ssh, or a device like vdb1)",
			  .fallback = "ram", .type = ASK_TEXT },
		},
		.danger = DANGER_DESTROYS, .recipe = recipe_change,
	},
	{ .name = NULL }
};
