/*
 * recipe_clone.c - the root's disk copied onto another one, on which the system goes on
 *
 * Afterwards everything is there twice: fstab, the boot loader and Resume go by UUID, label
 * or the partition's own. The new disk keeps them all; the old one gets others. They are made
 * of the boot's id and the old disk's number, so that a plan made anew has the same.
 */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "plan/common.h"
#include "plan/recipe.h"

/* The numbers of its operations; from RENAMED on one for each file system. */
enum { COPIED = 1, FIXED, RENAMED };

struct clone {
	const struct repair *rp;
	const struct blockdev *from;
	char part[16];		/* the number of the root's partition; "" if it is the whole disk */
	char mark[9];		/* eight hexadecimal digits */
};

/* As an answer of the unfinished repair has it: "vda/1/2", the disk, its number, the root's partition. */
static const char *answer_of(const struct clone *c, char *buf, size_t size)
{
	return text_fmt(buf, size, "%s/%llu/%s", c->from->name, (unsigned long long)c->from->diskseq, c->part);
}

static void find_part(struct clone *c, const char *was)
{
	const struct blockdev *root = blockdevs_find(&c->rp->s->devs, c->rp->s->old.source);

	if (was)
		text_fmt(c->part, sizeof(c->part), "%s", strrchr(was, '/') + 1);
	else if (root && !strcmp(root->type, "part"))
		repair_partno(root, c->part, sizeof(c->part));
}

static int find_source(struct clone *c, struct error *err)
{
	const struct repair *rp = c->rp;
	const char *was = unfinished_answer(&rp->s->unfinished, rp->tool->name, rp->dev, "from");
	char name[64];

	text_fmt(name, sizeof(name), "%.*s", was ? (int)strcspn(was, "/") : 0, was ? was : "");
	c->from = was ? blockdevs_find(&rp->s->devs, name) : recipe_root_disk(rp->s);
	if (!c->from || strcmp(c->from->type, "disk"))
		return error_set(err, ENODEV, "clone", rp->s->old.source,
				 "it is not known which disk the old root is on",
				 "Use Copy another device onto it.");
	find_part(c, was && strchr(was, '/') ? was : NULL);
	if (was && strcmp(was, answer_of(c, name, sizeof(name))))
		return error_set(err, ENODEV, "clone", c->from->path,
				 "it is another disk than the one that was copied from",
				 "To give the copy up: rm " CAREEN_RECIPE);
	return 0;
}

static const char *table_of(const struct blockdev *disk)
{
	return disk->pttype ? disk->pttype : "";
}

static int refuse_ends(const struct clone *c, struct error *err)
{
	const struct blockdev *to = c->rp->dev;
	const struct repair options = {
		.s = c->rp->s, .tool = tool_find("copy-onto"), .dev = to, .answers = c->rp->answers,
	};
	bool began = unfinished_is(&c->rp->s->unfinished, c->rp->tool->name, to);
	int r;

	if (to == c->from)
		return error_set(err, EINVAL, "clone", to->path, "source and target are the same disk",
				 "The root is on it: choose the new one.");
	if (to->old_root && !began)
		return error_set(err, EBUSY, "clone", to->path, "the old system had something mounted from it",
				 "Choose a disk that it does not use.");
	if (c->from->size > to->size)
		return error_set(err, ENOSPC, "clone", to->path, "it is smaller than the disk of the root",
				 "Choose one of at least %llu bytes.", (unsigned long long)c->from->size);
	r = repair_refuse_busy(c->rp->s, c->from, false, err);
	if (r == 0)
		r = copy_refuse(&options, err);
	if (r == 0 && *table_of(c->from))
		r = repair_refuse_absent(c->rp, tool_find("table-check"), err);
	return r;
}

static bool lies_on(const struct clone *c, const struct blockdev *b, const struct blockdev *disk)
{
	return repair_disk(c->rp->s, b) == disk;
}

