/*
 * oldroot.c - what the old root is, or was at detach
 *
 * While it is mounted as "/" of the running system the kernel says it. Later
 * the record says it: mountinfo(5) lines, and lines "# key value" with what
 * mountinfo does not have. core/run/journal.c writes it.
 */
#include "model/oldroot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/text.h"
#include "model/procfile.h"
#include "model/sysblock.h"
#include "model/writes.h"
#include "paths.h"

enum {
	MAX_DEVS = sizeof(((struct old_root *)0)->devs) / sizeof(dev_t),
	MAX_LAYERS = sizeof(((struct old_root *)0)->layer) / sizeof(struct layer),
};

/* "TYPE ID NAME", where ID is "-" for none: a name may have blanks in it. */
static void take_layer(struct old_root *old, const char *value)
{
	struct layer l = { 0 };
	int at = 0;

	if (old->nlayers == MAX_LAYERS || sscanf(value, "%11s %63s%*1[ ]%n", l.type, l.id, &at) != 2 || !at ||
	    !value[at])
		return;
	text_fmt(l.name, sizeof(l.name), "%s", value + at);
	if (!strcmp(l.id, "-"))
		l.id[0] = '\0';
	old->layer[old->nlayers++] = l;
}

static void take_key(struct old_root *old, const char *key, const char *value)
{
	unsigned maj, min;

	if (!strcmp(key, "source"))
		text_fmt(old->source, sizeof(old->source), "%s", value);
	else if (!strcmp(key, "fstype"))
		text_fmt(old->fstype, sizeof(old->fstype), "%s", value);
	else if (!strcmp(key, "options"))
		text_fmt(old->options, sizeof(old->options), "%s", value);
	else if (!strcmp(key, "uuid"))
		text_fmt(old->uuid, sizeof(old->uuid), "%s", value);
	else if (!strcmp(key, "usr-uuid"))
		text_fmt(old->usr_uuid, sizeof(old->usr_uuid), "%s", value);
	else if (!strcmp(key, "init"))
		text_fmt(old->init, sizeof(old->init), "%s", value);
	else if (!strcmp(key, "uevents"))
		old->uevents = strtoull(value, NULL, 10);
	else if (!strcmp(key, "layer"))
		take_layer(old, value);
	else if (!strcmp(key, "fstab") && old->nfstab < sizeof(old->fstab) / sizeof(old->fstab[0]))
		text_fmt(old->fstab[old->nfstab++], sizeof(old->fstab[0]), "%s", value);
	else if (!strcmp(key, "dev") && sscanf(value, "%u:%u", &maj, &min) == 2 &&
		 old->ndevs < MAX_DEVS)
		old->devs[old->ndevs++] = makedev(maj, min);
}

static void take_keys(struct old_root *old, const char *text)
{
	const char *line, *next;

	for (line = text; *line; line = *next ? next + 1 : next) {
		char key[32], value[sizeof(old->options)];
		int at = 0;

		next = line + strcspn(line, "\n");
		/* one blank: a value may be empty */
		if (sscanf(line, "# %31s%*1[ ]%n", key, &at) == 1 && at && at <= next - line) {
			text_fmt(value, sizeof(value), "%.*s", (int)(next - line) - at, line + at);
			text_unescape(value);
			take_key(old, key, value);
		}
	}
}

/* What the top mount says, where nothing better was recorded. */
static void take_top(struct old_root *old, const struct mount *top)
{
	dev_t dev = sysblock_of_mount(top->dev, top->source);
	char name[64];

	if (!old->source[0]) {
		/* The kernel may say "/dev/root", which is no device. */
		if (dev && sysblock_name(dev, name, sizeof(name)) == 0)
			text_fmt(old->source, sizeof(old->source), "/dev/%s", name);
		else
			text_fmt(old->source, sizeof(old->source), "%s", top->source);
	}
	if (!old->fstype[0])
		text_fmt(old->fstype, sizeof(old->fstype), "%s", top->fstype);
	if (!old->options[0])
		mount_options(top, old->options, sizeof(old->options));
}

