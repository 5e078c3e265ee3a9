/* recipe_resize.c - a file system made smaller or larger, together with what it lies in */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "model/stack.h"
#include "paths.h"
#include "plan/recipe.h"

struct resize {
	const struct repair *rp;
	const struct blockdev *disk;	/* partition: the one that has its table */
	bool lvm, max;
	uint64_t to;			/* bytes, a whole number of MiB; with max nothing */
	char kib[24], part[8];
};

static int find_container(struct resize *rz, struct error *err)
{
	const struct blockdev *b = rz->rp->dev;

	if (!strcmp(b->type, "lvm")) {
		rz->lvm = true;
		return 0;
	}
	if (!strcmp(b->type, "part") && b->parent >= 0) {
		rz->disk = &rz->rp->s->devs.row[b->parent];
		repair_partno(b, rz->part, sizeof(rz->part));
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

/*
 * /dev/dm-N is no name to lvm; 2.03.17 on looks for the file system by a path that only udev
 * makes; and for a volume that has its size already it ends with 5, as for any other refusal.
 */
#define LVRESIZE \
	"case $(lvm lvresize --help) in *--fs*) set -- --fs ignore \"$@\" ;; esac; " \
	"said=$(lvm lvresize -y -f \"$@\" 2>&1) && r=0 || r=$?; echo \"$said\"; " \
	"case $said in *'matches existing size'*) r=0 ;; esac; exit $r"

static void resize_container(struct plan *plan, const struct resize *rz)
{
	const struct blockdev *b = rz->rp->dev;
	char kib[32], want[40], title[80], to[16], path[160];
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
		text_fmt(want, sizeof(want), rz->max ? ", +" : ",%sKiB", rz->kib);
		plan_set(plan, &op->input, "%s\n", want);
		plan_command(plan, op, "echo %s | sfdisk --no-reread --no-tell-kernel -N %s %s", want,
			     rz->part, rz->disk->path);
		/* sfdisk's own re-read fails where another partition of the disk is in use */
		repair_command(plan, rz->disk, DANGER_UNDOABLE, "tell the kernel its new size",
			       WORDS("partx", "-u", "--nr", rz->part, rz->disk->path));
	} else {
		text_fmt(path, sizeof(path), "/dev/mapper/%s", stack_dm_name(b));
		op = repair_command(plan, b, DANGER_DESTROYS, title,
				    WORDS("sh", "-c", LVRESIZE, "sh", rz->max ? "-l" : "-L",
					  rz->max ? "+100%FREE" : kib, path));
		plan_command(plan, op, "lvm lvresize -y -f %s %s %s", rz->max ? "-l" : "-L",
			     rz->max ? "+100%FREE" : kib, path);
	}
}

static bool is_ext(const struct resize *rz)
{
	return !strncmp(rz->rp->dev->fstype, "ext", 3);
}

/*
 * ext is resized off-line: half of it is no file system to resume into, so the journal has it.
 * What cannot be is found out before; a plan made anew begins nothing again.
 */
static void begin_ext(struct plan *plan, const struct resize *rz)
{
	const struct blockdev *b = rz->rp->dev;
	char script[400], buf[32];
	size_t n = plan->n;
	struct op *op;

	if (!rz->max && rz->to < b->size) {
		text_fmt(script, sizeof(script), "min=$(resize2fs -P %s 2>/dev/null | sed -n 's/.*: *//p'); "
			 "size=$(dumpe2fs -h %s 2>/dev/null | sed -n 's/^Block size: *//p'); "
			 "min=$((min * size / 1024)); echo \"its files need $((min / 1024 + 1)) MiB\"; "
			 "test $min -le %s", b->path, b->path, rz->kib);
		op = repair_command(plan, b, DANGER_NONE, "do its files fit into it?",
				    WORDS("sh", "-c", script));
		plan_command(plan, op, "resize2fs -P %s", b->path);
		n = plan->n;
	}
	recipe_begins(plan, rz->rp, WORDS("size", repair_value(rz->rp, "size", buf, sizeof(buf))));
	if (plan->n > n)
		plan->ops[n].once = RECIPE_BEGUN;
}

static void resize_fs(struct plan *plan, const struct resize *rz)
{
	const struct blockdev *b = rz->rp->dev;
	char size[32], title[80];

	text_fmt(title, sizeof(title), "resize the file system (%s)", b->fstype);
	if (is_ext(rz)) {
		begin_ext(plan, rz);
		text_fmt(size, sizeof(size), "%sK", rz->kib);
		repair_command(plan, b, DANGER_DESTROYS, title,
			       WORDS("resize2fs", "-p", b->path, rz->max ? NULL : size))->progress =
			PROGRESS_RESIZE2FS;
		return;
	}
	recipe_mount(plan, b, CAREEN_MNT, "rw");
	if (!strcmp(b->fstype, "xfs")) {
		repair_command(plan, NULL, DANGER_DESTROYS, title, WORDS("xfs_growfs", CAREEN_MNT));
	} else {
		text_fmt(size, sizeof(size), "%sK", rz->kib);
		repair_command(plan, NULL, DANGER_DESTROYS, title,
			       WORDS("btrfs", "filesystem", "resize", rz->max ? "max" : size,
				     CAREEN_MNT));
	}
	recipe_umount(plan, b, CAREEN_MNT);
}

/*
 * Smaller: the file system first, then what it lies in; larger: the other way round.
 * Each operation says so and changes nothing where it is done already, so that a plan
 * made anew after a failure goes on from there.
 */
int recipe_resize(const struct repair *rp, struct plan *plan, struct error *err)
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
	recipe_fix(rp, plan, rp->dev);
	if (!smaller)
		resize_container(plan, &rz);
	resize_fs(plan, &rz);
	if (smaller)
		resize_container(plan, &rz);
	recipe_check(rp, plan, rp->dev);
	if (is_ext(&rz))
		recipe_ends(plan);
	return 0;
}
