/* recipe.c - repairs of more than one program, each shown whole before it starts */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/text.h"
#include "model/unfinished.h"
#include "plan/common.h"
#include "plan/repair.h"

#define FS_RESIZED "ext2 ext3 ext4 xfs btrfs"

/* The tool of @dev's file system whose name ends so ("-check"), or NULL. */
static const struct tool *tool_for(const struct blockdev *dev, const char *suffix)
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

/* The deepest check that needs no decision. */
static void add_fix(const struct repair *rp, struct plan *plan, const struct blockdev *dev)
{
	const struct tool *t = tool_for(dev, "-fix");

	if (!t)
		t = tool_for(dev, "-check");
	if (t)
		repair_tool(plan, rp, t, dev);
}

static void add_check(const struct repair *rp, struct plan *plan, const struct blockdev *dev)
{
	const struct tool *t = tool_for(dev, "-check");

	if (t)
		repair_tool(plan, rp, t, dev);
}

static void add_mount(struct plan *plan, const struct blockdev *dev, const char *dir,
		      const char *options)
{
	struct op *op = plan_add(plan, OP_MOUNT, DANGER_UNDOABLE, 120, "mount %s (%s)", dev->path,
				 dev->fstype);

	op->dev = (struct dev_id){ .dev = dev->dev, .diskseq = dev->diskseq };
	plan_set(plan, &op->src, "%s", dev->path);
	plan_set(plan, &op->dst, "%s", dir);
	plan_set(plan, &op->fstype, "%s", dev->fstype);
	plan_set(plan, &op->options, "%s", options);
	plan_set(plan, &op->command, "mount -t %s -o %s %s %s", dev->fstype, options, dev->path, dir);
}

static void add_umount(struct plan *plan, const struct blockdev *dev, const char *dir)
{
	struct op *op = plan_add(plan, OP_UMOUNT, DANGER_UNDOABLE, 120, "unmount %s", dev->path);

	op->dev = (struct dev_id){ .dev = dev->dev, .diskseq = dev->diskseq };
	plan_set(plan, &op->dst, "%s", dir);
	plan_set(plan, &op->command, "umount %s", dir);
}

/* Check everything that the old system had mounted */

static bool seen_before(const struct old_root *old, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (old->mounts.row[k].dev == old->mounts.row[i].dev)
			return true;
	return false;
}

static const struct blockdev *dev_of_mount(const struct blockdevs *bs, const struct mount *m)
{
	size_t i;

	for (i = 0; i < bs->n; i++)
		if (bs->row[i].dev == m->dev || !strcmp(bs->row[i].path, m->source))
			return &bs->row[i];
	return NULL;
}

static int recipe_check_all(const struct repair *rp, struct plan *plan, struct error *err)
{
	const struct old_root *old = &rp->s->old;
	const struct blockdev *dev;
	size_t i;

	if (!rp->dev->old_root)
		return error_set(err, EINVAL, "check-all", rp->dev->path,
				 "the old root is not on this device",
				 "Choose the one that carries /, %s.", old->source);
	for (i = 0; i < old->mounts.n; i++) {
		dev = dev_of_mount(&rp->s->devs, &old->mounts.row[i]);
		if (!dev || seen_before(old, i) || !tool_for(dev, "-check"))
			continue;
		repair_written(plan, dev);
		add_fix(rp, plan, dev);
	}
	return 0;
}

/* Resize a file system together with what it lies in */

struct resize {
	const struct repair *rp;
	const struct blockdev *disk;	/* partition: the one that has its table */
	bool lvm, max;
	uint64_t to;			/* bytes, a whole number of MiB; with max nothing */
	char kib[24], part[8];
};

/* "vda1", "nvme0n1p2", "mmcblk0p1": the kernel's number is what comes after its disk's name. */
static bool part_number(const struct blockdev *b, const struct blockdev *disk, char *buf, size_t size)
{
	size_t len = strlen(disk->name);

	if (strncmp(b->name, disk->name, len))
		return false;
	text_fmt(buf, size, "%s", b->name + len + (b->name[len] == 'p'));
	return *buf >= '1' && *buf <= '9';
}

