/*
 * scan.c - one reference, told against the table of mounts
 *
 * References are told by the mount's id (statx's STATX_MNT_ID) as the pseudo
 * file systems of the rescue share superblocks with the old root's: the same
 * st_dev means nothing there. An id that is in no table (a lazily detached
 * mount, one made a moment ago, one of the kernel's own) is told by st_dev.
 *
 * Nothing here opens what a process has open: one statx(2) each, that asks no
 * server (AT_STATX_DONT_SYNC) and mounts nothing (AT_NO_AUTOMOUNT).
 */
#include "model/scan_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "model/unix_sockets.h"
#include "paths.h"

static bool has_dev(const dev_t *list, size_t n, dev_t dev)
{
	while (n--)
		if (list[n] == dev)
			return true;
	return false;
}

bool scan_holds_disk(const struct scan *sc, dev_t dev)
{
	return has_dev(sc->disk, sc->ndisk, dev);
}

bool scan_is_pseudo(const struct scan *sc, dev_t dev)
{
	return has_dev(sc->pseudo, sc->npseudo, dev);
}

bool scan_holds_dev(const struct scan *sc, dev_t rdev)
{
	return has_dev(sc->devs, sc->ndevs, rdev);
}

const char *scan_strip(const struct scan *sc, const char *path)
{
	if (!sc->strip || strncmp(path, CAREEN_OLDROOT, sc->strip))
		return path;
	if (path[sc->strip] == '/')
		return path + sc->strip;
	return path[sc->strip] ? path : "/";
}

static int compare_scan_id(const void *a, const void *b)
{
	int x = ((const struct scan_id *)a)->id, y = ((const struct scan_id *)b)->id;

	return x < y ? -1 : x > y;
}

int scan_id_held(const struct scan *sc, int id)
{
	struct scan_id key = { .id = id }, *row;

	row = bsearch(&key, sc->id, sc->nid, sizeof(*sc->id), compare_scan_id);
	return row ? row->held : -1;
}

static void add_dev(dev_t *list, size_t *n, dev_t dev)
{
	if (!has_dev(list, *n, dev))
		list[(*n)++] = dev;
}

static void fill_devs(struct scan *sc, const struct mounts *ms, bool any_disk)
{
	size_t i;

	for (i = 0; i < ms->n; i++) {
		const struct mount *m = &ms->row[i];

		if (!m->pseudo && (m->old || any_disk))
			add_dev(sc->disk, &sc->ndisk, m->dev);
		else if (m->pseudo && m->old)
			add_dev(sc->pseudo, &sc->npseudo, m->dev);
	}
	for (i = 0; i < sc->ndevs; i++)
		add_dev(sc->disk, &sc->ndisk, sc->devs[i]);
}

static struct scan_ns *find_ns(const struct scan *sc, uint64_t ns)
{
	size_t i;

	for (i = 0; i < sc->nns; i++)
		if (sc->ns[i].ns == ns)
			return &sc->ns[i];
	return NULL;
}

static void fill_ids(struct scan *sc, const struct mounts *ms)
{
	struct scan_ns *ns = NULL;
	size_t i;

	for (i = 0; i < ms->n; i++) {
		const struct mount *m = &ms->row[i];
		bool disk = scan_holds_disk(sc, m->dev);

		sc->id[sc->nid++] = (struct scan_id){ m->id, m->old || disk };
		if (!ns || ns->ns != m->ns)
			ns = find_ns(sc, m->ns);
		if (!ns) {
			ns = &sc->ns[sc->nns++];
			*ns = (struct scan_ns){ .ns = m->ns };
		}
		ns->held |= disk;
		if (m->old && m->skip)
			sc->strip = strlen(CAREEN_OLDROOT);
	}
	qsort(sc->id, sc->nid, sizeof(*sc->id), compare_scan_id);
}