/* Is it there a third time, or a part of more than this disk? */
static const struct blockdev *same_elsewhere(const struct clone *c, const struct blockdev *b)
{
	const struct blockdevs *bs = &c->rp->s->devs;
	size_t i;

	for (i = 0; *b->uuid && i < bs->n; i++)
		if (!lies_on(c, &bs->row[i], c->from) && !lies_on(c, &bs->row[i], c->rp->dev) &&
		    !strcmp(bs->row[i].uuid, b->uuid))
			return &bs->row[i];
	return NULL;
}

static const struct tool *renames(const struct blockdev *b)
{
	return text_has_word("ext2 ext3 ext4 xfs btrfs vfat swap", b->fstype) ? recipe_tool(b, "-uuid") : NULL;
}

static int refuse_content(const struct clone *c, const struct blockdev *b, struct error *err)
{
	const struct blockdev *other = same_elsewhere(c, b);

	if (!renames(b))
		return error_set(err, ENOTSUP, "clone", b->path,
				 "it would be there twice, and nobody could tell the two apart",
				 "It holds %s, whose UUID cannot be changed here. By hand: Copy another device "
				 "onto it, then wipe the old one.", b->fstype);
	if (other)
		return error_set(err, EEXIST, "clone", b->path, "another device has the same UUID",
				 "%s: a second copy, or a part of the same file system. Give it another one, "
				 "or detach it.", other->path);
	return repair_refuse_absent(c->rp, renames(b), err);
}

/* Only once: what has been copied by then is the same only as long as nothing writes to the source. */
static void fix_all(struct plan *plan, const struct clone *c)
{
	const struct blockdevs *bs = &c->rp->s->devs;
	size_t i, at = plan->n;

	for (i = 0; i < bs->n; i++)
		if (lies_on(c, &bs->row[i], c->from) && *bs->row[i].fstype)
			recipe_fix(c->rp, plan, &bs->row[i]);
	for (; at < plan->n; at++) {
		plan->ops[at].done = recipe_did(c->rp, FIXED);
		plan->ops[at].once = at + 1 == plan->n ? FIXED : 0;
	}
}

/* One operation with its comparison: what was not found to be the same is copied again. */
static void copy(struct plan *plan, const struct clone *c)
{
	char src[64], offset[32], verify[16], buf[8];
	const char *answers[] = { src, offset, verify, NULL };
	const struct repair rp = {
		.s = c->rp->s, .tool = c->rp->tool, .dev = c->rp->dev, .answers = answers,
	};
	size_t at;

	text_fmt(src, sizeof(src), "src=%s", c->from->path);
	text_fmt(offset, sizeof(offset), "offset=%s", repair_value(c->rp, "offset", buf, sizeof(buf)));
	text_fmt(verify, sizeof(verify), "verify=%s", repair_value(c->rp, "verify", buf, sizeof(buf)));
	for (at = plan->n, repair_tool(plan, &rp, tool_find("copy-onto"), rp.dev); at < plan->n; at++) {
		plan->ops[at].done = recipe_did(c->rp, COPIED);
		plan->ops[at].once = at + 1 == plan->n ? COPIED : 0;
	}
}

/* Both ends are looked at before anything is written. */
static void look_first(struct plan *plan, const struct clone *c)
{
	char src[64];
	const char *answers[] = { text_fmt(src, sizeof(src), "src=%s", c->from->path), NULL };
	const struct repair rp = {
		.s = c->rp->s, .tool = tool_find("copy-onto"), .dev = c->rp->dev, .answers = answers,
	};
	size_t at = plan->n;

	copy_check(plan, &rp);
	for (; *table_of(c->from) && at < plan->n; at++)
		plan_set(plan, &plan->ops[at].options, "table");
}

