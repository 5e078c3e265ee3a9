/*
 * blockprobe.c - what has to open the disks, in children with a deadline
 *
 * Everything is opened for reading only: udev looks again at each device that
 * a writer closes. libblkid's low-level probe is used, without its cache.
 */
#include "model/blockprobe.h"

#include <blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/cdrom.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "model/workers.h"

enum { MAX_PARTS = 256 };	/* as many as the kernel knows [include/linux/blkdev.h DISK_MAX_PARTS] */

unsigned blockdevs_deadline_ms = 10000;

struct probe_work {
	struct blockdevs *bs;
	atomic_size_t *next;
	bool *answered;		/* in the parent */
};

/* What one device's probe found. */
struct answer {
	size_t index;
	bool busy_open, no_medium;
	char fstype[32], label[256], uuid[64], parttype[64], pttype[16];
	size_t nparts;
	struct table_part parts[MAX_PARTS];	/* only ->nparts of them are sent */
};

static void take_value(blkid_probe pr, const char *name, char *buf, size_t size)
{
	const char *value;

	if (!blkid_probe_lookup_value(pr, name, &value, NULL))
		text_fmt(buf, size, "%s", value);
}

static const char *text_of(const char *text)
{
	return text ? text : "";
}

/* The table as it is on the disk; the kernel may have read an older one. */
static void probe_table(blkid_probe pr, struct answer *a)
{
	blkid_partlist list = blkid_probe_get_partitions(pr);
	blkid_parttable table = list ? blkid_partlist_get_table(list) : NULL;
	int i, n = table ? blkid_partlist_numof_partitions(list) : 0;

	if (table)
		text_fmt(a->pttype, sizeof(a->pttype), "%s", text_of(blkid_parttable_get_type(table)));
	for (i = 0; i < n && a->nparts < MAX_PARTS; i++) {
		blkid_partition p = blkid_partlist_get_partition(list, i);
		struct table_part *t = &a->parts[a->nparts++];

		*t = (struct table_part){
			.number = blkid_partition_get_partno(p),
			.start = (uint64_t)blkid_partition_get_start(p) * 512,
			.size = (uint64_t)blkid_partition_get_size(p) * 512,
		};
		text_fmt(t->name, sizeof(t->name), "%s", text_of(blkid_partition_get_name(p)));
		if (blkid_partition_get_type_string(p))
			text_fmt(t->type, sizeof(t->type), "%s", blkid_partition_get_type_string(p));
		else
			text_fmt(t->type, sizeof(t->type), "0x%02x", blkid_partition_get_type(p));
	}
}

static void probe_content(int fd, const struct blockdev *d, struct answer *a)
{
	blkid_probe pr = blkid_new_probe();

	if (!pr)
		return;
	blkid_probe_enable_superblocks(pr, 1);
	blkid_probe_set_superblocks_flags(pr, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL |
					  BLKID_SUBLKS_UUID);
	/* The entry of this partition in its disk's table: its type. */
	if (!strcmp(d->type, "part")) {
		blkid_probe_enable_partitions(pr, 1);
		blkid_probe_set_partitions_flags(pr, BLKID_PARTS_ENTRY_DETAILS);
	}
	if (!blkid_probe_set_device(pr, fd, 0, 0) && blkid_do_safeprobe(pr) == 0) {
		take_value(pr, "TYPE", a->fstype, sizeof(a->fstype));
		take_value(pr, "LABEL", a->label, sizeof(a->label));
		take_value(pr, "UUID", a->uuid, sizeof(a->uuid));
		take_value(pr, "PART_ENTRY_TYPE", a->parttype, sizeof(a->parttype));
	}
	if (strcmp(d->type, "part") && !*a->fstype)
		probe_table(pr, a);
	blkid_free_probe(pr);
}

static bool in_use(const struct blockdev *d)
{
	return d->mounted || d->swap || d->stacked;
}

/*
 * Another console may be asking the same question of this disk in this very
 * moment, and for that moment it is busy: only what stays busy is in use.
 */
