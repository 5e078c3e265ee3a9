/*
 * blockdevs.c - disks, partitions and what is stacked on them, from sysfs
 *
 * Files as in the kernel's Documentation/ABI/{stable,testing}/sysfs-block.
 */
#include "model/blockdevs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "model/blockprobe.h"
#include "model/mounts.h"
#include "model/procfile.h"
#include "model/stack.h"
#include "model/swaps.h"
#include "model/sysblock.h"

static int open_sys(const char *name)
{
	char path[PATH_MAX];

	text_fmt(path, sizeof(path), "/sys/class/block/%s", name);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool starts(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

static const char *type_of(int dir, const char *name)
{
	char uuid[64] = "";

	if (!faccessat(dir, "partition", F_OK, 0))
		return "part";
	/* Set by the program that made the map: "LVM-...", "CRYPT-LUKS2-...". */
	if (!file_read_line(dir, "dm/uuid", uuid, sizeof(uuid)))
		return starts(uuid, "LVM-") ? "lvm" : starts(uuid, "CRYPT-") ? "crypt" :
		       starts(uuid, "mpath-") ? "mpath" : "dm";
	if (!faccessat(dir, "md", F_OK, 0))
		return "md";
	return starts(name, "loop") ? "loop" : starts(name, "sr") ? "rom" :
	       starts(name, "zram") ? "zram" : "disk";
}

static char *trimmed(char *s)
{
	size_t len;

	s += strspn(s, " ");
	len = strlen(s);
	while (len && s[len - 1] == ' ')
		s[--len] = '\0';
	return s;
}

static char *read_text(int dir, const char *const *files)
{
	char line[256];

	for (; *files; files++)
		if (!file_read_line(dir, *files, line, sizeof(line)) && *trimmed(line))
			return strdup(trimmed(line));
	return strdup("");
}

/* SCSI: page 80h of the vital product data, text after a head of 4 bytes. */
static char *read_serial(int dir)
{
	static const char *const files[] = { "serial", "device/serial", "dm/uuid", NULL };
	char *serial = read_text(dir, files), *page;
	size_t size;

	if (!serial || *serial)
		return serial;
	if (file_read_all(dir, "device/vpd_pg80", &page, &size) < 0)
		return serial;
	if (size > 4) {
		free(serial);
		serial = strdup(trimmed(page + 4));
	}
	free(page);
	return serial;
}

/* diskseq is the whole disk's: a partition finds it one directory up. */
static uint64_t read_diskseq(int dir, const char *type)
{
	return file_read_u64(dir, strcmp(type, "part") ? "diskseq" : "../diskseq", 0);
}

static bool has_entries(int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	bool any = false;

	while (list && (entry = readdir(list)))
		if (entry->d_name[0] != '.')
			any = true;
	if (list)
		closedir(list);
	return any;
}

static void read_transport(struct blockdev *d)
{
	char path[PATH_MAX], link[PATH_MAX];

	text_fmt(path, sizeof(path), "/sys/class/block/%s", d->name);
	if (!strcmp(d->type, "disk") && link_read(AT_FDCWD, path, link, sizeof(link)) >= 0)
		text_fmt(d->transport, sizeof(d->transport), "%s", sysblock_transport(link));
}

static int read_row(struct blockdev *d, int dir, const char *name)
{
	static const char *const models[] = {
		"device/model", "dm/name", "loop/backing_file", "device/name", NULL
	};
	char *bang;

	*d = (struct blockdev){ .parent = -1, .dev = file_read_dev(dir, "dev") };
	text_fmt(d->name, sizeof(d->name), "%s", name);
	text_fmt(d->path, sizeof(d->path), "/dev/%s", name);
	for (bang = d->path; (bang = strchr(bang, '!'));)
		*bang = '/';
	text_fmt(d->type, sizeof(d->type), "%s", type_of(dir, name));
	read_transport(d);
	d->size = file_read_u64(dir, "size", 0) * 512;
	d->start = file_read_u64(dir, "start", 0) * 512;
	d->diskseq = read_diskseq(dir, d->type);
	d->readonly = file_read_u64(dir, "ro", 0);
	d->removable = file_read_u64(dir, "removable", 0);
	d->stacked = has_entries(dir, "holders");
	d->model = read_text(dir, models);
	d->serial = read_serial(dir);
	d->fstype = strdup("");
	d->label = strdup("");
	d->uuid = strdup("");
	d->parttype = strdup("");
	d->pttype = strdup("");
	d->used_by = strdup("");
	d->on = strdup("");
	return d->model && d->serial && d->fstype && d->label && d->uuid &&
	       d->parttype && d->pttype && d->used_by && d->on ? 0 : -ENOMEM;
}

static void free_row(struct blockdev *d)
{
	free(d->model);
	free(d->serial);
	free(d->fstype);
	free(d->label);
	free(d->uuid);
	free(d->parttype);
	free(d->pttype);
	free(d->parts);
	free(d->used_by);
	free(d->on);
}

/* RAM disks and floppies are no subject here; size 0 is an empty drive. */
static bool wanted(const struct blockdev *d)
{
	return d->size && d->dev && !starts(d->name, "ram") && !starts(d->name, "fd");
}

static int compare_name(const void *a, const void *b)
{
	return strverscmp(((const struct blockdev *)a)->name,
			  ((const struct blockdev *)b)->name);
}

static int read_rows(struct blockdevs *bs)
{
	DIR *list = opendir("/sys/class/block");
	struct dirent *entry;
	size_t cap = 0;
	int code = 0;

	/* No sysfs: then nothing is known, which is not an error to stop for. */
	while (list && !code && (entry = readdir(list))) {
		struct blockdev d;
		int dir = entry->d_name[0] == '.' ? -1 : open_sys(entry->d_name);

		if (dir < 0)
			continue;
		code = read_row(&d, dir, entry->d_name);
		close(dir);
		if (!code && wanted(&d) &&
		    grow((void **)&bs->row, bs->n, &cap, sizeof(d)))
			bs->row[bs->n++] = d;
		else
			free_row(&d);
	}
	if (list)
		closedir(list);
	if (bs->n)
		qsort(bs->row, bs->n, sizeof(*bs->row), compare_name);
	return code;
}

static int find_dev(const struct blockdevs *bs, dev_t dev)
{
	size_t i;

	for (i = 0; i < bs->n; i++)
		if (bs->row[i].dev == dev)
			return i;
	return -1;
}

static int add_word(char **words, const char *word)
{
	char *text = text_dup("%s%s%s", *words, **words ? " " : "", word);

	if (!text)
		return -ENOMEM;
	free(*words);
	*words = text;
	return 0;
}

/* What a device lies on directly: in ->on, and the first of them in *ret, or -1. */
static int find_parent(struct blockdevs *bs, size_t i, int *ret)
{
	dev_t below[SYSBLOCK_MAX];
	unsigned j, n = sysblock_directly_below(bs->row[i].dev, below, SYSBLOCK_MAX);
	size_t k;

	*ret = -1;
	for (k = 0; k < bs->n; k++)
		for (j = 0; j < n; j++) {
			if (bs->row[k].dev != below[j])
				continue;
			if (*ret < 0)
				*ret = k;
			if (add_word(&bs->row[i].on, bs->row[k].name) < 0)
				return -ENOMEM;
		}
	return 0;
}

struct order {
	const struct blockdevs *bs;
	struct blockdev *sorted;
	int *parent;		/* in the old order */
	int *place;		/* old index -> new, -1 not yet */
	size_t n;
};

static void emit(struct order *o, size_t i, int depth)
{
	struct blockdev *d = &o->sorted[o->n];
	size_t child;

	*d = o->bs->row[i];
	d->depth = depth;
	d->parent = o->parent[i] < 0 ? -1 : o->place[o->parent[i]];
	o->place[i] = o->n++;
	for (child = 0; child < o->bs->n; child++)
		if (o->parent[child] == (int)i && o->place[child] < 0)
			emit(o, child, depth + 1);
}

static int tree_order(struct blockdevs *bs)
{
	struct order o = { .bs = bs };
	int code = 0;
	size_t i;

	o.sorted = calloc(bs->n + 1, sizeof(*o.sorted));
	o.parent = calloc(bs->n + 1, sizeof(int));
	o.place = calloc(bs->n + 1, sizeof(int));
	if (o.sorted && o.parent && o.place) {
		for (i = 0; i < bs->n && !code; i++) {
			code = find_parent(bs, i, &o.parent[i]);
			o.place[i] = -1;
		}
		for (i = 0; i < bs->n && !code; i++)
			if (o.parent[i] < 0)
				emit(&o, i, 0);
		if (o.n == bs->n && o.n)
			memcpy(bs->row, o.sorted, o.n * sizeof(*o.sorted));
	}
	if (!o.sorted || !o.parent || !o.place)
		code = -ENOMEM;
	free(o.sorted);
	free(o.parent);
	free(o.place);
	return code;
}

/* Add one word to used_by, once. */
static int use(struct blockdev *d, const char *word)
{
	size_t len = strlen(word);
	const char *at = d->used_by;

	while ((at = strstr(at, word))) {
		if ((at == d->used_by || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return 0;
		at += len;
	}
	return add_word(&d->used_by, word);
}

static int mounted_from(struct blockdev *d, const struct mounts *ms, const struct mount *m)
{
	d->mounted = true;
	/* A loop device may lie on the old root itself: @olddevs knows. */
	if (m->old && strcmp(d->type, "loop"))
		d->old_root = true;
	if (m->ns == ms->own_ns)
		return use(d, mount_path(m));
	return d->used_by[0] ? 0 : use(d, "another-namespace");
}

static int add_mount(struct blockdevs *bs, const struct mounts *ms, const struct mount *m)
{
	dev_t dev[SYSBLOCK_MAX];
	unsigned j, n = sysblock_all_of_mount(m->dev, m->source, dev, SYSBLOCK_MAX);
	int i, code = 0;

	for (j = 0; j < n && !code; j++) {
		i = find_dev(bs, dev[j]);
		if (i >= 0)
			code = mounted_from(&bs->row[i], ms, m);
	}
	return code;
}

static int add_swaps(struct blockdevs *bs)
{
	struct swap *swap;
	unsigned i, n;
	int code = swaps_read(&swap, &n);

	for (i = 0; i < n && !code; i++) {
		int at = strcmp(swap[i].type, "partition") ? -1 :
			 find_dev(bs, sysblock_dev(swap[i].path));

		if (at < 0)
			continue;
		bs->row[at].swap = true;
		code = use(&bs->row[at], "swap");
	}
	free(swap);
	return code;
}

/* What is stacked on row @i, by the names an operator knows. */
static int add_stacked(struct blockdevs *bs, size_t i)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *list;
	int code = 0;

	text_fmt(path, sizeof(path), "/sys/class/block/%s/holders", bs->row[i].name);
	list = bs->row[i].stacked ? opendir(path) : NULL;
	while (list && !code && (entry = readdir(list))) {
		char name[256];

		if (entry->d_name[0] == '.')
			continue;
		text_fmt(path, sizeof(path), "/sys/class/block/%s/dm/name", entry->d_name);
		if (file_read_line(AT_FDCWD, path, name, sizeof(name)) < 0)
			text_fmt(name, sizeof(name), "%s", entry->d_name);
		code = use(&bs->row[i], name);
	}
	if (list)
		closedir(list);
	return code;
}

/* A disk whose partition is in use is in use; so is what carries the old root. */
static void pass_down(struct blockdevs *bs, size_t i, const dev_t *olddevs, size_t nolddevs)
{
	dev_t below[SYSBLOCK_MAX];
	unsigned j, n = sysblock_below(bs->row[i].dev, below, 0, SYSBLOCK_MAX);
	bool old = bs->row[i].old_root;
	size_t k;

	for (k = 0; k < nolddevs; k++)
		if (olddevs[k] == bs->row[i].dev)
			old = true;
	bs->row[i].old_root = old;
	for (j = 0; j < n; j++) {
		int at = find_dev(bs, below[j]);

		if (at >= 0 && old)
			bs->row[at].old_root = true;
	}
}

static int add_uses(struct blockdevs *bs, const struct mounts *ms,
		    const dev_t *olddevs, size_t nolddevs)
{
	size_t i;
	int code = 0;

	for (i = 0; i < ms->n && !code; i++)
		if (!ms->row[i].pseudo)
			code = add_mount(bs, ms, &ms->row[i]);
	if (!code)
		code = add_swaps(bs);
	for (i = 0; i < bs->n && !code; i++)
		code = add_stacked(bs, i);
	for (i = 0; i < bs->n && !code; i++)
		pass_down(bs, i, olddevs, nolddevs);
	return code;
}

static void use_part(struct blockdev *disk, const char *part)
{
	/* Kernel names of partitions begin with their disk's: "vda1". */
	if (!*disk->used_by || starts(disk->used_by, disk->name))
		use(disk, part);
}

/* After the probe: empty drives go (they are leaves), busy ones make their disk busy. */
static void settle(struct blockdevs *bs)
{
	size_t i, kept = 0;
	int *place = calloc(bs->n + 1, sizeof(int));

	for (i = bs->n; i-- > 0;)
		if (bs->row[i].busy_open && bs->row[i].parent >= 0)
			bs->row[bs->row[i].parent].busy_open = true;
	/* What a disk is used by, if by nothing else, is its partitions. */
	for (i = 0; i < bs->n; i++)
		if (bs->row[i].busy_open && bs->row[i].parent >= 0 && !strcmp(bs->row[i].type, "part"))
			use_part(&bs->row[bs->row[i].parent], bs->row[i].name);
	for (i = 0; i < bs->n && place; i++) {
		if (!bs->row[i].size) {
			free_row(&bs->row[i]);
			continue;
		}
		if (bs->row[i].parent >= 0)
			bs->row[i].parent = place[bs->row[i].parent];
		place[i] = kept;
		bs->row[kept++] = bs->row[i];
	}
	if (place)
		bs->n = kept;
	free(place);
}

int blockdevs_read(struct blockdevs *bs, const struct mounts *ms,
		   const dev_t *olddevs, size_t nolddevs, struct error *err)
{
	struct blockdevs seen = { 0 };
	int code = read_rows(&seen);

	if (!code)
		code = tree_order(&seen);
	if (!code)
		code = add_uses(&seen, ms, olddevs, nolddevs);
	if (code < 0)
		error_set(err, code, "read block devices", "", NULL, NULL);
	else
		code = blockdevs_probe(&seen, err);
	if (code < 0) {
		blockdevs_free(&seen);
		return code;
	}
	settle(&seen);
	*bs = seen;
	return 0;
}

void blockdevs_free(struct blockdevs *bs)
{
	while (bs->n)
		free_row(&bs->row[--bs->n]);
	free(bs->row);
	*bs = (struct blockdevs){ 0 };
}

bool blockdevs_child_busy(const struct blockdevs *bs, size_t parent)
{
	size_t i;

	for (i = 0; i < bs->n; i++)
		if (bs->row[i].parent == (int)parent && bs->row[i].busy_open)
			return true;
	return false;
}

const struct blockdev *blockdevs_by_number(const struct blockdevs *bs, dev_t dev)
{
	int at = find_dev(bs, dev);

	return at < 0 ? NULL : &bs->row[at];
}

const struct blockdev *blockdevs_find(const struct blockdevs *bs, const char *name)
{
	size_t i;

	for (i = 0; i < bs->n; i++)
		if (!strcmp(bs->row[i].name, name) || !strcmp(bs->row[i].path, name))
			return &bs->row[i];
	return NULL;
}

const struct blockdev *blockdevs_named(const struct blockdevs *bs, const char *word)
{
	const struct blockdev *b = blockdevs_find(bs, word);
	struct stat st;

	for (size_t i = 0; !b && *word && i < bs->n; i++)
		if (!strcmp(stack_dm_name(&bs->row[i]), word))
			b = &bs->row[i];
	if (b || strncmp(word, "/dev/", 5) || stat(word, &st) < 0 || !S_ISBLK(st.st_mode))
		return b;
	return blockdevs_by_number(bs, st.st_rdev);
}
