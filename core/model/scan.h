/* scan.h - what one process refers to, told against the table of mounts */
#ifndef CAREEN_SCAN_H
#define CAREEN_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/mounts.h"
#include "model/procfile.h"

/* What counts as held, prepared once for all processes. */
struct scan {
	struct scan_id { int id; bool held; } *id;	/* by id */
	size_t nid;
	dev_t *disk;		/* superblocks with a disk or server, that are held */
	size_t ndisk;
	dev_t *pseudo;		/* superblocks without one, that have a held mount:
				   here only the mount's id can tell */
	size_t npseudo;
	const dev_t *devs;	/* block devices that are held */
	size_t ndevs;
	struct scan_ns { uint64_t ns; bool held; } *ns;	/* in which a disk above is mounted */
	size_t nns;
	uint64_t own_ns;
	dev_t nsfs, sockfs, anon;	/* st_dev of the kernel's own file systems */
	struct unix_sockets *socks;
	const char *reach;	/* mounts_reach() */
	size_t strip;		/* bytes of "/oldroot" to leave out in texts */
};

/* What was found out about one process. */
struct found {
	struct proc_stat st;
	unsigned holds;		/* HOLD_* of holders.h */
	unsigned nfd;
	bool socks_known;	/* the sockets of its network namespace have been read */
	dev_t dev;
	char what[256];		/* one thing that it holds */
	int rank;		/* how telling what is */
};

/*
 * @any_disk: hold everything that has a disk or server behind it, of the old
 * root or not (for "wholly in RAM").
 */
int scan_init(struct scan *sc, const struct mounts *ms, const dev_t *devs,
	      size_t ndevs, bool any_disk);
void scan_free(struct scan *sc);
/* @m holds something held: so does whatever is on it. */
void scan_hold_mount(struct scan *sc, const struct mount *m);

/* 0, or -ESRCH when it is gone, a zombie or a kernel thread. */
int scan_process(const struct scan *sc, pid_t pid, struct found *ret);

/* Is @dev one of the held superblocks that have a disk? */
bool scan_holds_disk(const struct scan *sc, dev_t dev);
bool scan_holds_dev(const struct scan *sc, dev_t rdev);
/* Does @path lie on something held? 1, 0, -errno if it cannot be looked at. */
int scan_path(const struct scan *sc, const char *path);
/* @path without the "/oldroot" that it has once the old root was moved. */
const char *scan_strip(const struct scan *sc, const char *path);

#endif