int blockdev_open_exclusive(const char *path)
{
	static const struct timespec pause = { .tv_nsec = 20 * 1000000L };
	int fd, tries = 10;

	do {
		fd = open(path, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 || errno != EBUSY)
			break;
		nanosleep(&pause, NULL);
	} while (--tries);
	return fd < 0 ? -errno : fd;
}

static bool exclusive_open_fails(const char *path)
{
	int fd = blockdev_open_exclusive(path);

	if (fd < 0)
		return fd == -EBUSY;
	close(fd);
	return false;
}

static void probe_one(const struct blockdev *d, struct answer *a)
{
	int fd = open(d->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	a->busy_open = in_use(d);
	if (fd < 0)
		return;
	if (!strcmp(d->type, "rom") &&
	    ioctl(fd, CDROM_DRIVE_STATUS, CDSL_CURRENT) != CDS_DISC_OK)
		a->no_medium = true;
	else
		probe_content(fd, d, a);
	close(fd);
	if (!a->busy_open && !a->no_medium)
		a->busy_open = exclusive_open_fails(d->path);
}

static void probe_worker(int out, unsigned worker, void *arg)
{
	struct probe_work *w = arg;
	size_t i;

	(void)worker;
	while ((i = atomic_fetch_add(w->next, 1)) < w->bs->n) {
		static struct answer a;

		a.index = i;
		a.busy_open = a.no_medium = false;
		a.nparts = 0;
		a.fstype[0] = a.label[0] = a.uuid[0] = a.parttype[0] = a.pttype[0] = '\0';
		probe_one(&w->bs->row[i], &a);
		child_put(out, &a, offsetof(struct answer, parts) + a.nparts * sizeof(a.parts[0]));
	}
}

static int replace(char **field, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

static int take_answer(struct blockdev *d, const struct answer *a)
{
	d->busy_open = a->busy_open;
	if (a->no_medium)
		d->size = 0;
	if (a->nparts) {
		d->parts = calloc(a->nparts, sizeof(*d->parts));
		if (!d->parts)
			return -ENOMEM;
		memcpy(d->parts, a->parts, a->nparts * sizeof(*d->parts));
		d->nparts = a->nparts;
	}
	return replace(&d->fstype, a->fstype) || replace(&d->label, a->label) ||
	       replace(&d->uuid, a->uuid) || replace(&d->parttype, a->parttype) ||
	       replace(&d->pttype, a->pttype) ?
	       -ENOMEM : 0;
}

static int take_record(void *arg, const void *record, size_t size)
{
	struct probe_work *w = arg;
	const struct answer *a = record;

	(void)size;
	w->answered[a->index] = true;
	return take_answer(&w->bs->row[a->index], a);
}

/* Not free as far as anybody can tell. */
static int mark_silent(struct blockdevs *bs, const bool *answered)
{
	size_t i;
	int code = 0;

	for (i = 0; i < bs->n && !code; i++) {
		if (answered[i])
			continue;
		bs->row[i].silent = bs->row[i].busy_open = true;
		code = replace(&bs->row[i].used_by, "does not answer");
	}
	return code;
}

int blockdevs_probe(struct blockdevs *bs, struct error *err)
{
	struct probe_work w = { .bs = bs };
	const struct child_work work = {
		.look = probe_worker, .take = take_record, .arg = &w, .workers = CHILD_WORKERS,
		.deadline_ms = blockdevs_deadline_ms,
	};
	bool partial;
	int code = -ENOMEM;

	if (!bs->n)
		return 0;
	w.next = shared_new(sizeof(*w.next));
	w.answered = calloc(bs->n, sizeof(bool));
	if (!w.next || !w.answered)
		error_set(err, code, "look at the disks", "", NULL, NULL);
	else
		code = children_run(&work, &partial, err);
	if (!code)
		code = mark_silent(bs, w.answered);
	free(w.answered);
	shared_free(w.next, sizeof(*w.next));
	return code;
}