static void new_uuid(struct plan *plan, const struct clone *c, const struct blockdev *b, unsigned n)
{
	char uuid[64], volume[32];
	const char *answers[] = { uuid, volume, NULL };
	const struct repair rp = {
		.s = c->rp->s, .tool = c->rp->tool, .dev = c->rp->dev, .answers = answers,
	};
	size_t at = plan->n;

	if (strlen(b->uuid) < 9)
		return;
	text_fmt(uuid, sizeof(uuid), "uuid=%s%s", c->mark, b->uuid + 8);
	text_fmt(volume, sizeof(volume), "volume=%.3s%x%s", c->mark, n % 16, c->mark + 4);
	for (repair_tool(plan, &rp, renames(b), b); at < plan->n; at++)
		recipe_once(c->rp, &plan->ops[at], n);
}

/* "root" becomes "was-root"; once. */
static void new_label(struct plan *plan, const struct clone *c, const struct blockdev *b)
{
	bool vfat = !strcmp(b->fstype, "vfat");
	const char *was = vfat ? "WAS-" : "was-";
	char label[32];
	const char *answers[] = { label, NULL };
	const struct repair rp = {
		.s = c->rp->s, .tool = c->rp->tool, .dev = c->rp->dev, .answers = answers,
	};

	/* the shortest that any of them takes */
	text_fmt(label, sizeof(label), "label=%s%.7s", was, b->label);
	if (*b->label && strncmp(b->label, was, 4))
		repair_tool(plan, &rp, recipe_tool(b, "-label"), b);
}

#define SFDISK(...) WORDS("sfdisk", "--no-reread", "--no-tell-kernel", __VA_ARGS__)

/* PARTUUID and PARTLABEL are the table's. */
static void new_table(struct plan *plan, const struct clone *c)
{
	const struct blockdev *disk = c->from;
	const char *boot = c->rp->s->host.boot_id;
	bool gpt = !strcmp(table_of(disk), "gpt");
	char id[64], nr[16], title[80];
	size_t i;

	if (!*table_of(disk))
		return;
	text_fmt(id, sizeof(id), "%s%s%s", gpt ? "" : "0x", c->mark, gpt ? boot + 8 : "");
	text_fmt(title, sizeof(title), "%s: another number of its table", disk->path);
	repair_command(plan, disk, DANGER_DESTROYS, title, SFDISK("--disk-id", disk->path, id));
	for (i = 0; gpt && i < disk->nparts; i++) {
		text_fmt(nr, sizeof(nr), "%u", disk->parts[i].number);
		text_fmt(id, sizeof(id), "%s%.16s%012u", c->mark, boot + 8, disk->parts[i].number);
		text_fmt(title, sizeof(title), "%s: another UUID of partition %s", disk->path, nr);
		repair_command(plan, disk, DANGER_DESTROYS, title, SFDISK("--part-uuid", disk->path, nr, id));
		if (!*disk->parts[i].name || !strncmp(disk->parts[i].name, "was-", 4))
			continue;
		text_fmt(id, sizeof(id), "was-%.32s", disk->parts[i].name);
		text_fmt(title, sizeof(title), "%s: another name of partition %s", disk->path, nr);
		repair_command(plan, disk, DANGER_DESTROYS, title, SFDISK("--part-label", disk->path, nr, id));
	}
}

/* A GPT's second copy lies at the end of the disk: of the old, smaller one. */
static void fit_table(struct plan *plan, const struct clone *c)
{
	const struct blockdev *to = c->rp->dev;

	if (!*table_of(c->from))
		return;
	if (!strcmp(table_of(c->from), "gpt"))
		repair_command(plan, to, DANGER_DESTROYS, "move the second copy of the GPT to the disk's end",
			       SFDISK("--relocate", "gpt-bak-std", to->path));
	repair_command(plan, to, DANGER_UNDOABLE, "the kernel reads the new disk's partition table",
		       WORDS("partx", "-u", to->path));
}

static void retarget(struct plan *plan, const struct clone *c)
{
	const struct blockdev *to = c->rp->dev;
	size_t len = strlen(to->path);
	bool digit = to->path[len - 1] >= '0' && to->path[len - 1] <= '9';
	const char *nr = c->part;
	struct op *op;

	op = plan_add(plan, OP_RETARGET, DANGER_UNDOABLE, 10, "journal: the root is on %s%s%s now", to->path,
		      *nr && digit ? "p" : "", nr);
	op->dev = repair_dev_id(c->rp->s, to);
	plan_set(plan, &op->src, "%s", to->path);
	plan_set(plan, &op->dst, "%s%s%s", to->path, *nr && digit ? "p" : "", nr);
	plan_command(plan, op, "echo '# source '%s >> %s", op->dst, CAREEN_RECORD);
}