/*
 * A loop device whose file is itself in the old root is no disk that comes
 * free: it goes when its file's file system does. kernel_holders.c names it.
 */
static bool loop_on_old(const struct mounts *ms, dev_t dev)
{
	char path[96], file[PATH_MAX - 8], crossed[PATH_MAX];
	const struct mount *m;
	struct statx sx;

	text_fmt(path, sizeof(path), "/sys/dev/block/%u:%u/loop/backing_file",
		 major(dev), minor(dev));
	if (file_read_line(AT_FDCWD, path, file, sizeof(file)) < 0)
		return false;
	text_fmt(crossed, sizeof(crossed), "%s%s", mounts_reach(ms), file);
	if (statx(AT_FDCWD, crossed, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_MNT_ID, &sx) < 0 ||
	    !(sx.stx_mask & STATX_MNT_ID))
		return false;
	m = mounts_by_id(ms, sx.stx_mnt_id);
	return m && m->old;
}

static void take_devs(struct old_root *old, const struct mounts *ms)
{
	dev_t dev[MAX_DEVS];
	unsigned j, n;
	size_t i;

	for (i = 0; i < ms->n_own; i++) {
		const struct mount *m = &ms->row[i];

		n = m->old && !m->pseudo ?
		    sysblock_all_of_mount(m->dev, m->source, dev, MAX_DEVS) : 0;
		for (j = 0; j < n; j++)
			if (!loop_on_old(ms, dev[j]))
				old->ndevs = sysblock_below(dev[j], old->devs, old->ndevs, MAX_DEVS);
	}
}

int old_root_parse(struct old_root *old, const char *text)
{
	size_t i;
	int code = mounts_parse(&old->mounts, text, 1, NULL);

	if (code < 0)
		return code;
	take_keys(old, text);
	/* The record has the old root's mounts only. */
	for (i = 0; i < old->mounts.n; i++)
		old->mounts.row[i].old = true;
	if (old->mounts.n)
		take_top(old, &old->mounts.row[0]);
	if (!old->ndevs)
		take_devs(old, &old->mounts);
	old->known = old->mounts.n > 0;
	return 0;
}

/* Stacked over "/", or our own "/": the system runs from it. */
static bool runs_from(const struct mount *top)
{
	return top && !top->skip;
}

int old_root_read(struct old_root *old, const struct mounts *ms, const char *record)
{
	const struct mount *top = mounts_old_top(ms);
	char *text;
	int code = -ENOENT;

	old->written = disks_written();
	old->ifstate = access(CAREEN_NETSTATE "/ifstate", F_OK) == 0;
	/* A record of a system that runs again is about the last time. */
	if (!runs_from(top))
		code = file_read_all(AT_FDCWD, record, &text, NULL);
	if (!code) {
		code = old_root_parse(old, text);
		free(text);
	}
	if (code == -ENOMEM)
		return code;
	if (!old->known && top) {
		old->known = true;
		take_top(old, top);
		take_devs(old, ms);
	}
	return 0;
}

void old_root_uuid(struct old_root *old, const struct mounts *ms, const struct blockdevs *bs)
{
	const struct blockdev *d = old->source[0] ? blockdevs_find(bs, old->source) : NULL;
	const struct mount *usr = mounts_old_on(ms, "/usr");
	dev_t dev = usr && !usr->pseudo ? sysblock_of_mount(usr->dev, usr->source) : 0;
	size_t i;

	if (d && !old->uuid[0])
		text_fmt(old->uuid, sizeof(old->uuid), "%s", d->uuid);
	for (i = 0; dev && !old->usr_uuid[0] && i < bs->n; i++)
		if (bs->row[i].dev == dev)
			text_fmt(old->usr_uuid, sizeof(old->usr_uuid), "%s", bs->row[i].uuid);
}

bool old_root_full(const struct old_root *old)
{
	return old->ndevs == MAX_DEVS || old->nlayers == MAX_LAYERS;
}

void old_root_free(struct old_root *old)
{
	mounts_free(&old->mounts);
}
