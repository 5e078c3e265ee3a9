/*
 * op_vault.c - what undoes a change is kept in RAM before it, and written back when asked to
 *
 * Of the device, and of each partition on it: the first and the last MiB, in which partition
 * tables and superblocks are, those of md, LVM and swap too [libblkid superblocks/]; of a
 * LUKS container its whole header, of an LVM volume all of its metadata areas, of btrfs the
 * copies of its superblock. Beside that, as text: `sfdisk -d`, `vgcfgbackup`.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "model/snapshot.h"
#include "paths.h"
#include "run/exec.h"
#include "run/spawn.h"
#include "run/vault.h"

#define MIB (UINT64_C(1) << 20)
#define EXTENTS 300		/* both ends of 128 partitions [GPT], and more */
#define ENTRIES_MAX 999
#define LUKS_MAX (32 * MIB)
#define AREA_MAX (16 * MIB)	/* more is damage */
#define LABEL_SECTORS ((size_t)4)	/* one of the first has LVM's label */
#define AREAS 16		/* of one LVM volume: data, then metadata */

struct extent {
	uint64_t at, len;
};

struct keeping {
	const struct op *op;
	const struct snapshot *s;
	const struct blockdev *dev, *disk;
	struct extent extent[EXTENTS];
	size_t n;
	uint64_t bytes;
	char dir[64], id[16], what[128];
	bool full;		/* there are more extents than that */
	bool table, lvm;	/* there is something for sfdisk, for lvm */
};

/* Sorted by nothing, but without what lies in another one; none begins where another one does. */
static void add_extent(struct keeping *k, uint64_t at, uint64_t len)
{
	struct extent *x;
	size_t i;

	if (at >= k->dev->size || !len)
		return;
	if (len > k->dev->size - at)
		len = k->dev->size - at;
	for (i = 0; i < k->n; i++) {
		x = &k->extent[i];
		if (at >= x->at && at + len <= x->at + x->len)
			return;
		if (at != x->at)
			continue;
		k->bytes += len - x->len;
		x->len = len;
		return;
	}
	if (k->n == EXTENTS) {
		k->full = true;
		return;
	}
	k->extent[k->n++] = (struct extent){ at, len };
	k->bytes += len;
}

/*
 * How long a LUKS header is: LUKS1 has its payload's offset in sectors, big-endian, at 104;
 * LUKS2 the same in its JSON, in bytes [LUKS on-disk format]. 0: it has none. More than any
 * header has is damage. @buf has @n bytes and a NUL.
 */
static uint64_t luks_length(const char *buf, size_t n)
{
	const unsigned char *one = (const unsigned char *)buf + 104;
	const char *at;
	uint64_t len = 16 * MIB;

	if (n < 4096 || memcmp(buf, "LUKS\xba\xbe", 6))
		return 0;
	if (buf[7] == 1) {
		len = 512ull * ((uint64_t)one[0] << 24 | one[1] << 16 | one[2] << 8 | one[3]);
	} else {
		at = strstr(buf + 4096, "\"segments\"");
		at = at ? strstr(at, "\"offset\":\"") : NULL;
		if (at)
			len = strtoull(at + strlen("\"offset\":\""), NULL, 10);
	}
	return len > LUKS_MAX ? LUKS_MAX : len;
}

/* What @b begins with, at most @size bytes: on a failing disk up to the first bad sector, unlike read_text(). */
static size_t read_begin(const struct blockdev *b, void *buf, size_t size)
{
	int fd = open(b->path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, buf, size, 0);

	if (fd >= 0)
		close(fd);
	return n < 0 ? 0 : (size_t)n;
}

static uint64_t luks_header(const struct blockdev *b)
{
	static char buf[MIB];
	size_t n = read_begin(b, buf, sizeof(buf) - 1);

	buf[n] = '\0';
	return luks_length(buf, n);
}

static uint64_t le64(const unsigned char *p)
{
	uint64_t n = 0;
	int i;

	for (i = 7; i >= 0; i--)
		n = n << 8 | p[i];
	return n;
}

/*
 * LVM: in one of the first four sectors a label, which says where in it the volume's header
 * begins: UUID, size, then offset and size of its data areas up to one that is zero, and the
 * same of its metadata areas [lvm2 lib/format_text/layout.h, lib/label/label.h]. The first
 * area begins in the first MiB, and may be longer.
 */