/*
 * What udev knew of the old disk is wrong now, and systemd would believe it until udev has
 * looked again: it would mount by UUID from there.
 */
static void forget_links(struct plan *plan, const struct clone *c)
{
	const struct blockdevs *bs = &c->rp->s->devs;
	const char *words[264] = {	/* a disk has 256 partitions at most */
		"sh", "-c", "for n; do b=b$(cat /sys/class/block/$n/dev); "
		"rm -f /run/udev/data/$b /run/udev/links/*/$b; for l in /dev/disk/*/*; do "
		"[ \"$(readlink \"$l\")\" != ../../$n ] || rm \"$l\"; done; done", "sh",
	};
	size_t i, n = 4;

	for (i = 0; i < bs->n && n + 1 < sizeof(words) / sizeof(words[0]); i++)
		if (lies_on(c, &bs->row[i], c->from))
			words[n++] = bs->row[i].name;
	repair_command(plan, NULL, DANGER_UNDOABLE, "udev forgets what it knew of the old disk", words);
}

static void describe(struct plan *plan, const struct clone *c)
{
	const struct blockdev *to = c->rp->dev;
	char size[16], size2[16];

	plan_set(plan, &plan->target, "From %s (%s, serial %s) onto %s (%s, serial %s). The files are on both then. %s "
		 "keeps the UUIDs and labels, for Resume and cold boots; those on %s become others.", c->from->path, text_size(size, sizeof(size), c->from->size),
		 *c->from->serial ? c->from->serial : "unknown", to->path,
		 text_size(size2, sizeof(size2), to->size), *to->serial ? to->serial : "unknown", to->path,
		 c->from->path);
	plan_set(plan, &plan->undo, "No undo: %s is overwritten. The files on %s stay.", to->path, c->from->path);
}

int recipe_clone(const struct repair *rp, struct plan *plan, struct error *err)
{
	struct clone c = { .rp = rp };
	const struct blockdevs *bs = &rp->s->devs;
	char name[64];
	unsigned n = RENAMED;
	size_t i;
	int r = find_source(&c, err);

	if (r == 0)
		r = refuse_ends(&c, err);
	for (i = 0; r == 0 && i < bs->n; i++)
		if (lies_on(&c, &bs->row[i], c.from) && *bs->row[i].fstype)
			r = n++ < RECIPE_BEGUN ? refuse_content(&c, &bs->row[i], err) :
			    error_set(err, E2BIG, "clone", c.from->path, "it has too many file systems",
				      "At most %d. By hand: Copy another device onto it, then wipe the old one.",
				      RECIPE_BEGUN - RENAMED);
	if (r < 0)
		return r;
	text_fmt(c.mark, sizeof(c.mark), "%.4s%04x", rp->s->host.boot_id, (unsigned)c.from->diskseq & 0xffff);
	describe(plan, &c);
	look_first(plan, &c);
	recipe_begins(plan, rp, WORDS("from", answer_of(&c, name, sizeof(name))));
	if (!recipe_did(rp, COPIED)) {
		recipe_writes(plan, rp->dev);
		repair_written(plan, c.from);
	}
	fix_all(plan, &c);
	copy(plan, &c);
	fit_table(plan, &c);
	new_table(plan, &c);
	for (i = 0, n = RENAMED; i < bs->n; i++)
		if (lies_on(&c, &bs->row[i], c.from) && *bs->row[i].fstype) {
			new_uuid(plan, &c, &bs->row[i], n++);
			new_label(plan, &c, &bs->row[i]);
		}
	retarget(plan, &c);
	forget_links(plan, &c);
	recipe_ends(plan);
	return 0;
}
