/* recipe_change.c - another file system under the same files */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "paths.h"
#include "plan/recipe.h"

enum { DID_SAVE = 1, DID_WIPE, DID_MAKE, DID_RESTORE, DID_VERIFY, DID_MEND, DID_PROVE,
       DID_FLAGS };

struct change {
	const struct repair *rp;
	struct blockdev is, will;	/* the device now, and with the new file system */
	const struct blockdev *store;	/* NULL: RAM, or */
	bool ssh;			/* with the operator: a stream, there and back */
};

static int find_store(struct change *ch, struct error *err)
{
	char buf[32];
	const char *via = repair_value(ch->rp, "via", buf, sizeof(buf));
	const struct blockdev *b;

	if (!strcmp(via, "ram"))
		return 0;
	ch->ssh = !strcmp(via, "ssh");
	if (ch->ssh && !ch->rp->connection)
		return error_set(err, ENOTCONN, "change-fs", via, "a console has no connection for files",
				 "From your own machine: ssh -p 1022 root@HOST careen run repair --device %s "
				 "--tool change-fs --set fs=%s --set via=ssh > FILE",
				 ch->rp->dev->name, ch->will.fstype);
	if (ch->ssh)
		return 0;
	b = blockdevs_find(&ch->rp->s->devs, via);
	if (!b || b == ch->rp->dev)
		return error_set(err, ENODEV, "change-fs", via, "no such other device",
				 "Say ram, ssh, or a device with a file system on it that has room.");
	if (!b->fstype || !recipe_tool(b, "-check"))
		return error_set(err, EINVAL, "change-fs", b->path, "no file system is on it",
				 "Make one on it first (Repair, Make), or say ram.");
	ch->store = b;
	return repair_refuse_busy(ch->rp->s, b, false, err);
}

/* What would be left behind, or be looked for in vain at the next boot. */
static int refuse_parts(const struct change *ch, struct error *err)
{
	const struct snapshot *s = ch->rp->s;
	const struct blockdev *dev = ch->rp->dev;
	const struct mount *m;
	size_t i;

	if (strcmp(s->old.source, dev->path))
		return error_set(err, EINVAL, "change-fs", dev->path, "it is not the old root",
				 "The old root is %s. For another device: Make, and copy the files.",
				 s->old.source);
	if (strcmp(ch->is.fstype, "btrfs"))
		return 0;
	for (i = 0; i < s->old.mounts.n; i++) {
		m = &s->old.mounts.row[i];
		if (!strcmp(m->source, dev->path) && strcmp(m->root, "/"))
			return error_set(err, ENOTSUP, "change-fs", m->root, "a part of this btrfs is mounted by itself",
					 "It was on %s. Only a btrfs mounted whole, as /, can be changed.",
					 m->target);
	}
	for (i = 0; i < s->devs.n; i++)
		if (&s->devs.row[i] != dev && !strcmp(s->devs.row[i].uuid, ch->is.uuid))
			return error_set(err, ENOTSUP, "change-fs", s->devs.row[i].path,
					 "this btrfs lies on several devices",
					 "Make it lie on one first: btrfs device remove.");
	return 0;
}

static int find_change(struct change *ch, struct error *err)
{
	static const char *const known[] = { "ext4", "xfs", "btrfs" };
	const struct repair *rp = ch->rp;
	char buf[32], make[40];
	const char *fs = repair_value(rp, "fs", buf, sizeof(buf));
	size_t i;
	int r;

	recipe_as_it_was(rp, &ch->is);
	ch->will = ch->is;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(fs, known[i]))
			ch->will.fstype = (char *)known[i];
	if (strcmp(ch->will.fstype, fs))
		return error_set(err, EINVAL, "change-fs", fs, "no such file system",
				 "Say ext4, xfs or btrfs.");
	/* what makes it and what checks it: seen before the old one is wiped */
	text_fmt(make, sizeof(make), "%s-make", fs);
	r = repair_refuse_absent(rp, tool_find(make), err);
	if (r == 0)
		r = repair_refuse_absent(rp, recipe_tool(&ch->will, "-check"), err);
	if (r == 0)
		r = refuse_parts(ch, err);
	return r < 0 ? r : find_store(ch, err);
}

static void add_store(struct plan *plan, const struct change *ch)
{
	struct op *op;

	if (ch->ssh)
		return;
	if (ch->store) {
		recipe_mount(plan, ch->store, CAREEN_SAVE, "rw");
		return;
	}
	op = plan_add(plan, OP_MOUNT, DANGER_UNDOABLE, 10, "RAM to keep the files in");
	plan_set(plan, &op->src, "careen-save");
	plan_set(plan, &op->dst, CAREEN_SAVE);
	plan_set(plan, &op->fstype, "tmpfs");
	plan_set(plan, &op->options, "mode=0700,size=80%%");
	plan_command(plan, op, "mount -t tmpfs -o mode=0700,size=80%% careen-save %s",
		     CAREEN_SAVE);
}

#define ARCHIVE CAREEN_SAVE "/careen-root.tar"
#define FLAGS CAREEN_RUN "/root-flags"