static void add_areas(struct keeping *k, const unsigned char buf[LABEL_SECTORS * 512], uint64_t start)
{
	const unsigned char *at = NULL, *sector, *end = buf + LABEL_SECTORS * 512;
	int lists = 0, i;

	for (sector = buf; sector < end && !at; sector += 512)
		if (!memcmp(sector, "LABELONE", 8))
			at = sector + (le64(sector + 16) >> 32 & 511);
	for (at = at ? at + 40 : NULL, i = 0; at && i < AREAS && at + 16 <= end; i++, at += 16) {
		if (lists == 1 && le64(at) && le64(at + 8) <= AREA_MAX)
			add_extent(k, start + le64(at), le64(at + 8));
		if (!le64(at) && ++lists == 2)
			break;
	}
}

static void add_lvm(struct keeping *k, const struct blockdev *b, uint64_t start)
{
	unsigned char buf[LABEL_SECTORS * 512];

	if (read_begin(b, buf, sizeof(buf)) == sizeof(buf))
		add_areas(k, buf, start);
}

/* [btrfs fs/btrfs/disk-io.c btrfs_sb_offset()]; the first one lies in the first MiB */
static void add_btrfs(struct keeping *k, const struct blockdev *b, uint64_t start)
{
	static const uint64_t copies[] = { 64ull << 20, 256ull << 30 };
	size_t i;

	for (i = 0; i < 2 && copies[i] + 4096 <= b->size; i++)
		add_extent(k, start + copies[i], 4096);
}

static uint64_t part_start(const struct blockdev *b)
{
	char path[80], text[32];

	text_fmt(path, sizeof(path), "/sys/dev/block/%u:%u/start", major(b->dev), minor(b->dev));
	return read_text(path, text, sizeof(text)) > 0 ? 512 * strtoull(text, NULL, 10) : 0;
}

/* Both ends of @b, which begins @start bytes into the device. */
static void add_ends(struct keeping *k, const struct blockdev *b, uint64_t start)
{
	uint64_t luks = b->fstype && !strcmp(b->fstype, "crypto_LUKS") ? luks_header(b) : 0;

	add_extent(k, start, luks > MIB ? luks : MIB);
	if (b->size > MIB)
		add_extent(k, start + b->size - MIB, MIB);
	if (b->fstype && !strcmp(b->fstype, "btrfs"))
		add_btrfs(k, b, start);
	if (b->fstype && !strcmp(b->fstype, "LVM2_member")) {
		add_lvm(k, b, start);
		k->lvm = true;
	}
	if (luks)
		text_fmt(k->what + strlen(k->what), sizeof(k->what) - strlen(k->what), ", LUKS header");
}

static void choose_extents(struct keeping *k)
{
	const struct blockdev *b;
	unsigned parts = 0;
	size_t i;

	text_fmt(k->what, sizeof(k->what), "first and last MiB");
	add_ends(k, k->dev, 0);
	for (i = 0; i < k->s->devs.n; i++) {
		b = &k->s->devs.row[i];
		if (b->parent < 0 || &k->s->devs.row[b->parent] != k->dev || strcmp(b->type, "part"))
			continue;
		add_ends(k, b, part_start(b));
		parts++;
	}
	k->table = parts > 0;
	if (parts)
		text_fmt(k->what + strlen(k->what), sizeof(k->what) - strlen(k->what),
			 ", of %u partition%s too, the partition table", parts, parts == 1 ? "" : "s");
	if (k->lvm)
		text_fmt(k->what + strlen(k->what), sizeof(k->what) - strlen(k->what), ", LVM metadata");
}

static int copy_bytes(int in, off_t from, int out, off_t to, uint64_t len)
{
	static char buf[256 << 10];
	ssize_t n, w;

	for (; len; len -= (uint64_t)n, from += n, to += n) {
		n = pread(in, buf, len < sizeof(buf) ? len : sizeof(buf), from);
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		w = pwrite(out, buf, (size_t)n, to);
		if (w != n)
			return w < 0 ? -errno : -ENOSPC;
	}
	return 0;
}

static int keep_extent(struct keeping *k, int dev, const struct extent *x)
{
	char path[120];
	int out, r;

	text_fmt(path, sizeof(path), "%s/at-%llu", k->dir, (unsigned long long)x->at);
	out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		return -errno;
	r = copy_bytes(dev, (off_t)x->at, out, 0, x->len);
	close(out);
	/* what a failing disk does not give cannot be kept: the rest is */
	if (r != -EIO)
		return r;
	unlink(path);
	return 0;
}

/* A label may have any byte in it: what it says stays one line. */
static void put_text(FILE *f, const char *key, const char *value)
{
	fprintf(f, "%s ", key);
	text_escape(f, value);
	fputc('\n', f);
}

