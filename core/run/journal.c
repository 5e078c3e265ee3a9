/*
 * journal.c - the few things the kernel cannot tell once the disk is off
 *
 * oldroot.mountinfo has the old root's lines of mountinfo(5) and, after "# ",
 * a key and a value a line: source, fstype, options, uuid, usr-uuid, init, uevents,
 * layer (more than one, lowest first: "lvm - vg0"), dev (more than one: "254:1
 * /dev/vda1"), fstab (more than one: the UUID of a file system that it names). What is
 * text has text_escape()'s escapes: it may have a newline in it.
 * core/model/oldroot.c reads it.
 */
#include "run/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/text.h"
#include "model/writes.h"
#include "paths.h"
#include "run/exec.h"
#include "run/ifstate.h"

/* mountinfo's own escapes, so that a path with a blank stays one field. */
static void put_octal(FILE *out, const char *s)
{
	for (; *s; s++)
		if (strchr(" \t\n\\", *s))
			fprintf(out, "\\%03o", (unsigned char)*s);
		else
			fputc(*s, out);
}

/* One mount, its target as the operator knows it, before or after the move. */
static void put_mount(FILE *out, const struct mount *m)
{
	fprintf(out, "%d %d %u:%u ", m->id, m->parent, major(m->dev), minor(m->dev));
	put_octal(out, m->root);
	fputc(' ', out);
	put_octal(out, mount_path(m));
	fprintf(out, " %s%s%s - ", m->vfs_options, *m->propagation ? " " : "", m->propagation);
	put_octal(out, m->fstype);
	fputc(' ', out);
	put_octal(out, m->source);
	fputc(' ', out);
	put_octal(out, m->fs_options);
	fputc('\n', out);
}

/* The device that an fstab(5) line names, if there is one; udev's links find most of them. */
static const struct blockdev *find_spec(const struct blockdevs *bs, const char *spec)
{
	static const struct { const char *tag, *dir; } links[] = {
		{ "UUID=", "/dev/disk/by-uuid/" }, { "PARTUUID=", "/dev/disk/by-partuuid/" },
		{ "PARTLABEL=", "/dev/disk/by-partlabel/" }, { "/dev/", "/dev/" },
	};
	const char *label = !strncmp(spec, "LABEL=", 6) ? spec + 6 : NULL;
	char path[300];
	struct stat st;
	size_t i, len;

	for (i = 0; label && i < bs->n; i++)
		if (!strcmp(bs->row[i].label, label))
			return &bs->row[i];
	for (i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		len = strlen(links[i].tag);
		if (strncmp(spec, links[i].tag, len))
			continue;
		text_fmt(path, sizeof(path), "%s%s", links[i].dir, spec + len);
		if (stat(path, &st) == 0 && S_ISBLK(st.st_mode))
			return blockdevs_by_number(bs, st.st_rdev);
	}
	return NULL;
}

static void put_key(FILE *out, const char *key, const char *value)
{
	fprintf(out, "# %s ", key);
	text_escape(out, value);
	fputc('\n', out);
}

/* Mounted or not: what is not there now is left out. */
static void put_fstab(FILE *out, const struct snapshot *s)
{
	const struct blockdev *b;
	const struct mntent *m;
	char path[300];
	FILE *in = setmntent(text_fmt(path, sizeof(path), "%s/etc/fstab", mounts_reach(&s->mounts)), "re");

	while (in && (m = getmntent(in))) {
		b = find_spec(&s->devs, m->mnt_fsname);
		if (b && *b->uuid)
			put_key(out, "fstab", b->uuid);
	}
	if (in)
		endmntent(in);
}

/* What the model says of the old root now, in words that it reads back. */
static void put_record(FILE *out, const struct snapshot *s)
{
	const struct old_root *old = &s->old;
	const struct blockdev *b;
	char seqnum[32];
	size_t i;

	for (i = 0; i < s->mounts.n; i++)
		if (s->mounts.row[i].old)
			put_mount(out, &s->mounts.row[i]);
	put_key(out, "source", old->source);
	put_key(out, "fstype", old->fstype);
	put_key(out, "options", old->options);
	if (*old->uuid)
		put_key(out, "uuid", old->uuid);
	if (*old->usr_uuid)
		put_key(out, "usr-uuid", old->usr_uuid);
	put_key(out, "init", s->init.kind == INIT_STUB ? s->init.boot : s->init.exe);
	if (read_text("/sys/kernel/uevent_seqnum", seqnum, sizeof(seqnum)) > 0)
		fprintf(out, "# uevents %s", seqnum);	/* has its newline */
	for (i = 0; i < old->nlayers; i++) {
		fprintf(out, "# layer %s %s ", old->layer[i].type, *old->layer[i].id ? old->layer[i].id : "-");
		text_escape(out, old->layer[i].name);
		fputc('\n', out);
	}
	for (i = 0; i < old->ndevs; i++) {
		b = blockdevs_by_number(&s->devs, old->devs[i]);
		fprintf(out, "# dev %u:%u %s\n", major(old->devs[i]), minor(old->devs[i]),
			b ? b->path : "?");
	}
	put_fstab(out, s);
}

