/* recipe_encrypt.c - the root becomes the content of a LUKS2 container, where it is */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "model/stack.h"
#include "paths.h"
#include "plan/common.h"
#include "plan/recipe.h"

enum { DID_SHRINK = 1, DID_INIT, DID_ENCRYPT, DID_KEEP, DID_GROW, DID_MEND };

/*
 * What cryptsetup needs at the device's end while it works: the data move up by half of it,
 * which is how long the header is in the end, and the other half comes back [cryptsetup(8)
 * reencrypt --reduce-device-size; lib/luks2/luks2_reencrypt.c].
 */
#define REDUCE_MIB 32

#define SCRIPT CAREEN_LIB "/encrypt-root"

struct encrypt {
	const struct repair *rp;
	struct blockdev is;		/* the device as it was when this began */
	struct blockdev mapped;		/* what is in it, once it is open */
	char path[80];			/* /dev/mapper/NAME */
	const char *name;
	bool begun, formatted, open;
};

/* GRUB reads LUKS2 with PBKDF2 only, cryptsetup makes argon2id [grub disk/luks2.c]. */
static int refuse_boot(const struct encrypt *en, struct error *err)
{
	const struct old_root *old = &en->rp->s->old;
	const struct mount *boot = mounts_old_on(&old->mounts, "/boot");
	const struct mount *root = mounts_old_on(&old->mounts, "/");

	if (boot && root && !boot->pseudo && boot->dev != root->dev)
		return 0;
	return error_set(err, ENOTSUP, "encrypt", en->rp->dev->path,
			 "/boot lies in it, and GRUB cannot open LUKS2 with argon2id",
			 "Give /boot a partition of its own first: copy its files there, name it in "
			 "fstab, then grub-install and update-grub, and start anew from it.");
}

static bool name_is_good(const char *name)
{
	static const char may[] = "abcdefghijklmnopqrstuvwxyz0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return *name && strlen(name) < 40 && strspn(name, may) == strlen(name);
}

static int find_mapped(struct encrypt *en, struct error *err)
{
	const struct blockdevs *bs = &en->rp->s->devs;
	size_t i;

	if (!name_is_good(en->name))
		return error_set(err, EINVAL, "encrypt", en->name, "that is no name for it",
				 "Use letters, digits and _, 39 of them at most.");
	for (i = 0; i < bs->n; i++) {
		if (strcmp(stack_dm_name(&bs->row[i]), en->name))
			continue;
		if (!stack_lies_on(bs, &bs->row[i], en->rp->dev))
			return error_set(err, EEXIST, "encrypt", en->name, "another device has this name",
					 "Say --set as=ANOTHER.");
		en->open = true;
	}
	text_fmt(en->path, sizeof(en->path), "/dev/mapper/%s", en->name);
	en->mapped = en->is;
	en->mapped.dev = 0;
	en->mapped.diskseq = 0;
	text_fmt(en->mapped.path, sizeof(en->mapped.path), "%s", en->path);
	return 0;
}

static int find_root(struct encrypt *en, struct error *err)
{
	const struct repair *rp = en->rp;

	en->begun = unfinished_is(&rp->s->unfinished, rp->tool->name, rp->dev);
	/* killed after it had written the header, before the journal had it */
	en->formatted = recipe_did(rp, DID_INIT) ||
			(en->begun && !strcmp(rp->dev->fstype, "crypto_LUKS"));
	recipe_as_it_was(rp, &en->is);
	if (!en->begun && strcmp(rp->s->old.source, rp->dev->path))
		return error_set(err, EINVAL, "encrypt", rp->dev->path, "it is not the old root",
				 "The old root is %s. For another device: Make a LUKS container.",
				 rp->s->old.source);
	return 0;
}

static struct op *once(const struct encrypt *en, struct op *op, unsigned n)
{
	recipe_once(en->rp, op, n);
	return op;
}

static void needs_secret(struct plan *plan, const struct encrypt *en, struct op *op)
{
	op->needs_secret = !op->done;
	if (op->done || plan->secret_what)
		return;
	plan->secret_is_new = plan->secret_at_boot = !en->formatted;
	plan_set(plan, &plan->secret_what, en->formatted ? "the passphrase of %s" :
		 "a new passphrase for %s", en->rp->dev->path);
}

static void add_look(struct plan *plan, const struct encrypt *en)
{
	const struct blockdev *b = en->rp->dev;
	struct op *op;

	op = repair_command(plan, b, DANGER_NONE, "look: will the next boot be able to open it?",
			    WORDS("sh", SCRIPT, "look", b->path));
	op->apart = true;
	op->deadline_s = 120;
}