/* Last, so that an entry without it is none. */
static int write_entry(struct keeping *k)
{
	const struct blockdev *disk = k->disk;
	size_t len = strlen(disk->name), size = 0, i;
	char *text = NULL, path[120];
	FILE *f = open_memstream(&text, &size);
	int r;

	if (!f)
		return -ENOMEM;
	put_text(f, "device", k->dev->path);
	put_text(f, "part", strncmp(k->dev->name, disk->name, len) ? k->dev->name : k->dev->name + len);
	put_text(f, "model", disk->model);
	put_text(f, "serial", disk->serial);
	put_text(f, "before", k->op->src);
	put_text(f, "what", k->what);
	fprintf(f, "size %llu\ndiskseq %llu\nwhen %lld\nbytes %llu\n",
		(unsigned long long)k->dev->size, (unsigned long long)k->dev->diskseq,
		(long long)time(NULL), (unsigned long long)k->bytes);
	for (i = 0; i < k->n; i++)
		fprintf(f, "extent %llu %llu\n", (unsigned long long)k->extent[i].at,
			(unsigned long long)k->extent[i].len);
	fprintf(f, "restore careen vault restore %s\n", k->id);
	r = fclose(f) == 0 ? write_whole(text_fmt(path, sizeof(path), "%s/entry", k->dir), text, size) :
			     -ENOMEM;
	free(text);
	return r;
}

static void remove_entry(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(dir), e->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(path);
}

void vault_make_room(const struct vault *v, uint64_t more, const char *spare)
{
	char path[96];
	uint64_t used = 0;
	size_t i;

	for (i = 0; i < v->n; i++)
		used += v->row[i].bytes;
	while (i && used + more > VAULT_MAX) {
		i--;
		if (spare && !strcmp(v->row[i].id, spare))
			continue;
		used -= v->row[i].bytes;
		remove_entry(text_fmt(path, sizeof(path), CAREEN_VAULT "/%s", v->row[i].id));
	}
}

