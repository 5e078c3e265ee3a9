/* recipe_wipe.c - every disk of the old system, or those that are named, wiped; then the machine is off */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "plan/common.h"
#include "plan/recipe.h"

#define MAX_DISKS 15	/* two numbers each, of those below RECIPE_BEGUN */
#define DONE_SIZE (40 * MAX_DISKS)	/* done_so_far(): a path of the kernel has at most 36 bytes */

struct target {
	const struct blockdev *disk;
	bool known;		/* that very disk was meant when the repair began */
};

struct wipe {
	const struct repair *rp;
	const struct tool *tool;
	struct target target[MAX_DISKS];
	unsigned n;
};

static bool is_target(const struct wipe *w, const struct blockdev *disk)
{
	unsigned i;

	for (i = 0; i < w->n; i++)
		if (w->target[i].disk == disk)
			return true;
	return false;
}

static int add(struct wipe *w, const struct blockdev *b, bool known, struct error *err)
{
	int r;

	if (is_target(w, b))
		return 0;
	if (strcmp(b->type, "disk"))
		return error_set(err, EINVAL, "wipe", b->path, "that is no whole disk",
				 "Name disks; Wipe with zeros is for a part of one.");
	if (w->n == MAX_DISKS)
		return error_set(err, EINVAL, "wipe", b->path, "these are too many at once",
				 "Name %d disks at most.", MAX_DISKS);
	if (b->readonly)
		return error_set(err, EROFS, "wipe", b->path, NULL,
				 "Make it writable with: blockdev --setrw %s", b->path);
	r = repair_refuse_busy(w->rp->s, b, false, err);
	if (r == 0)
		w->target[w->n++] = (struct target){ .disk = b, .known = known };
	return r;
}

/* What the old system had mounted, and what else its fstab names: swap space, too. */
static int add_old(struct wipe *w, struct error *err)
{
	const struct blockdevs *bs = &w->rp->s->devs;
	const struct blockdev *b;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < bs->n; i++) {
		b = bs->row[i].old_root || recipe_in_fstab(&w->rp->s->old, &bs->row[i]) ?
		    repair_disk(w->rp->s, &bs->row[i]) : NULL;
		if (b && !strcmp(b->type, "disk"))
			r = add(w, b, false, err);
	}
	return r;
}

static bool is_done(const struct wipe *w, unsigned i, unsigned n)
{
	return w->target[i].known && recipe_did(w->rp, 2 * i + n);
}

/* " Wiped already: /dev/vda, /dev/vdb.", or nothing. */
static const char *done_so_far(const struct wipe *w, char *buf, size_t size)
{
	unsigned i;

	for (i = 0, *buf = '\0'; i < w->n; i++)
		if (is_done(w, i, 2))
			text_fmt(buf + strlen(buf), size - strlen(buf), "%s%s", *buf ? ", " : " Wiped already: ",
				 w->target[i].disk->path);
	if (*buf)
		text_fmt(buf + strlen(buf), size - strlen(buf), ".");
	return buf;
}

/* "vda vdb", or with the number that each had when the repair began: "vda/3 vdb/4". */
static int add_named(struct wipe *w, const char *names, bool numbered, struct error *err)
{
	const struct blockdev *b;
	char word[64], name[64], missing[64] = "", done[DONE_SIZE];
	int r = 0;

	for (; r == 0 && *(names += strspn(names, " ,")); names += strcspn(names, " ,")) {
		text_fmt(word, sizeof(word), "%.*s", (int)strcspn(names, " ,"), names);
		text_fmt(name, sizeof(name), "%.*s", (int)(numbered ? strcspn(word, "/") : strlen(word)), word);
		b = blockdevs_find(&w->rp->s->devs, name);
		if (!b && !numbered)
			return repair_refuse_unknown(w->rp->s, "wipe", name, "there is no such disk", err);
		if (!b) {
			text_fmt(missing, sizeof(missing), "%s", name);
			w->n += w->n < MAX_DISKS;	/* the others keep their numbers */
			continue;
		}
		text_fmt(name, sizeof(name), "%s/%llu", b->name, (unsigned long long)b->diskseq);
		r = add(w, b, !strcmp(word, name), err);
	}
	if (r == 0 && *missing)
		r = error_set(err, ENODEV, "wipe", missing, "there is no such disk",
			      "It was to be wiped, too.%s Attach it again; or, to do without it: rm "
			      CAREEN_RECIPE ", and name the others.", done_so_far(w, done, sizeof(done)));
	return r;
}

static int find_targets(struct wipe *w, struct error *err)
{
	const struct repair *rp = w->rp;
	const char *was = unfinished_answer(&rp->s->unfinished, rp->tool->name, rp->dev, "was");
	char buf[8];
	const char *said = repair_value(rp, "disks", buf, sizeof(buf));
	int r = was ? add_named(w, was, true, err) :
		!strcmp(said, "all") ? add_old(w, err) : add_named(w, said, false, err);

	if (r == 0 && !is_target(w, rp->dev))
		return error_set(err, EINVAL, "wipe", rp->dev->path, "it is none of the disks to be wiped",
				 "Choose one of those, or name this one, too.");
	return r;
}