static int find_container(struct resize *rz, struct error *err)
{
	const struct blockdev *b = rz->rp->dev;

	if (!strcmp(b->type, "lvm")) {
		rz->lvm = true;
		return 0;
	}
	if (!strcmp(b->type, "part") && b->parent >= 0) {
		rz->disk = &rz->rp->s->devs.row[b->parent];
		if (part_number(b, rz->disk, rz->part, sizeof(rz->part)))
			return 0;
	}
	return error_set(err, EINVAL, "resize", b->path,
			 "only what lies in a partition or a logical volume is resized with it",
			 "This is a %s: resize what it lies in by hand (!), then the file system.",
			 b->type);
}

static int find_size(struct resize *rz, struct error *err)
{
	const struct blockdev *b = rz->rp->dev;
	char buf[32];
	const char *size = repair_value(rz->rp, "size", buf, sizeof(buf));

	rz->max = !strcmp(size, "max");
	if (rz->max)
		return 0;
	if (text_bytes(size, &rz->to) < 0)
		return error_set(err, EINVAL, "resize", size, "that is not a size",
				 "Say 5G, 800M (powers of 1024) or max.");
	rz->to &= ~(((uint64_t)1 << 20) - 1);
	if (rz->to < 16 << 20)
		return error_set(err, EINVAL, "resize", size, "that is too small for a file system",
				 "Say 5G, 800M (powers of 1024) or max.");
	text_fmt(rz->kib, sizeof(rz->kib), "%llu", (unsigned long long)rz->to >> 10);
	if (rz->to < b->size && !strcmp(b->fstype, "xfs"))
		return error_set(err, EINVAL, "resize", b->path, "XFS cannot be made smaller",
				 "Change its file system, or copy it to a smaller one.");
	return 0;
}

static void resize_container(struct plan *plan, const struct resize *rz)
{
	const struct blockdev *b = rz->rp->dev;
	char kib[32], title[80], to[16];
	struct op *op;

	if (rz->max)
		text_fmt(title, sizeof(title), "%s takes what is free behind it", b->path);
	else
		text_fmt(title, sizeof(title), "%s becomes %s", b->path,
			 text_size(to, sizeof(to), rz->to));
	text_fmt(kib, sizeof(kib), "%sk", rz->kib);
	if (!rz->lvm) {
		op = repair_command(plan, rz->disk, DANGER_DESTROYS, title,
				    WORDS("sfdisk", "--no-reread", "--no-tell-kernel", "-N", rz->part, rz->disk->path));
		plan_set(plan, &op->input, rz->max ? ", +\n" : ",%sKiB\n", rz->kib);
		plan_set(plan, &op->command, "echo '%.*s' | sfdisk --no-reread --no-tell-kernel -N %s %s",
			 (int)strlen(op->input) - 1, op->input, rz->part, rz->disk->path);
		/* sfdisk's own re-read fails where another partition of the disk is in use */
		repair_command(plan, rz->disk, DANGER_UNDOABLE, "tell the kernel its new size",
			       WORDS("partx", "-u", "--nr", rz->part, rz->disk->path));
	} else if (rz->max) {
		repair_command(plan, b, DANGER_DESTROYS, title,
			       WORDS("lvm", "lvresize", "-y", "-l", "+100%FREE", b->path))->skippable = true;
	} else {
		repair_command(plan, b, DANGER_DESTROYS, title,
			       WORDS("lvm", "lvresize", "-y", "-f", "-L", kib, b->path));
	}
}

