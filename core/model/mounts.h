/* mounts.h - the mounts of every mount namespace, as the kernel lists them */
#ifndef CAREEN_MOUNTS_H
#define CAREEN_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

struct mount {
	int id, parent;		/* mountinfo(5): unique at one moment, reused later */
	uint64_t unique_id;	/* STATX_MNT_ID_UNIQUE (6.8 on), 0 if unknown */
	dev_t dev;		/* the superblock's s_dev */
	uint64_t ns;		/* inode of its mount namespace */
	char *root;		/* which part of the file system is mounted */
	char *target;		/* mount point as the kernel says it from our root */
	char *fstype, *source;
	char *vfs_options, *fs_options;
	char *propagation;	/* "shared:1", "master:2", ... or "" */
	char *text;		/* its mountinfo line, which the strings above point into */
	int depth;		/* below the top of its tree, for drawing */
	int skip;		/* bytes of target before the old root's own "/": see
				   mount_path() */
	bool old;		/* belongs to the old root's tree (our namespace) */
	bool pseudo;		/* no block device behind it (proc, sysfs, tmpfs, ...) */
	bool net;		/* network or FUSE: may hang */
};

struct mounts {
	struct mount *row;	/* each namespace's rows together, ours first; in a
				   namespace parents before children (tree order) */
	size_t n;
	size_t n_own;		/* how many of them are our own namespace's */
	uint64_t own_ns;
	char around[32];	/* "" or, while the old root still lies around the tree
				   that we are in, a path to it: mounts_reach() */
	bool incomplete;	/* some namespace could not be read: why in note */
	char note[160];
};

/*
 * Path of a mount of the old root as the operator knows it: "/" and
 * "/var/lib" both before the detach (stacked over rootfs's /) and after it
 * (below /oldroot). Points into the row.
 */
const char *mount_path(const struct mount *m);

/*
 * Is @m out of reach below @over? Both lie on the same mount, and a mount point
 * inside of another one's was there first (`ip netns add` makes such ones).
 */
bool mount_hides(const struct mount *over, const struct mount *m);
/* It has a server and no disk of this machine (as fuseblk and ocfs2 have). */
bool mount_is_remote(const struct mount *m);
/* The mount and its file system's options as one mount(8) -o text. */
void mount_options(const struct mount *m, char *buf, size_t size);
/* The old root's topmost mount on @path, as the operator knows it; NULL if none. */
const struct mount *mounts_old_on(const struct mounts *ms, const char *path);

const struct mount *mounts_by_id(const struct mounts *ms, int id);
/*
 * What to put before a path of the old root, as the kernel writes one that it
 * cannot show from our root (in /proc/swaps, of a loop device): "/.." crosses
 * to what is stacked on ours, and is "/" where nothing is.
 */
const char *mounts_reach(const struct mounts *ms);
/* The old root's top mount in our namespace, or NULL when it is off. */
const struct mount *mounts_old_top(const struct mounts *ms);

/*
 * Parse one mountinfo text into rows appended to @ms, in tree order. @ns is
 * the namespace's inode; the first one parsed is our own, and only there is
 * ->old decided. Lines that begin with '#' are passed over. Returns 0, -EINVAL
 * on a line it cannot read (@ms is then unchanged), -ENOMEM.
 */
int mounts_parse(struct mounts *ms, const char *text, uint64_t ns, struct error *err);
/* All namespaces reachable through /proc/PID/ns/mnt. Nothing is kept open. */
int mounts_read(struct mounts *ms, struct error *err);
void mounts_free(struct mounts *ms);

#endif