static int make_dir(struct keeping *k)
{
	int i;

	if (mkdir(CAREEN_VAULT, 0700) < 0 && errno != EEXIST)
		return -errno;
	for (i = k->s->vault.n ? atoi(k->s->vault.row[0].id) + 1 : 1; i <= ENTRIES_MAX; i++) {
		text_fmt(k->id, sizeof(k->id), "%04d", i);
		text_fmt(k->dir, sizeof(k->dir), CAREEN_VAULT "/%s", k->id);
		if (mkdir(k->dir, 0700) == 0)
			return 0;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static int keep_all(struct keeping *k, struct error *err)
{
	int dev = open(k->dev->path, O_RDONLY | O_CLOEXEC), r;
	size_t i;

	if (dev < 0)
		return error_set(err, errno, "read", k->dev->path, NULL, "Nothing was written to it.");
	r = make_dir(k);
	for (i = 0; r == 0 && i < k->n; i++)
		r = keep_extent(k, dev, &k->extent[i]);
	if (r == 0)
		r = write_entry(k);
	close(dev);
	if (r == 0)
		return 0;
	remove_entry(k->dir);
	return error_set(err, r, "keep", k->dev->path, NULL,
			 "Nothing was written to it. Going on without it means that nothing can be put back.");
}

/* One or the other program's own text beside the bytes: good to have, and not more. */
static void keep_text(const struct keeping *k, char *const *argv)
{
	struct spawn sp = { .argv = argv, .until = now_ms() + 20000 };
	char path[120];
	int status, out = open(text_fmt(path, sizeof(path), "%s/%s.txt", k->dir, argv[0]),
			       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (out < 0)
		return;
	sp.out = out;
	if (spawn_run(&sp, &status, NULL) < 0 || status)
		unlink(path);
	close(out);
}

static void keep_texts(const struct keeping *k)
{
	char file[96];
	char *table[] = { (char *)"sfdisk", (char *)"-d", (char *)k->dev->path, NULL };
	char *lvm[] = { (char *)"lvm", (char *)"vgcfgbackup", (char *)"-f", file, NULL };

	text_fmt(file, sizeof(file), "%s/%%s.vg", k->dir);
	if (k->table)
		keep_text(k, table);
	if (k->lvm)
		keep_text(k, lvm);
}

static const struct blockdev *disk_of(const struct snapshot *s, const struct blockdev *b)
{
	while (b->parent >= 0)
		b = &s->devs.row[b->parent];
	return b;
}

static int keep_it(void *arg, struct error *err)
{
	struct keeping *k = arg;

	k->dev = blockdevs_find(&k->s->devs, k->op->dst);
	if (!k->dev)
		return error_set(err, ENODEV, "keep", k->op->dst, "no such device",
				 "Nothing was done. Make the plan again.");
	k->disk = disk_of(k->s, k->dev);
	choose_extents(k);
	if (k->bytes > VAULT_MAX || k->full)
		return error_set(err, ENOSPC, "keep", k->dev->path, "it is more than the vault holds",
				 "Nothing was written to it. Going on without it means that nothing can "
				 "be put back.");
	vault_make_room(&k->s->vault, k->bytes, k->op->options);
	if (keep_all(k, err) < 0)
		return err ? err->code : -EIO;
	keep_texts(k);
	return 0;
}

/* What was kept, and what had to go for it. */
static void tell(struct op_ctx *ctx, const struct vault *before)
{
	struct vault now;
	char size[16];
	size_t i;

	vault_read(&now);
	for (i = 0; i < before->n; i++)
		if (!vault_find(&now, before->row[i].id))
			ctx_note(ctx, "the vault was full: entry %s (%s, before: %s) had to go",
				 before->row[i].id, before->row[i].device, before->row[i].before);
	if (now.n) {
		ctx_note(ctx, "entry %s of the vault, %s in RAM: %s", now.row[0].id,
			 text_size(size, sizeof(size), now.row[0].bytes), now.row[0].what);
		ctx_note(ctx, "back: careen vault restore %s; to copy it off: scp -P 1022 -r "
			 "root@THIS-HOST:" CAREEN_VAULT " .", now.row[0].id);
	}
	vault_free(&now);
}

int op_vault(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	struct snapshot *s = NULL;
	struct keeping k = { .op = op };
	int r = device_identity(op->dst, &op->dev, err);

	if (r == 0)
		r = snapshot_take(SNAP_DEVICES, &s, err);
	if (r < 0)
		return r;
	k.s = s;
	r = run_with_deadline(op->deadline_s, keep_it, &k, err);
	if (r == 0)
		tell(ctx, &s->vault);
	snapshot_free(s);
	return r;
}

static int restore_file(const char *dir, const char *name, int dev)
{
	char path[400];
	struct stat st;
	int in, r;

	text_fmt(path, sizeof(path), "%s/%s", dir, name);
	in = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (in < 0)
		return -errno;
	r = fstat(in, &st) < 0 ? -errno :
	    copy_bytes(in, 0, dev, (off_t)strtoull(name + strlen("at-"), NULL, 10), (uint64_t)st.st_size);
	close(in);
	return r;
}

static int restore_all(void *arg, struct error *err)
{
	const struct op *op = arg;
	int dev = open(op->dst, O_WRONLY | O_CLOEXEC), r = 0;
	DIR *dir = opendir(op->src);
	struct dirent *e;

	if (dev < 0 || !dir)
		r = error_set(err, errno, "open", dev < 0 ? op->dst : op->src, NULL, "Nothing was written.");
	while (r == 0 && (e = readdir(dir)))
		if (!strncmp(e->d_name, "at-", 3) && isdigit((unsigned char)e->d_name[3]))
			r = restore_file(op->src, e->d_name, dev);
	if (r == 0 && fsync(dev) < 0)
		r = -errno;
	/* a partition table is read anew; a partition has none, and a file system no partitions */
	if (r == 0 && ioctl(dev, BLKRRPART, 0) < 0 && errno == EBUSY)
		r = -EBUSY;
	if (r < 0 && err && !err->code)
		error_set(err, r, "restore", op->dst, NULL, "Not all of it is written. Restore it again.");
	if (dev >= 0)
		close(dev);
	if (dir)
		closedir(dir);
	return r;
}

int op_vault_restore(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	int r = device_identity(op->dst, &op->dev, err);

	if (r == 0)
		r = device_free(op->dst, &op->dev, false, err);
	if (r == 0)
		r = run_with_deadline(op->deadline_s, restore_all, (void *)op, err);
	if (r == 0)
		ctx_note(ctx, "%s has again what was kept of it; the rest of it is as it was", op->dst);
	return r;
}

int op_vault_forget(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	const struct vault_entry *e;
	char path[96];
	struct vault v;
	size_t i;

	(void)err;
	vault_read(&v);
	for (i = 0; i < v.n; i++) {
		e = &v.row[i];
		if (strcmp(e->device, op->dst) && strcmp(e->device, op->src))
			continue;
		remove_entry(text_fmt(path, sizeof(path), CAREEN_VAULT "/%s", e->id));
		ctx_note(ctx, "entry %s is dropped: %s of %s", e->id, e->what, e->device);
	}
	vault_free(&v);
	return 0;
}

int vault_drop(const char *id, struct error *err)
{
	char path[96];
	struct vault v;
	const struct vault_entry *e;
	int r = 0;

	vault_read(&v);
	e = vault_find(&v, id);
	if (e)
		remove_entry(text_fmt(path, sizeof(path), CAREEN_VAULT "/%s", e->id));
	else
		r = error_set(err, ENOENT, "drop", id, "there is no such entry", "careen vault lists them.");
	vault_free(&v);
	return r;
}