/* A rescue that runs out of memory is lost: asked before the first file is kept. */
static void add_room(struct plan *plan, const struct change *ch)
{
	static const char need[] = "set -- $(df -Pk " CAREEN_MNT " | tail -n 1); need=$3";
	static const char ram[] = "set -- $(grep ^MemAvailable: /proc/meminfo); free=$(($2 - 131072))";
	static const char disk[] = "set -- $(df -Pk " CAREEN_SAVE " | tail -n 1); free=$4";
	char script[400];

	text_fmt(script, sizeof(script), "%s; %s; echo $((need / 1024)) MiB of files, room for "
		 "$((free / 1024)) MiB. Another place: via; test $need -lt $free", need,
		 ch->store ? disk : ram);
	repair_command(plan, NULL, DANGER_NONE, "is there room for its files?", WORDS("sh", "-c", script));
}

/*
 * All that a file has: security.capability is an extended attribute like others. Not with
 * --one-file-system: nothing else is mounted there, but each subvolume of btrfs looks like it.
 * @way goes through @whole, an archive or a tree, and says how far it is.
 */
static struct op *add_tar(struct plan *plan, const struct change *ch, enum danger danger,
			  const char *title, const char *whole, const char *const *way)
{
	static const char *const all[] = {
		"sh", CAREEN_LIB "/root-stream", "take",
		"tar", "-C", CAREEN_MNT, "--xattrs", "--xattrs-include=*", "--acls", "--numeric-owner",
		"--checkpoint=512", "--checkpoint-action=echo=%u",
	};
	const char *words[24];
	bool out = !strcmp(whole, CAREEN_MNT);
	struct op *op;
	size_t n = 0, i;

	for (i = ch->ssh ? 0 : 3; i < sizeof(all) / sizeof(all[0]); i++)
		words[n++] = all[i];
	while (*way)
		words[n++] = *way++;
	words[n] = NULL;
	if (ch->ssh && out)
		words[2] = "give";
	op = repair_command(plan, NULL, danger, title, words);
	op->progress = PROGRESS_TAR;
	if (ch->ssh)
		plan->stream = op->stream = out ? STREAM_OUT : STREAM_IN;
	plan_set(plan, &op->src, "%s", ch->ssh ? CAREEN_MNT : whole);
	return op;
}

/* Where tar writes it to and reads it from. */
static const char *archive(const struct change *ch)
{
	return ch->ssh ? "-" : ARCHIVE;
}

static void add_save(struct plan *plan, const struct change *ch)
{
	recipe_fix(ch->rp, plan, &ch->is);
	recipe_mount(plan, &ch->is, CAREEN_MNT, "ro");
	if (!ch->ssh)
		add_room(plan, ch);
	repair_command(plan, NULL, DANGER_NONE, "keep chattr's flags, which tar does not",
		       WORDS("sh", CAREEN_LIB "/file-flags", "keep", CAREEN_MNT, FLAGS));
	recipe_once(ch->rp, add_tar(plan, ch, DANGER_NONE, ch->ssh ?
				    "1 of 4: send its files to you (next: the same, with < FILE)" :
				    "save its files to " ARCHIVE, CAREEN_MNT,
				    WORDS("--sparse", "--exclude=./lost+found", "-cf", archive(ch), ".")),
		    DID_SAVE);
	recipe_umount(plan, &ch->is, CAREEN_MNT);
}

/* What the operator has is read back before anything is lost here. */
static void add_prove(struct plan *plan, const struct change *ch)
{
	recipe_mount(plan, &ch->is, CAREEN_MNT, "ro");
	recipe_once(ch->rp, add_tar(plan, ch, DANGER_NONE,
				    "2 of 4: compare the file that you have (next: once more)", ARCHIVE,
				    WORDS("--compare", "-f", "-")), DID_PROVE);
	recipe_umount(plan, &ch->is, CAREEN_MNT);
}

/* Through the connection it comes whole or not at all: a restore that failed begins anew. */
static void once_made(const struct change *ch, struct op *op, unsigned n)
{
	recipe_once(ch->rp, op, n);
	op->done &= !ch->ssh || recipe_did(ch->rp, DID_RESTORE);
}

/*
 * The label that the new file system gets: the old one, if it has room for it [mke2fs(8),
 * mkfs.xfs(8), BTRFS_LABEL_SIZE]; those that make them cut it, or refuse. "" for none.
 */
static const char *new_label(const struct change *ch)
{
	const char *fs = ch->will.fstype;
	size_t room = !strcmp(fs, "ext4") ? 16 : !strcmp(fs, "xfs") ? 12 : 255;

	return strlen(ch->is.label) <= room ? ch->is.label : "";
}

