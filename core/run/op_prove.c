/*
 * op_prove.c - clean off is proven, or exactly what is left is said
 *
 * Asked of the kernel four times over: mounts of every namespace, swap, what is
 * stacked on it, who has it open. An exclusive open alone does not see ordinary
 * opens, and a list of mounts alone does not see a stacked device. Of a device
 * below a stack that stays open (LUKS, LVM, md) the same is proven of it and of
 * all that lies on it, and that nothing but this stack does.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/text.h"
#include "model/blockprobe.h"
#include "model/snapshot.h"
#include "model/swaps.h"
#include "model/sysblock.h"
#include "run/exec.h"
#include "run/journal.h"

#define AGAIN_MS 600	/* what only looks at the device (blkid) goes away */
#define LOOKS_MS 20000	/* what a console looks at it with does so for sure, on a slow machine late */
#define FAMILY 1024	/* a disk, its partitions, the volumes on them */

struct proof {
	const char *path;
	dev_t dev[FAMILY];
	char name[FAMILY][32];
	size_t n;
	bool more;		/* than there is room for: nothing is proven then */
	const char *stack;	/* what may lie on it and stay there: "md0 dm-1"; NULL nothing */
	char left[250];
	bool looked_at;		/* all that is left is a console's look */
};

static void say(struct proof *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct proof *p, const char *fmt, ...)
{
	size_t len = strlen(p->left);
	va_list ap;

	if (len && len + 3 < sizeof(p->left)) {
		strcat(p->left, "; ");
		len += 2;
	}
	va_start(ap, fmt);
	vsnprintf(p->left + len, sizeof(p->left) - len, fmt, ap);
	va_end(ap);
}

static void add_dev(struct proof *p, dev_t dev, const char *name)
{
	if (p->n == FAMILY) {
		p->more = true;
		return;
	}
	p->dev[p->n] = dev;
	text_fmt(p->name[p->n++], sizeof(p->name[0]), "%s", name);
}

/* Its partitions are directories of its own in sysfs that have a "dev". */
static void add_partitions(struct proof *p, const char *sysdir)
{
	char path[400], text[32];
	unsigned maj, min;
	struct dirent *e;
	DIR *dir = opendir(sysdir);

	while (dir && (e = readdir(dir))) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		text_fmt(path, sizeof(path), "%s/%s/partition", sysdir, e->d_name);
		if (access(path, F_OK) < 0)
			continue;
		text_fmt(path, sizeof(path), "%s/%s/dev", sysdir, e->d_name);
		if (read_text(path, text, sizeof(text)) > 0 &&
		    sscanf(text, "%u:%u", &maj, &min) == 2)
			add_dev(p, makedev(maj, min), e->d_name);
	}
	if (dir)
		closedir(dir);
}

/* Devices that the plan knows to lie on it. */
static void add_stack(struct proof *p)
{
	char path[80], text[32], name[32];
	const char *word = p->stack;
	unsigned maj, min;
	int len;

	for (; word && sscanf(word, " %31s%n", name, &len) == 1; word += len) {
		text_fmt(path, sizeof(path), "/sys/class/block/%s/dev", name);
		if (read_text(path, text, sizeof(text)) > 0 &&
		    sscanf(text, "%u:%u", &maj, &min) == 2)
			add_dev(p, makedev(maj, min), name);
	}
}

static const char *family(const struct proof *p, dev_t dev)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->dev[i] == dev)
			return p->name[i];
	return NULL;
}

static const char *family_of_mount(const struct proof *p, const struct mount *m)
{
	dev_t dev[SYSBLOCK_MAX];
	unsigned i, n = m->pseudo ? 0 : sysblock_all_of_mount(m->dev, m->source, dev, SYSBLOCK_MAX);

	for (i = 0; i < n; i++)
		if (family(p, dev[i]))
			return family(p, dev[i]);
	return NULL;
}

static void look_mounts(struct proof *p, const struct mounts *ms)
{
	const struct mount *m;
	unsigned more = 0;
	const char *dev;
	size_t i;

	for (i = 0; i < ms->n; i++) {
		m = &ms->row[i];
		dev = family_of_mount(p, m);
		if (!dev)
			continue;
		if (more++ < 3)
			say(p, "%s is mounted on %s%s", dev, m->target,
			    m->ns == ms->own_ns ? "" : " in another namespace");
	}
	if (more > 3)
		say(p, "and %u more mounts", more - 3);
	if (ms->incomplete)
		say(p, "not every namespace could be read: %s", ms->note);
}

/* The stack that stays is no holder to name. */
static bool stays(const struct proof *p, const struct holder *h)
{
	return (h->kind == HOLDER_DM || h->kind == HOLDER_MD) && text_has_word(p->stack, h->command);
}

/* btrfs has a device number of its own: its disks are behind one of its mounts. */
static bool elsewhere(const struct proof *p, const struct mounts *ms, dev_t dev)
{
	size_t i;

	if (!dev || family(p, dev))
		return false;
	for (i = 0; !major(dev) && i < ms->n; i++)
		if (ms->row[i].dev == dev && !ms->row[i].pseudo)
			return !family_of_mount(p, &ms->row[i]);
	return true;
}

