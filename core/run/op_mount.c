/* op_mount.c - mount(2) as mount(8) would do it, on the device that was planned */
#include <errno.h>
#include <libmount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "base/text.h"
#include "model/sysblock.h"
#include "paths.h"
#include "run/exec.h"
#include "run/journal.h"

/*
 * A device-mapper device by the name that a boot has for it, which /proc/mounts then shows; by the
 * kernel's where that is not in /dev: it is udev's, or its program's.
 */
static void name_map(char *path, size_t size)
{
	dev_t dev = sysblock_of_mount(0, path);
	char name[32], file[80], map[200], mapper[220];
	struct stat st;

	if (!dev || sysblock_name(dev, name, sizeof(name)) < 0)
		return;
	text_fmt(file, sizeof(file), "/sys/class/block/%s/dm/name", name);
	if (read_text(file, map, sizeof(map)) <= 0)
		return;
	map[strcspn(map, "\n")] = '\0';
	text_fmt(mapper, sizeof(mapper), "/dev/mapper/%s", map);
	if (stat(mapper, &st) == 0 && S_ISBLK(st.st_mode) && st.st_rdev == dev)
		text_fmt(path, size, "%s", mapper);
	else
		text_fmt(path, size, "/dev/%s", name);
}

/* "UUID=..." as a device's path. */
static int resolve(const struct op *op, char *buf, size_t size, struct error *err)
{
	int r = 0;

	if (!strncmp(op->src, "UUID=", 5))
		r = device_by_uuid(op->src + 5, buf, size, err);
	else
		text_fmt(buf, size, "%s", op->src);
	if (r == 0 && !strncmp(op->dst, CAREEN_OLDROOT, strlen(CAREEN_OLDROOT)))
		name_map(buf, size);
	return r;
}

/* Words that only mount(8) and systemd understand are dropped, as they do. */
static int split_options(const char *options, unsigned long *ret_flags, char **ret_data)
{
	char *vfs = NULL;
	unsigned long flags = 0;
	int r;

	*ret_data = NULL;
	*ret_flags = 0;
	if (!options || !*options)
		return 0;
	r = mnt_split_optstr(options, NULL, &vfs, ret_data, 0, 0);
	if (r == 0 && vfs)
		r = mnt_optstr_get_flags(vfs, &flags, mnt_get_builtin_optmap(MNT_LINUX_MAP));
	free(vfs);
	*ret_flags = flags;
	return r;
}

static const char *hint_for(int code, const struct op *op)
{
	switch (code) {
	case -EBUSY:
		return "It is in use elsewhere: see the Devices view.";
	case -ENODEV:
		return "This kernel has no such file system, and its module was not found.";
	case -EINVAL:
	case -EUCLEAN:
	case -EIO:
		return op->dev.dev ? "The file system may be damaged: check it in Repair, then retry." :
				     "Look at: dmesg";
	default:
		return "Look at: dmesg";
	}
}

static int mount_child(void *arg, struct error *err)
{
	const struct op *op = arg;
	char src[300], *data = NULL;
	unsigned long flags;
	int r = resolve(op, src, sizeof(src), err);

	if (!r && op->dev.dev)
		r = device_identity(src, &op->dev, err);
	if (r < 0)
		return r;
	r = split_options(op->options, &flags, &data);
	if (r < 0) {
		r = error_set(err, r, "mount", op->options, "these options cannot be read", NULL);
		goto out;
	}
	if (!strncmp(op->dst, CAREEN_RUN "/", strlen(CAREEN_RUN "/")) && mkdir(op->dst, 0700) < 0 &&
	    errno != EEXIST) {
		r = error_set(err, errno, "make", op->dst, NULL, NULL);
		goto out;
	}
	r = sys->mount(src, op->dst, op->fstype, flags, data);
	if (r < 0)
		r = error_set(err, r, "mount", op->dst, NULL, "%s", hint_for(r, op));
out:
	free(data);
	return r;
}

/* 1: what is wanted is mounted already; -EBUSY: something else is. */
static int mounted_already(const struct op *op, struct error *err)
{
	const struct mount *m;
	struct mounts ms;
	int r = own_mounts(&ms, err);

	if (r < 0)
		return r;
	m = mount_on(&ms, op->dst);
	if (m && (op->dev.dev ? m->dev == op->dev.dev : !strcmp(m->fstype, op->fstype)))
		r = 1;
	else if (m)
		r = error_set(err, EBUSY, "mount", op->dst, "something else is mounted there",
			      "Make the plan again.");
	mounts_free(&ms);
	return r;
}

int op_mount(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	int r = mounted_already(op, err);

	if (r == 1)
		ctx_note(ctx, "%s is mounted already", op->dst);
	if (r != 0)
		return r < 0 ? r : 0;
	/* a file system that is mounted writes */
	journal_touch();
	return run_with_deadline(op->deadline_s, mount_child, (void *)op, err);
}
