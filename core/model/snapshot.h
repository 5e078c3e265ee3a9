/*
 * snapshot.h - what is, at one moment
 *
 * A snapshot is immutable once taken and owns all its rows: whoever shows or
 * plans from it keeps ids across refreshes, never pointers.
 */
#ifndef CAREEN_SNAPSHOT_H
#define CAREEN_SNAPSHOT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "model/blockdevs.h"
#include "model/deadman.h"
#include "model/holders.h"
#include "model/init.h"
#include "model/lifeline.h"
#include "model/mounts.h"
#include "model/network.h"
#include "model/programs.h"
#include "model/settings.h"
#include "model/vault.h"
#include "model/weight.h"

/* Where does this process live? */
enum place {
	PLACE_RESCUE,		/* in the rescue: everything can be done */
	PLACE_NORMAL,		/* in the real system, and a rescue is alive beside it */
	PLACE_UNPREPARED,	/* in a real system booted without our initramfs */
	PLACE_CONTAINER,	/* not in the initial pid namespace: refused */
};

struct host {
	char name[65], os[96], kernel[65], boot_id[37];
	uint64_t uptime_s;
	uint64_t mem_total, mem_available, swap_total, swap_used;	/* bytes */
	enum place place;
	bool root;		/* effective uid 0 */
	bool entered;		/* a tree of `careen enter` is there; the rescue, if any,
				   lives in it */
	bool previous;		/* booted with the image that was kept: the new one has not come up */
};

struct swap {
	char path[PATH_MAX];	/* as the operator knows it; may be below the old root */
	char type[12];		/* "partition" "file" */
	uint64_t size, used;	/* bytes */
};

/* The latest job, as its files say (run/job.h reads them). */
struct job_brief {
	char id[16];		/* "" if there never was one */
	char step[16];
	bool running;
};

/* What has to be opened, in this order, before the old root can be mounted. */
struct layer {
	char type[12];		/* "md" "crypt" "lvm"; "dm" "mpath": not ours to open */
	char name[128];		/* "md0", the container's name, the volume group's [DM_NAME_LEN] */
	char id[64];		/* UUID of the array or LUKS container; "" for the others */
};

/* What the old root was at detach, from /run/careen/oldroot.mountinfo. */
struct old_root {
	bool known;
	struct mounts mounts;	/* rows all ->old; targets as they were below / */
	char source[256];	/* device of "/": "/dev/vda1" */
	char fstype[32], options[4096];	/* mount(8) -o text; mount(2) takes no more than a page */
	char uuid[64];		/* of that file system, then; "" unknown */
	char usr_uuid[64];	/* the same of /usr, if that is one of its own */
	char init[256];		/* what PID 1 executed: "/usr/lib/systemd/systemd" */
	uint64_t uevents;	/* /sys/kernel/uevent_seqnum at detach, 0 unknown */
	dev_t devs[512];	/* block devices below it: partitions and their disks */
	unsigned ndevs;
	struct layer layer[128];	/* between its disks and its file systems, lowest first */
	unsigned nlayers;
	char fstab[128][64];	/* UUIDs of the file systems that its fstab names */
	unsigned nfstab;
	bool written;		/* the journal says a disk has been written to, or the kernel
				   does: by hand */
	bool ifstate;		/* ifupdown had configured interfaces for good */
};

/* A repair of several operations that has begun and not ended, from /run/careen/recipe. */
struct unfinished {
	char tool[32];		/* "" if there is none */
	dev_t dev;
	uint64_t diskseq;	/* 0 unknown */
	char uuid[64], label[256], fstype[16];	/* of the device when it began */
	char answer[10][840];	/* "key=value", as many as a tool asks; of wipe-all, 15 disks */
	unsigned nanswers;
	unsigned done;		/* bit N: operation number N is done */
};

enum {
	SNAP_MOUNTS = 1, SNAP_HOLDERS = 2, SNAP_DEVICES = 4, SNAP_INIT = 8,
	SNAP_NETWORK = 16, SNAP_LIFELINE = 32,
	SNAP_RESCUE = 64,	/* weight: it walks the whole rescue */
	SNAP_ALL = 127,
	SNAP_PLAN = SNAP_ALL & ~SNAP_RESCUE,	/* all that a plan or a screen asks for */
};

struct snapshot {
	unsigned parts;		/* SNAP_* that are filled in; host and old always are */
	struct host host;
	struct old_root old;
	struct unfinished unfinished;
	struct mounts mounts;
	struct holders holders;
	struct blockdevs devs;
	struct programs programs;	/* with SNAP_DEVICES */
	struct init init;
	struct network net;
	struct lifeline lifeline;
	struct weight weight;
	struct swap *swap;
	unsigned nswap;
	struct job_brief job;
	struct vault vault;
	struct settings settings;
	struct deadman deadman;
	int64_t taken_ms;	/* CLOCK_MONOTONIC, milliseconds */
};

/*
 * Take a snapshot of @parts (SNAP_HOLDERS and SNAP_DEVICES need SNAP_MOUNTS,
 * which is then taken too). 0 or -errno; a part that fails leaves *ret
 * untouched. snapshot_free(NULL) is fine.
 */
int snapshot_take(unsigned parts, struct snapshot **ret, struct error *err);
void snapshot_free(struct snapshot *s);

/* PID 1 is our stub, its root is the rescue, and the old root is not around that. */
bool snapshot_detached(const struct snapshot *s);
/* We are in a tree of `careen enter`, and the old root is still around it. */
bool snapshot_around(const struct snapshot *s);
/* Has a repair of several operations, that may have failed, mounted @m? */
bool repair_has_mounted(const struct mount *m);
/*
 * The old root is off: detached and no mount of it left in any namespace, but those that a
 * repair needs.
 */
bool snapshot_unmounted(const struct snapshot *s);

/* Does more lie below the old root than @old has room for? Then not all of it is known. */
bool old_root_full(const struct old_root *old);

/* Everything, as JSON (careen status --json). */
void snapshot_json(const struct snapshot *s, FILE *out);

#endif