static void look_holders(struct proof *p, const struct mounts *ms, const struct holders *hs)
{
	const struct holder *h;
	unsigned more = 0, looks = 0;
	size_t i;

	for (i = 0; i < hs->n; i++) {
		h = &hs->row[i];
		/* of a namespace or a queue nobody tells the device */
		if ((elsewhere(p, ms, h->dev) && h->holds != HOLD_UNKNOWN) || stays(p, h))
			continue;
		looks += holder_only_looks(h);
		if (more++ >= 4)
			continue;
		if (h->kind == HOLDER_PROCESS)
			say(p, "pid %d %s%s", (int)h->pid, h->command,
			    h->holds & HOLD_DEV ? " has it open" : " holds it");
		else
			say(p, "%s %s (%s)", holder_kind_name(h->kind), h->command, h->what);
	}
	if (more > 4)
		say(p, "and %u more holders", more - 4);
	p->looked_at = more && looks == more && !hs->incomplete;
	if (hs->incomplete)
		say(p, "not every process could be read: %s", hs->note);
}

static void look_swaps(struct proof *p)
{
	struct swap *swap;
	struct stat st;
	unsigned i, n;
	dev_t dev;

	if (swaps_read(&swap, &n) < 0) {
		say(p, "/proc/swaps cannot be read");
		return;
	}
	for (i = 0; i < n; i++) {
		if (strcmp(swap[i].type, "partition"))
			continue;
		dev = stat(swap[i].path, &st) == 0 && S_ISBLK(st.st_mode) ? st.st_rdev :
			sysblock_dev(swap[i].path);
		if (family(p, dev))
			say(p, "%s is swap", swap[i].path);
	}
	free(swap);
}

static void look_stacked(struct proof *p)
{
	struct dirent *e;
	char path[80];
	DIR *dir;
	size_t i;

	for (i = 0; i < p->n; i++) {
		text_fmt(path, sizeof(path), "/sys/dev/block/%u:%u/holders", major(p->dev[i]),
			 minor(p->dev[i]));
		dir = opendir(path);
		while (dir && (e = readdir(dir)))
			if (e->d_name[0] != '.' && !text_has_word(p->stack, e->d_name))
				say(p, "%s is stacked on %s", e->d_name, p->name[i]);
		if (dir)
			closedir(dir);
	}
}

/*
 * What lies below a stack, the whole disk of its partition too, is held
 * exclusively by it [block/bdev.c bd_may_claim()]: only what is on top can be asked.
 */
static bool below_stack(const struct proof *p, size_t i)
{
	struct dirent *e;
	char path[96];
	bool any = !i;
	DIR *dir;

	if (!p->stack)
		return false;
	text_fmt(path, sizeof(path), "/sys/class/block/%s/holders", p->name[i]);
	dir = opendir(path);
	while (dir && (e = readdir(dir)))
		any |= e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return any;
}

/* Read-only: closing a writer would make udev probe the device. */
static void look_exclusive(struct proof *p)
{
	char path[64];
	size_t i;
	int fd;

	for (i = 0; i < p->n; i++) {
		if (below_stack(p, i))
			continue;
		text_fmt(path, sizeof(path), "/dev/%s", p->name[i]);
		fd = blockdev_open_exclusive(i ? path : p->path);
		if (fd >= 0)
			close(fd);
		else if (fd != -ENOMEDIUM && fd != -ENXIO)
			say(p, "exclusive open of %s: %s", p->name[i], strerror(-fd));
	}
}

static int look(void *arg, struct error *err)
{
	struct proof *p = arg;
	struct snapshot *s = NULL;
	bool mounted;
	int r = snapshot_take(SNAP_MOUNTS | SNAP_HOLDERS, &s, err);

	if (r < 0)
		return r;
	p->left[0] = '\0';
	if (p->more)
		say(p, "more than %d devices lie on it", FAMILY);
	look_mounts(p, &s->mounts);
	look_swaps(p);
	look_stacked(p);
	mounted = *p->left;
	look_holders(p, &s->mounts, &s->holders);
	p->looked_at &= !mounted;
	snapshot_free(s);
	if (!*p->left)
		look_exclusive(p);
	if (!*p->left)
		return 0;
	return error_set(err, p->looked_at ? EAGAIN : EBUSY, "prove clean off", p->path, p->left,
			 "Run Kill and Unmount again; what the kernel holds has its way out "
			 "in the Holders view.");
}

int op_prove_off(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	struct proof p = { .path = op->dst, .stack = op->src };
	const char *slash = strrchr(op->dst, '/');
	char sysdir[64], some[120];
	int64_t begin = now_ms();
	int r = device_identity(op->dst, &op->dev, err);

	if (r < 0)
		return r;
	add_dev(&p, op->dev.dev, slash ? slash + 1 : op->dst);
	text_fmt(sysdir, sizeof(sysdir), "/sys/dev/block/%u:%u", major(op->dev.dev),
		 minor(op->dev.dev));
	add_partitions(&p, sysdir);
	add_stack(&p);
	for (;;) {
		r = run_with_deadline(op->deadline_s, look, &p, err);
		if ((r != -EBUSY && r != -EAGAIN) || ctx_stop(ctx) ||
		    now_ms() > begin + (r == -EAGAIN ? LOOKS_MS : AGAIN_MS))
			break;
		sleep_ms(150);
	}
	if (r == -EAGAIN)
		r = -EBUSY;
	/* an array notes by itself, a moment later, that it is in order; it is proven, too */
	if (r == 0 && !(op->src && strstr(op->src, "md")))
		r = journal_untouched(op->dev.dev, err);
	if (r == 0 && op->src)
		ctx_note(ctx, "%s carries only %s: no mount in any namespace, no swap, no holder, "
			 "nobody has it open, exclusive open succeeds on top", op->dst,
			 text_some(some, sizeof(some), op->src));
	else if (r == 0)
		ctx_note(ctx, "%s is clean: no mount in any namespace, no swap, no holder, "
			 "nobody has it open, exclusive open succeeds", op->dst);
	return r;
}
