/* recipe_change.c - another file system under the same files */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "paths.h"
#include "plan/recipe.h"

enum { DID_SAVE = 1, DID_WIPE, DID_MAKE, DID_RESTORE, DID_VERIFY, DID_MEND };

struct change {
	const struct repair *rp;
	struct blockdev is, will;	/* the device now, and with the new file system */
	const struct blockdev *store;	/* NULL: RAM */
};

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
	if (!b->fstype || !recipe_tool(b, "-check"))
		return error_set(err, EINVAL, "change-fs", b->path, "no file system is on it",
				 "Make one on it first (Repair, Make), or say ram.");
	ch->store = b;
	return repair_refuse_busy(ch->rp->s, b, false, err);
}

static int find_change(struct change *ch, struct error *err)
{
	static const char *const known[] = { "ext4", "xfs", "btrfs" };
	const struct repair *rp = ch->rp;
	char buf[32];
	const char *fs = repair_value(rp, "fs", buf, sizeof(buf));
	size_t i;

	recipe_as_it_was(rp, &ch->is);
	ch->will = ch->is;
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
		recipe_mount(plan, ch->store, CAREEN_SAVE, "rw");
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
	recipe_mount(plan, &ch->is, CAREEN_MNT, "ro");
	recipe_once(ch->rp, repair_command(plan, NULL, DANGER_NONE, "save its files to " ARCHIVE,
				    WORDS(TAR, "--sparse", "--one-file-system",
					  "--exclude=./lost+found", "-cf", ARCHIVE, ".")), DID_SAVE);
	recipe_umount(plan, &ch->is, CAREEN_MNT);
}

static void add_make(struct plan *plan, const struct change *ch)
{
	const char *dev = ch->rp->dev->path, *fs = ch->will.fstype;
	char title[64], uuid[80];
	struct op *op;

	/* mkfs.btrfs takes no UUID that it still finds somewhere */
	recipe_once(ch->rp, repair_command(plan, ch->rp->dev, DANGER_DESTROYS, "wipe the old signature",
				    WORDS("wipefs", "-a", "-q", dev)), DID_WIPE);
	text_fmt(title, sizeof(title), "make the new file system (%s)", fs);
	text_fmt(uuid, sizeof(uuid), "uuid=%s", ch->is.uuid);
	if (!strcmp(fs, "ext4"))
		op = repair_command(plan, ch->rp->dev, DANGER_DESTROYS, title,
				    WORDS("mke2fs", "-q", "-t", "ext4", "-F", "-U", ch->is.uuid, "-L",
					  ch->is.label, dev));
	else if (!strcmp(fs, "xfs"))
		op = repair_command(plan, ch->rp->dev, DANGER_DESTROYS, title,
				    WORDS("mkfs.xfs", "-q", "-f", "-m", uuid, dev));
	else
		op = repair_command(plan, ch->rp->dev, DANGER_DESTROYS, title,
				    WORDS("mkfs.btrfs", "-q", "-f", "-U", ch->is.uuid, "-L", ch->is.label,
					  dev));
	recipe_once(ch->rp, op, DID_MAKE);
}

static void add_restore(struct plan *plan, const struct change *ch)
{
	const struct blockdev *disk = repair_disk(ch->rp->s, ch->rp->dev);
	struct op *op;

	recipe_mount(plan, &ch->will, CAREEN_MNT, "rw");
	recipe_once(ch->rp, repair_command(plan, NULL, DANGER_DESTROYS, "restore the files",
				    WORDS(TAR, "-xpf", ARCHIVE)), DID_RESTORE);
	recipe_once(ch->rp, repair_command(plan, NULL, DANGER_NONE, "compare each with what was saved",
				    WORDS(TAR, "--compare", "-f", ARCHIVE)), DID_VERIFY);
	op = repair_command(plan, NULL, DANGER_DESTROYS, "mend fstab, boot loader, initramfs",
			    WORDS("sh", CAREEN_LIB "/mend-root", CAREEN_MNT, disk->path,
				  ch->will.fstype, ch->is.uuid));
	op->apart = true;
	recipe_once(ch->rp, op, DID_MEND);
	recipe_umount(plan, &ch->will, CAREEN_MNT);
}

int recipe_change(const struct repair *rp, struct plan *plan, struct error *err)
{
	struct change ch = { .rp = rp };
	char answers[100];
	struct op *op;
	int r = find_change(&ch, err);

	if (r < 0)
		return r;
	text_fmt(answers, sizeof(answers), "set fs=%s\nset via=%s\n", ch.will.fstype,
		 ch.store ? ch.store->name : "ram");
	recipe_begins(plan, rp, answers);
	add_store(plan, &ch);
	if (!recipe_did(rp, DID_WIPE))
		repair_keep(plan, rp->dev);
	repair_written(plan, rp->dev);
	if (!recipe_did(rp, DID_SAVE)) {
		recipe_fix(rp, plan, &ch.is);
		add_save(plan, &ch);
	}
	add_make(plan, &ch);
	add_restore(plan, &ch);
	recipe_check(rp, plan, &ch.will);
	op = plan_add(plan, OP_UMOUNT, DANGER_UNDOABLE, 120, "unmount where they were kept");
	plan_set(plan, &op->dst, CAREEN_SAVE);
	plan_set(plan, &op->command, "umount %s", CAREEN_SAVE);
	recipe_ends(plan);
	return 0;
}