static void add_make(struct plan *plan, const struct change *ch)
{
	const char *dev = ch->rp->dev->path, *fs = ch->will.fstype, *label = new_label(ch);
	char title[64], uuid[80];
	struct op *op;

	/* mkfs.btrfs takes no UUID that it still finds somewhere */
	once_made(ch, repair_command(plan, ch->rp->dev, DANGER_DESTROYS, "wipe the old signature",
				     WORDS("wipefs", "-a", "-q", dev)), DID_WIPE);
	text_fmt(title, sizeof(title), "make the new file system (%s)", fs);
	text_fmt(uuid, sizeof(uuid), "uuid=%s", ch->is.uuid);
	if (!strcmp(fs, "ext4"))
		op = repair_command(plan, ch->rp->dev, DANGER_DESTROYS, title,
				    WORDS("mke2fs", "-q", "-t", "ext4", "-F", "-U", ch->is.uuid, "-L",
					  label, dev));
	else if (!strcmp(fs, "xfs"))
		op = repair_command(plan, ch->rp->dev, DANGER_DESTROYS, title,
				    WORDS("mkfs.xfs", "-q", "-f", "-m", uuid, "-L", label, dev));
	else
		op = repair_command(plan, ch->rp->dev, DANGER_DESTROYS, title,
				    WORDS("mkfs.btrfs", "-q", "-f", "-U", ch->is.uuid, "-L", label, dev));
	once_made(ch, op, DID_MAKE);
}

static void add_restore(struct plan *plan, const struct change *ch)
{
	recipe_once(ch->rp, add_tar(plan, ch, DANGER_DESTROYS, ch->ssh ?
				    "3 of 4: restore the files from you (next: once more)" :
				    "restore the files", ARCHIVE, WORDS("-xpf", archive(ch))), DID_RESTORE);
}

static void add_end(struct plan *plan, const struct change *ch)
{
	const struct blockdev *disk = repair_disk(ch->rp->s, ch->rp->dev);
	struct op *op;

	recipe_once(ch->rp, add_tar(plan, ch, DANGER_NONE, ch->ssh ? "4 of 4: compare each with what you have" :
				    "compare each with what was saved", ARCHIVE,
				    WORDS("--compare", "-f", archive(ch))), DID_VERIFY);
	op = repair_command(plan, NULL, DANGER_DESTROYS, "mend fstab, boot loader, initramfs",
			    WORDS("sh", CAREEN_LIB "/mend-root", CAREEN_MNT, disk->path,
				  ch->will.fstype, ch->is.uuid));
	op->apart = true;
	recipe_once(ch->rp, op, DID_MEND);
	/* last: an immutable file takes nothing more */
	recipe_once(ch->rp, repair_command(plan, NULL, DANGER_DESTROYS, "set chattr's flags again",
					   WORDS("sh", CAREEN_LIB "/file-flags", "give", CAREEN_MNT, FLAGS)),
		    DID_FLAGS);
	recipe_umount(plan, &ch->will, CAREEN_MNT);
	recipe_check(ch->rp, plan, &ch->will);
	if (!ch->ssh) {
		op = plan_add(plan, OP_UMOUNT, DANGER_UNDOABLE, 120, "unmount where they were kept");
		plan_set(plan, &op->dst, CAREEN_SAVE);
		plan_command(plan, op, "umount %s", CAREEN_SAVE);
	}
	recipe_ends(plan);
}

/* Each pass of the files through the connection is a job of its own: there is one stream. */
static void add_pass(struct plan *plan, const struct change *ch)
{
	const struct repair *rp = ch->rp;

	if (!recipe_did(rp, DID_SAVE)) {
		add_save(plan, ch);
	} else if (!recipe_did(rp, DID_PROVE)) {
		add_prove(plan, ch);
	} else if (!recipe_did(rp, DID_RESTORE)) {
		add_make(plan, ch);
		recipe_mount(plan, &ch->will, CAREEN_MNT, "rw");
		add_restore(plan, ch);
		recipe_umount(plan, &ch->will, CAREEN_MNT);
	} else {
		recipe_mount(plan, &ch->will, CAREEN_MNT, "rw");
		add_end(plan, ch);
	}
}

/* Does this pass change nothing? */
static bool reads(const struct change *ch)
{
	return ch->ssh && recipe_did(ch->rp, DID_SAVE) && !recipe_did(ch->rp, DID_PROVE);
}

int recipe_change(const struct repair *rp, struct plan *plan, struct error *err)
{
	struct change ch = { .rp = rp };
	int r = find_change(&ch, err);

	if (r < 0)
		return r;
	recipe_begins(plan, rp, WORDS("fs", ch.will.fstype,
				      "via", ch.ssh ? "ssh" : ch.store ? ch.store->name : "ram"));
	add_store(plan, &ch);
	if (!recipe_did(rp, DID_WIPE) && !reads(&ch))
		repair_written(plan, rp->dev);
	if (reads(&ch))
		plan_set(plan, &plan->undo, "Only reads %s.", rp->dev->path);
	else if (strcmp(new_label(&ch), ch.is.label))
		plan_set(plan, &plan->undo, "No undo: %s is written to. Its label, %s, is lost: %s has no room for "
			 "it.", rp->dev->path, ch.is.label, ch.will.fstype);
	if (ch.ssh) {
		add_pass(plan, &ch);
		return 0;
	}
	if (!recipe_did(rp, DID_SAVE))
		add_save(plan, &ch);
	add_make(plan, &ch);
	recipe_mount(plan, &ch.will, CAREEN_MNT, "rw");
	add_restore(plan, &ch);
	add_end(plan, &ch);
	return 0;
}