static dev_t dev_of(int fd)
{
	struct stat st;
	dev_t dev = fd >= 0 && !fstat(fd, &st) ? st.st_dev : 0;

	if (fd >= 0)
		close(fd);
	return dev;
}

int scan_init(struct scan *sc, const struct mounts *ms, const dev_t *devs,
	      size_t ndevs, bool any_disk)
{
	*sc = (struct scan){ .devs = devs, .ndevs = ndevs, .own_ns = ms->own_ns,
			    .reach = mounts_reach(ms) };
	sc->id = calloc(ms->n + 1, sizeof(*sc->id));
	sc->disk = calloc(ms->n + ndevs + 1, sizeof(dev_t));
	sc->pseudo = calloc(ms->n + 1, sizeof(dev_t));
	sc->ns = calloc(ms->n + 1, sizeof(*sc->ns));
	sc->socks = calloc(1, sizeof(*sc->socks));
	if (!sc->id || !sc->disk || !sc->pseudo || !sc->ns || !sc->socks) {
		scan_free(sc);
		return -ENOMEM;
	}
	sc->nsfs = dev_of(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
	sc->sockfs = dev_of(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	sc->anon = dev_of(eventfd(0, EFD_CLOEXEC));
	fill_devs(sc, ms, any_disk);
	fill_ids(sc, ms);
	return 0;
}

void scan_hold_mount(struct scan *sc, const struct mount *m)
{
	struct scan_id key = { .id = m->id }, *row;
	struct scan_ns *ns = find_ns(sc, m->ns);

	add_dev(sc->disk, &sc->ndisk, m->dev);
	row = bsearch(&key, sc->id, sc->nid, sizeof(*sc->id), compare_scan_id);
	if (row)
		row->held = true;
	if (ns)
		ns->held = true;
}

void scan_free(struct scan *sc)
{
	free(sc->id);
	free(sc->disk);
	free(sc->pseudo);
	free(sc->ns);
	unix_sockets_free(sc->socks);
	*sc = (struct scan){ 0 };
}

enum verdict scan_tell_ns(const struct scan *sc, uint64_t ns)
{
	const struct scan_ns *row = find_ns(sc, ns);

	if (!row)
		return NEW_NAMESPACE;
	return row->held && ns != sc->own_ns ? NAMESPACE : FREE;
}

static enum verdict tell(const struct scan *sc, const struct statx *sx, struct ref *ret)
{
	dev_t dev = makedev(sx->stx_dev_major, sx->stx_dev_minor);
	dev_t rdev = makedev(sx->stx_rdev_major, sx->stx_rdev_minor);
	int held = sx->stx_mask & STATX_MNT_ID ? scan_id_held(sc, sx->stx_mnt_id) : -1;

	if (S_ISBLK(sx->stx_mode) && scan_holds_dev(sc, rdev)) {
		ret->dev = rdev;
		return DEVICE;
	}
	*ret = (struct ref){ dev, sx->stx_ino };
	if (held >= 0)
		return held ? HELD : FREE;
	if (dev == sc->sockfs)
		return SOCKET;
	if (dev == sc->anon)
		return ANONYMOUS;
	if (dev == sc->nsfs)
		return scan_tell_ns(sc, sx->stx_ino);
	return scan_holds_disk(sc, dev) ? HELD : FREE;
}

enum verdict scan_error(int code)
{
	return code == ENOENT || code == ESRCH ? GONE : UNKNOWN;
}

enum verdict scan_look(const struct scan *sc, int dirfd, const char *name, struct ref *ret)
{
	struct statx sx;

	if (statx(dirfd, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
		  STATX_TYPE | STATX_INO | STATX_MNT_ID, &sx) < 0)
		return scan_error(errno);
	return tell(sc, &sx, ret);
}

int scan_path(const struct scan *sc, const char *path)
{
	struct ref ref;
	enum verdict v = scan_look(sc, AT_FDCWD, path, &ref);

	if (v == UNKNOWN || v == GONE)
		return -errno;
	return v == HELD || v == DEVICE;
}