/* ext's own limit is asked of it before anything is written: it refuses what does not fit. */
static void resize_fs(struct plan *plan, const struct resize *rz)
{
	const struct blockdev *b = rz->rp->dev;
	char size[32], title[80];

	text_fmt(title, sizeof(title), "resize the file system (%s)", b->fstype);
	if (!strncmp(b->fstype, "ext", 3)) {
		text_fmt(size, sizeof(size), "%sK", rz->kib);
		repair_command(plan, b, DANGER_DESTROYS, title,
			       WORDS("resize2fs", b->path, rz->max ? NULL : size));
		return;
	}
	add_mount(plan, b, CAREEN_MNT, "rw");
	if (!strcmp(b->fstype, "xfs")) {
		repair_command(plan, NULL, DANGER_DESTROYS, title, WORDS("xfs_growfs", CAREEN_MNT));
	} else {
		text_fmt(size, sizeof(size), "%sK", rz->kib);
		repair_command(plan, NULL, DANGER_DESTROYS, title,
			       WORDS("btrfs", "filesystem", "resize", rz->max ? "max" : size,
				     CAREEN_MNT));
	}
	add_umount(plan, b, CAREEN_MNT);
}

/*
 * Smaller: the file system first, then what it lies in; larger: the other way round.
 * Each operation says so and changes nothing where it is done already, so that a plan
 * made anew after a failure goes on from there.
 */
static int recipe_resize(const struct repair *rp, struct plan *plan, struct error *err)
{
	struct resize rz = { .rp = rp };
	bool smaller;
	int r = find_container(&rz, err);

	if (r == 0)
		r = find_size(&rz, err);
	if (r < 0)
		return r;
	smaller = !rz.max && rz.to < rp->dev->size;
	if (rz.disk)
		repair_keep(plan, rz.disk);
	repair_written(plan, rp->dev);
	add_fix(rp, plan, rp->dev);
	if (!smaller)
		resize_container(plan, &rz);
	resize_fs(plan, &rz);
	if (smaller)
		resize_container(plan, &rz);
	add_check(rp, plan, rp->dev);
	return 0;
}

/* Change the file system, keep its files */

enum { DID_SAVE = 1, DID_WIPE, DID_MAKE, DID_RESTORE, DID_VERIFY, DID_MEND };

struct change {
	const struct repair *rp;
	struct blockdev is, will;	/* the device now, and with the new file system */
	const struct blockdev *store;	/* NULL: RAM */
	const char *uuid, *label;
};

static void once(const struct repair *rp, struct op *op, unsigned n)
{
	op->once = n;
	op->done = unfinished_is(&rp->s->unfinished, rp->tool->name, rp->dev) &&
		   (rp->s->unfinished.done & 1u << n);
}

static bool done(const struct repair *rp, unsigned n)
{
	return unfinished_is(&rp->s->unfinished, rp->tool->name, rp->dev) &&
	       (rp->s->unfinished.done & 1u << n);
}

/* What a plan made anew after a failure has to know of how it was. */
static void add_remember(struct plan *plan, const struct repair *rp, const struct change *ch)
{
	struct op *op;

	if (unfinished_is(&rp->s->unfinished, rp->tool->name, rp->dev))
		return;
	op = plan_add(plan, OP_REMEMBER, DANGER_UNDOABLE, 10, "journal: this repair begins");
	plan_set(plan, &op->input, "tool %s\ndev %u:%u %llu\nuuid %s\nlabel %s\nfstype %s\n"
		 "set fs=%s\nset via=%s\n", rp->tool->name, major(rp->dev->dev),
		 minor(rp->dev->dev), (unsigned long long)rp->dev->diskseq, ch->uuid, ch->label,
		 ch->is.fstype, ch->will.fstype, ch->store ? ch->store->name : "ram");
	plan_set(plan, &op->command, "cat > %s", CAREEN_RECIPE);
}

static int find_store(struct change *ch, struct error *err)
{
	char buf[32];
	const char *via = repair_value(ch->rp, "via", buf, sizeof(buf));
	const struct blockdev *b;

	if (!strcmp(via, "ram"))
		return 0;
	b = blockdevs_find(&ch->rp->s->devs, via);
	if (!b || b == ch->rp->dev)
		return error_set(err, ENODEV, "change-fs", via, "no such other device",
				 "Say ram, or a device with a file system on it that has room.");
	if (!b->fstype || !tool_for(b, "-check"))
		return error_set(err, EINVAL, "change-fs", b->path, "no file system is on it",
				 "Make one on it first (Repair, Make), or say ram.");
	ch->store = b;
	return repair_refuse_busy(ch->rp->s, b, false, err);
}