static void add_shrink(struct plan *plan, const struct encrypt *en)
{
	const struct blockdev *b = en->rp->dev;
	struct op *op;
	char size[32];

	if (!recipe_did(en->rp, DID_SHRINK) && !en->formatted)
		recipe_fix(en->rp, plan, b);
	text_fmt(size, sizeof(size), "%lluM", (unsigned long long)(b->size >> 20) - REDUCE_MIB);
	op = once(en, repair_command(plan, b, DANGER_DESTROYS, "make the file system smaller, for the header",
				     WORDS("resize2fs", "-p", b->path, size)), DID_SHRINK);
	op->done |= en->formatted;
	op->progress = PROGRESS_RESIZE2FS;
}

/* What it asks for is written nowhere: the passphrase comes on its standard input. */
static void add_encrypt(struct plan *plan, const struct encrypt *en)
{
	const struct blockdev *b = en->rp->dev;
	struct op *op;

	op = repair_command(plan, b, DANGER_DESTROYS, "write the LUKS2 header",
			    WORDS("cryptsetup", "-q", "reencrypt", "--encrypt", "--type", "luks2",
				  "--init-only", "--reduce-device-size", "32M", "--key-file", "-",
				  b->path));
	once(en, op, DID_INIT)->done |= en->formatted;
	needs_secret(plan, en, op);
	/* the plain beginning, put back over the header, would end everything; the header's own
	   entry, which comes later, stays */
	vault_forget(plan, en->rp->s, b)->done = recipe_did(en->rp, DID_KEEP);
	op = repair_command(plan, b, DANGER_DESTROYS, "encrypt what is in it",
			    WORDS("sh", SCRIPT, "go-on", b->path));
	plan_command(plan, op, "cryptsetup -q repair --key-file - %s; "
		 "cryptsetup reencrypt --resume-only --key-file - %s", b->path, b->path);
	op->progress = PROGRESS_REENCRYPT;
	needs_secret(plan, en, once(en, op, DID_ENCRYPT));
	op = once(en, repair_keep(plan, b), DID_KEEP);
	plan_set(plan, &op->title, "vault: the LUKS header");
	plan_outline(plan, op, "cryptsetup luksHeaderBackup %s --header-backup-file "
		 CAREEN_VAULT "/NNNN/at-0", b->path);
}

static void add_open(struct plan *plan, const struct encrypt *en)
{
	const struct blockdev *b = en->rp->dev;
	struct op *op;

	op = repair_command(plan, b, DANGER_UNDOABLE, "open it",
			    WORDS("cryptsetup", "open", "--type", "luks", "--key-file", "-", b->path,
				  en->name));
	op->done = en->open;
	needs_secret(plan, en, op);
	op = repair_command(plan, NULL, DANGER_NONE, "check the file system in it",
			    WORDS("e2fsck", "-f", "-n", en->path));
	op->done = recipe_did(en->rp, DID_GROW);
	op = repair_command(plan, NULL, DANGER_DESTROYS, "the file system takes all of it again",
			    WORDS("resize2fs", "-p", en->path));
	once(en, op, DID_GROW)->progress = PROGRESS_RESIZE2FS;
}

static void add_mend(struct plan *plan, const struct encrypt *en)
{
	const struct blockdev *b = en->rp->dev, *disk = repair_disk(en->rp->s, b);
	struct op *op;

	recipe_mount(plan, &en->mapped, CAREEN_MNT, "rw");
	op = repair_command(plan, NULL, DANGER_DESTROYS, "mend crypttab, fstab, initramfs, boot loader",
			    WORDS("sh", SCRIPT, "mend", CAREEN_MNT, b->path, en->name, disk->path,
				  en->is.fstype, en->is.uuid));
	op->apart = true;
	once(en, op, DID_MEND);
	recipe_umount(plan, &en->mapped, CAREEN_MNT);
}

/*
 * Each operation either has a number in the journal, or changes nothing the second time.
 * How far the encryption itself is stands in the container's header, and a cryptsetup that
 * was killed goes on from there.
 */
int recipe_encrypt(const struct repair *rp, struct plan *plan, struct error *err)
{
	struct encrypt en = { .rp = rp };
	char buf[48];
	int r = find_root(&en, err);

	en.name = repair_value(rp, "as", buf, sizeof(buf));
	if (r == 0)
		r = find_mapped(&en, err);
	if (r == 0 && !en.begun)
		r = refuse_boot(&en, err);
	if (r < 0)
		return r;
	plan_set(plan, &plan->undo, "No undo: %s is written to. Other partitions, /boot and swap "
		 "among them, stay as they are.", rp->dev->path);
	if (!en.begun)
		add_look(plan, &en);
	recipe_begins(plan, rp, WORDS("as", en.name));
	if (!en.formatted)
		repair_written(plan, rp->dev);
	add_shrink(plan, &en);
	add_encrypt(plan, &en);
	add_open(plan, &en);
	add_mend(plan, &en);
	recipe_ends(plan);
	return 0;
}
