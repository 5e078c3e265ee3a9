/* ident.c - is this still the device that the plan meant, and does nobody use it? */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/text.h"
#include "model/snapshot.h"
#include "model/stack.h"
#include "run/exec.h"

#define OPENER_TRIES 4

/* A partition has its disk's number: one more directory up [5.15 on]. */
static uint64_t read_diskseq(dev_t dev)
{
	static const char *const files[] = { "diskseq", "../diskseq" };
	char path[80], text[32];
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		text_fmt(path, sizeof(path), "/sys/dev/block/%u:%u/%s", major(dev), minor(dev),
			 files[i]);
		if (read_text(path, text, sizeof(text)) > 0)
			return strtoull(text, NULL, 10);
	}
	return 0;
}

static int changed(const char *path, const char *why, struct error *err)
{
	return error_set(err, ESTALE, "check the identity of", path, why,
			 "Nothing was done. Make the plan again and read it.");
}

int device_identity(const char *path, const struct dev_id *id, struct error *err)
{
	uint64_t seq;
	struct stat st;

	if (stat(path, &st) < 0)
		return error_set(err, errno, "check the identity of", path, NULL,
				 "Is the disk still there? Make the plan again.");
	if (!S_ISBLK(st.st_mode))
		return changed(path, "it is no block device", err);
	if (st.st_rdev != id->dev)
		return changed(path, "it is another device than when the plan was made", err);
	seq = read_diskseq(id->dev);
	if (id->diskseq && seq && seq != id->diskseq)
		return changed(path, "another disk has been attached in its place", err);
	return 0;
}

static const struct blockdev *in_use(const struct blockdevs *bs, const struct blockdev *d,
				     bool stacked_ok)
{
	const struct blockdev *b;
	size_t i;
	bool layered;

	for (i = 0; i < bs->n; i++) {
		b = &bs->row[i];
		layered = stacked_ok && b->stacked;
		if ((b->mounted || b->swap || (!layered && (b->stacked || b->busy_open))) &&
		    stack_is_on(bs, b, d))
			return b;
	}
	return NULL;
}

static bool other_serial(const struct blockdevs *bs, const struct blockdev *d, const char *serial)
{
	while (d->parent >= 0)
		d = &bs->row[d->parent];
	return *serial && strcmp(d->serial ? d->serial : "", serial);
}

/* @d, what is on it, and what it is on: a disk's writer writes to its partitions. */
static size_t family(const struct blockdevs *bs, const struct blockdev *d, dev_t *ret)
{
	size_t i, n = 0;

	for (i = 0; i < bs->n; i++)
		if (stack_is_on(bs, &bs->row[i], d) || stack_is_on(bs, d, &bs->row[i]))
			ret[n++] = bs->row[i].dev;
	return n;
}

/* A process with an ordinary open, which an exclusive one does not see: 1 and @who. */
static int opener_once(const struct snapshot *s, const struct blockdev *d, char *who, size_t size,
		       struct error *err)
{
	dev_t *devs = calloc(s->devs.n + 1, sizeof(*devs));
	const struct holder *h;
	struct holders hs;
	char name[64];
	size_t i;
	int r = devs ? holders_read(&hs, &s->mounts, devs, family(&s->devs, d, devs), err) :
		       error_set(err, ENOMEM, "check", d->path, NULL, "Nothing was done. Try again.");

	for (i = 0; r == 0 && i < hs.n; i++) {
		h = &hs.row[i];
		if (h->kind != HOLDER_PROCESS || !(h->holds & HOLD_DEV))
			continue;
		text_fmt(who, size, "pid %d %s has it open", (int)h->pid,
			 text_clean(name, sizeof(name), h->command));
		r = 1;
	}
	if (r >= 0)
		holders_free(&hs);
	free(devs);
	return r;
}

/* Something that only looks at it (a console, blkid) has closed it a moment later. */
static int opener(const struct snapshot *s, const struct blockdev *d, char *who, size_t size,
		  struct error *err)
{
	int tries = OPENER_TRIES, r;

	while ((r = opener_once(s, d, who, size, err)) == 1 && --tries)
		sleep_ms(150);
	return r;
}

static int busy(const char *path, const char *name, const char *who, struct error *err)
{
	char why[200];

	text_fmt(why, sizeof(why), "%s is in use: %s", name, who);
	return error_set(err, EBUSY, "check", path, why,
			 "Nothing was done. Free it first: unmount, swapoff, or close what is on it.");
}

int device_free(const char *path, const struct dev_id *id, bool stacked_ok, struct error *err)
{
	const struct blockdev *d, *b;
	struct snapshot *s = NULL;
	char who[120];
	int r = snapshot_take(SNAP_MOUNTS | SNAP_DEVICES, &s, err);

	if (r < 0)
		return r;
	d = blockdevs_find(&s->devs, path);
	b = d ? in_use(&s->devs, d, stacked_ok) : NULL;
	if (!d)
		r = error_set(err, ENODEV, "check", path, "no such device",
			      "Nothing was done. Make the plan again.");
	else if (d->dev != id->dev || other_serial(&s->devs, d, id->serial))
		r = changed(path, "its disk has another serial number than when the plan was made",
			    err);
	else if (b)
		r = busy(path, b->path, b->used_by && *b->used_by ? b->used_by :
			 "the kernel has it open", err);
	else if ((r = opener(s, d, who, sizeof(who), err)) == 1)
		r = busy(path, d->path, who, err);
	snapshot_free(s);
	return r;
}