static int find_change(struct change *ch, struct error *err)
{
	static const char *const known[] = { "ext4", "xfs", "btrfs" };
	const struct repair *rp = ch->rp;
	const struct unfinished *u = &rp->s->unfinished;
	bool goes_on = unfinished_is(u, rp->tool->name, rp->dev);
	char buf[32];
	const char *fs = repair_value(rp, "fs", buf, sizeof(buf));
	size_t i;

	ch->is = ch->will = *rp->dev;
	if (goes_on)
		ch->is.fstype = (char *)u->fstype;
	ch->uuid = goes_on ? u->uuid : rp->dev->uuid;
	ch->label = goes_on ? u->label : rp->dev->label;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(fs, known[i]))
			ch->will.fstype = (char *)known[i];
	if (strcmp(ch->will.fstype, fs))
		return error_set(err, EINVAL, "change-fs", fs, "no such file system",
				 "Say ext4, xfs or btrfs.");
	return find_store(ch, err);
}

static void add_store(struct plan *plan, const struct change *ch)
{
	struct op *op;

	if (ch->store) {
		add_mount(plan, ch->store, CAREEN_SAVE, "rw");
		return;
	}
	op = plan_add(plan, OP_MOUNT, DANGER_UNDOABLE, 10, "RAM to keep the files in");
	plan_set(plan, &op->src, "careen-save");
	plan_set(plan, &op->dst, CAREEN_SAVE);
	plan_set(plan, &op->fstype, "tmpfs");
	plan_set(plan, &op->options, "mode=0700,size=80%%");
	plan_set(plan, &op->command, "mount -t tmpfs -o mode=0700,size=80%% careen-save %s",
		 CAREEN_SAVE);
}

#define ARCHIVE CAREEN_SAVE "/careen-root.tar"
/* All that a file has: security.capability is an extended attribute like others. */
#define TAR "tar", "-C", CAREEN_MNT, "--xattrs", "--xattrs-include=*", "--acls", "--numeric-owner"

static void add_save(struct plan *plan, const struct change *ch)
{
	add_mount(plan, &ch->is, CAREEN_MNT, "ro");
	once(ch->rp, repair_command(plan, NULL, DANGER_NONE, "save its files to " ARCHIVE,
				    WORDS(TAR, "--sparse", "--one-file-system",
					  "--exclude=./lost+found", "-cf", ARCHIVE, ".")), DID_SAVE);
	add_umount(plan, &ch->is, CAREEN_MNT);
}

static void add_make(struct plan *plan, const struct change *ch)
{
	const char *dev = ch->rp->dev->path, *fs = ch->will.fstype;
	char title[64], uuid[80];
	struct op *op;

	/* mkfs.btrfs takes no UUID that it still finds somewhere */
	once(ch->rp, repair_command(plan, ch->rp->dev, DANGER_DESTROYS, "wipe the old signature",
				    WORDS("wipefs", "-a", "-q", dev)), DID_WIPE);
	text_fmt(title, sizeof(title), "make the new file system (%s)", fs);
	text_fmt(uuid, sizeof(uuid), "uuid=%s", ch->uuid);
	if (!strcmp(fs, "ext4"))
		op = repair_command(plan, ch->rp->dev, DANGER_DESTROYS, title,
				    WORDS("mke2fs", "-q", "-t", "ext4", "-F", "-U", ch->uuid, "-L",
					  ch->label, dev));
	else if (!strcmp(fs, "xfs"))
		op = repair_command(plan, ch->rp->dev, DANGER_DESTROYS, title,
				    WORDS("mkfs.xfs", "-q", "-f", "-m", uuid, dev));
	else
		op = repair_command(plan, ch->rp->dev, DANGER_DESTROYS, title,
				    WORDS("mkfs.btrfs", "-q", "-f", "-U", ch->uuid, "-L", ch->label,
					  dev));
	once(ch->rp, op, DID_MAKE);
}