static void begins(struct plan *plan, const struct wipe *w)
{
	char was[54 * MAX_DISKS] = "", disks[8], how[8];
	const struct blockdev *b;
	size_t len;
	unsigned i;

	for (i = 0; i < w->n; i++) {
		b = w->target[i].disk;
		len = strlen(was);
		text_fmt(was + len, sizeof(was) - len, "%s%s/%llu", i ? " " : "", b->name,
			 (unsigned long long)b->diskseq);
	}
	recipe_begins(plan, w->rp, WORDS("disks", repair_value(w->rp, "disks", disks, sizeof(disks)),
					 "how", repair_value(w->rp, "how", how, sizeof(how)), "was", was));
}

/* One sentence of what comes to its end and what stays; each word is asked for. */
static void describe(struct plan *plan, const struct wipe *w)
{
	const struct blockdevs *bs = &w->rp->s->devs;
	char kept[300] = "", done[DONE_SIZE], *wiped = NULL, *token = NULL, size[16];
	const struct blockdev *b;
	unsigned stay = 0;
	size_t i, len;

	for (i = 0; i < w->n; i++) {
		b = w->target[i].disk;
		plan_set(plan, &wiped, "%s%s%s (%s, %s%s)", wiped ? wiped : "", i ? ", " : "", b->path,
			 text_size(size, sizeof(size), b->size),
			 b->serial && *b->serial ? "serial " : "no serial number", b->serial ? b->serial : "");
		repair_token(plan, w->rp->s, b);
		plan_set(plan, &token, "%s%s%s", token ? token : "", i ? "," : "",
			 plan->token ? plan->token : "");
	}
	for (i = 0; i < bs->n; i++) {
		len = strlen(kept);
		if (!strcmp(bs->row[i].type, "disk") && !is_target(w, &bs->row[i]) && stay++ < 8)
			text_fmt(kept + len, sizeof(kept) - len, "%s%s", len ? ", " : " Left as they are: ",
				 bs->row[i].path);
	}
	len = strlen(kept);
	if (stay > 8)
		text_fmt(kept + len, sizeof(kept) - len, " and %u more", stay - 8);
	plan_set(plan, &plan->target, "Every byte of %s.%s%s%s", wiped ? wiped : "none",
		 done_so_far(w, done, sizeof(done)), kept, *kept ? "." : "");
	plan_set(plan, &plan->undo, "No undo: they are overwritten, and then somebody must switch the "
		 "machine on.");
	plan_set(plan, &plan->token, "%s", token ? token : "");
	free(wiped);
	free(token);
	if (w->n > 1)
		plan_set(plan, &plan->token_what, "the word of each disk, in this order");
}

/* Before anything is written: a disk that is not the one meant stops it all. */
static void look_first(struct plan *plan, const struct wipe *w, const struct blockdev *b)
{
	struct op *op = plan_add(plan, OP_CHECK_COPY, DANGER_NONE, 30, "is it there, and free: %s", b->path);

	op->tool = w->tool;
	op->dev = repair_dev_id(w->rp->s, b);
	plan_set(plan, &op->dst, "%s", b->path);
	plan_command(plan, op, "blockdev --getsize64 %s", b->path);
}

static void wipe(struct plan *plan, const struct wipe *w, unsigned i)
{
	const struct blockdev *b = w->target[i].disk;
	size_t at;

	if (!is_done(w, i, 1))
		recipe_writes(plan, b);
	for (at = plan->n, repair_tool(plan, w->rp, w->tool, b); at < plan->n; at++) {
		plan->ops[at].once = 2 * i + (plan->ops[at].kind == OP_VERIFY ? 2 : 1);
		plan->ops[at].done = is_done(w, i, plan->ops[at].kind == OP_VERIFY ? 2 : 1);
	}
}

int recipe_wipe(const struct repair *rp, struct plan *plan, struct error *err)
{
	struct wipe w = { .rp = rp };
	char buf[8], name[32];
	unsigned i;
	int r;

	text_fmt(name, sizeof(name), "wipe-%s", repair_value(rp, "how", buf, sizeof(buf)));
	w.tool = tool_find(name);
	if (!w.tool || w.tool->copy != COPY_WIPE)
		return error_set(err, EINVAL, "wipe", name + strlen("wipe-"), "no such way to wipe",
				 "Say zero or discard.");
	r = repair_refuse_absent(rp, w.tool, err);
	if (r == 0)
		r = find_targets(&w, err);
	if (r < 0)
		return r;
	describe(plan, &w);
	for (i = 0; i < w.n; i++)
		look_first(plan, &w, w.target[i].disk);
	begins(plan, &w);
	for (i = 0; i < w.n; i++)
		wipe(plan, &w, i);
	plan_machine_end(plan, "poweroff");
	return 0;
}