static int write_record(const struct snapshot *s, struct error *err)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out;
	int r;

	if (!mounts_old_top(&s->mounts))
		return error_set(err, ENOENT, "record", "the old root", "it is not mounted",
				 "Make the plan again.");
	out = open_memstream(&text, &len);
	if (!out)
		return error_set(err, ENOMEM, "record", "the old root", NULL, NULL);
	put_record(out, s);
	r = fclose(out) == 0 ? write_whole(CAREEN_RECORD, text, len) : -ENOMEM;
	free(text);
	if (r < 0)
		return error_set(err, r, "write", CAREEN_RECORD, NULL,
				 "Is there room in %s? Remove old jobs.", CAREEN_RUN);
	return 0;
}

int journal_record(struct error *err)
{
	struct snapshot *s = NULL;
	int r = snapshot_take(SNAP_MOUNTS | SNAP_DEVICES | SNAP_INIT, &s, err);

	if (r < 0)
		return r;
	/* a new trip: what the last one has not given an end stays as it is */
	if (access(CAREEN_RECORD, F_OK) < 0)
		unlink(net_lifetimes);
	/* PID 1 is in RAM already: what was recorded before that knows its init */
	if (s->init.kind != INIT_STUB || access(CAREEN_RECORD, F_OK) < 0)
		r = write_record(s, err);
	snapshot_free(s);
	return r;
}

int journal_written(const char *device, struct error *err)
{
	char line[256];
	ssize_t n;
	int fd, r = 0;

	text_clean(line, sizeof(line) - 1, device);
	strcat(line, "\n");
	fd = open(CAREEN_WRITTEN, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_set(err, errno, "write", CAREEN_WRITTEN, NULL,
				 "Nothing was written to %s.", device);
	n = write(fd, line, strlen(line));
	if (n != (ssize_t)strlen(line) || fsync(fd) < 0)
		r = error_set(err, n < 0 ? errno : ENOSPC, "write", CAREEN_WRITTEN, NULL,
			      "Nothing was written to %s.", device);
	close(fd);
	return r;
}

int journal_remember(const char *text, struct error *err)
{
	int r = write_whole(CAREEN_RECIPE, text, strlen(text));

	return r < 0 ? error_set(err, r, "write", CAREEN_RECIPE, NULL, "Nothing was changed.") : 0;
}

/* One line a disk: a later proof does not forgive what was written after the first. */
int journal_untouched(dev_t dev, struct error *err)
{
	char line[80], *old = read_whole(CAREEN_UNTOUCHED);
	bool known = false;
	dev_t disk;
	int64_t count = device_writes(dev, &disk);
	const char *at;
	int fd = -1, r = 0;

	text_fmt(line, sizeof(line), "%u:%u ", major(disk), minor(disk));
	for (at = old; at && !known; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
		known = !strncmp(at, line, strlen(line));
	free(old);
	if (count < 0 || known)
		return 0;
	fd = open(CAREEN_UNTOUCHED, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || dprintf(fd, "%u:%u %lld\n", major(disk), minor(disk), (long long)count) < 0)
		r = error_set(err, errno, "write", CAREEN_UNTOUCHED, NULL, "Is there room in %s?", CAREEN_RUN);
	if (fd >= 0)
		close(fd);
	return r;
}

void journal_touch(void)
{
	unlink(CAREEN_UNTOUCHED);
}

/* The last line of a key counts. */
int journal_retarget(const char *source, const char *disk, struct error *err)
{
	struct stat st, whole;
	FILE *out = NULL;
	int fd, r = 0;

	if (stat(source, &st) < 0 || stat(disk, &whole) < 0)
		return error_set(err, errno, "find", source, NULL,
				 "Has the kernel read the partition table? partx -u %s, then make the plan again.",
				 disk);
	fd = open(CAREEN_RECORD, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	out = fd >= 0 ? fdopen(fd, "a") : NULL;
	if (out) {
		put_key(out, "source", source);
		fprintf(out, "# dev %u:%u %s\n# dev %u:%u %s\n", major(st.st_rdev), minor(st.st_rdev),
			source, major(whole.st_rdev), minor(whole.st_rdev), disk);
	} else if (fd >= 0) {
		close(fd);
	}
	if (!out || fclose(out) == EOF)
		r = error_set(err, errno, "write", CAREEN_RECORD, NULL, "Make the plan again.");
	return r;
}

int journal_done(unsigned n, struct error *err)
{
	int fd = open(CAREEN_RECIPE, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW), r = 0;

	if (fd < 0 || dprintf(fd, "done %u\n", n) < 0)
		r = error_set(err, errno, "write", CAREEN_RECIPE, NULL,
			      "It is done, but a plan made anew would do it again.");
	if (fd >= 0)
		close(fd);
	return r;
}

int journal_forget(struct error *err)
{
	return unlink(CAREEN_RECIPE) < 0 && errno != ENOENT ?
	       error_set(err, errno, "remove", CAREEN_RECIPE, NULL, NULL) : 0;
}

int journal_clear(struct error *err)
{
	static const char *const paths[] = { CAREEN_RECORD, CAREEN_WRITTEN, CAREEN_RECIPE, CAREEN_UNTOUCHED };
	size_t i;
	int r = 0;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (unlink(paths[i]) < 0 && errno != ENOENT)
			r = error_set(err, errno, "remove", paths[i], NULL, NULL);
	ifstate_clear();
	return r;
}