static void add_restore(struct plan *plan, const struct change *ch)
{
	const struct blockdev *disk = repair_disk(ch->rp->s, ch->rp->dev);
	struct op *op;

	add_mount(plan, &ch->will, CAREEN_MNT, "rw");
	once(ch->rp, repair_command(plan, NULL, DANGER_DESTROYS, "restore the files",
				    WORDS(TAR, "-xpf", ARCHIVE)), DID_RESTORE);
	once(ch->rp, repair_command(plan, NULL, DANGER_NONE, "compare each with what was saved",
				    WORDS(TAR, "--compare", "-f", ARCHIVE)), DID_VERIFY);
	op = repair_command(plan, NULL, DANGER_DESTROYS, "mend fstab, boot loader, initramfs",
			    WORDS("sh", CAREEN_LIB "/mend-root", CAREEN_MNT, disk->path,
				  ch->will.fstype, ch->uuid));
	op->apart = true;
	once(ch->rp, op, DID_MEND);
	add_umount(plan, &ch->will, CAREEN_MNT);
}

static int recipe_change(const struct repair *rp, struct plan *plan, struct error *err)
{
	struct change ch = { .rp = rp };
	struct op *op;
	int r = find_change(&ch, err);

	if (r < 0)
		return r;
	add_remember(plan, rp, &ch);
	add_store(plan, &ch);
	repair_written(plan, rp->dev);
	if (!done(rp, DID_SAVE)) {
		add_fix(rp, plan, &ch.is);
		add_save(plan, &ch);
	}
	add_make(plan, &ch);
	add_restore(plan, &ch);
	add_check(rp, plan, &ch.will);
	op = plan_add(plan, OP_UMOUNT, DANGER_UNDOABLE, 120, "unmount where they were kept");
	plan_set(plan, &op->dst, CAREEN_SAVE);
	plan_set(plan, &op->command, "umount %s", CAREEN_SAVE);
	op = plan_add(plan, OP_FORGET, DANGER_UNDOABLE, 10, "journal: this repair has ended");
	plan_set(plan, &op->command, "rm %s", CAREEN_RECIPE);
	return 0;
}

const struct tool tools_recipe[] = {
	{
		.name = "check-all", .title = "Check and fix everything",
		.about = "The root and every file system that the old system had mounted, one after the other.",
		.fstypes = "ext2 ext3 ext4 xfs btrfs vfat f2fs", .program = "e2fsck",
		.package = "e2fsprogs", .danger = DANGER_DESTROYS, .recipe = recipe_check_all,
	}, {
		.name = "resize", .title = "Resize with its partition",
		.about = "Make the file system and its partition or logical volume smaller or larger.",
		.fstypes = FS_RESIZED, .program = "resize2fs", .package = "e2fsprogs",
		.ask = { { .key = "size", .ask = "New size (5G, 800M), or max: all that is free behind it",
			   .fallback = "max", .type = ASK_TEXT } },
		.danger = DANGER_DESTROYS, .recipe = recipe_resize,
	},
	{
		.name = "change-fs", .title = "Change the file system",
		.about = "ext4, xfs, btrfs: its files are kept, restored and compared, and it boots from it.",
		.fstypes = "ext2 ext3 ext4 xfs btrfs", .program = "tar", .package = "tar",
		.ask = {
			{ .key = "fs", .ask = "New file system (ext4, xfs or btrfs)", .type = ASK_TEXT },
			{ .key = "via", .ask = "Where the files are kept meanwhile (ram, or a device like vdb1)",
			  .fallback = "ram", .type = ASK_TEXT },
		},
		.danger = DANGER_DESTROYS, .recipe = recipe_change,
	},
	{ .name = NULL }
};
