/* blockdevs.h - disks, partitions, stacked devices and what is on them */
#ifndef CAREEN_BLOCKDEVS_H
#define CAREEN_BLOCKDEVS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;
struct mounts;

/* One entry of a partition table, as it is on the disk. */
struct table_part {
	unsigned number;
	uint64_t start, size;	/* bytes */
	char type[40], name[40];/* GPT: a GUID; DOS: "0x83" */
};

struct blockdev {
	dev_t dev;
	uint64_t diskseq;	/* sysfs diskseq of the whole disk (5.15 on), 0 unknown */
	uint64_t size;		/* bytes */
	char name[32];		/* "vda1" */
	char path[48];		/* "/dev/vda1" */
	char type[12];		/* disk part lvm crypt md loop rom ram zram */
	char transport[8];	/* of a disk that needs a program of user space: sysblock.h */
	char *model, *serial;	/* whole disk's; "" if it has none */
	char *fstype, *label, *uuid, *parttype;	/* from libblkid; "" if none */
	char *pttype;		/* of the partition table on it: "gpt" "dos"; "" if none */
	struct table_part *parts;
	size_t nparts;
	uint64_t start;		/* of a partition as the kernel has it, bytes */
	char *on;		/* what it lies on directly: "vda1 vdb1"; "" for a disk */
	char *used_by;		/* "/ /var", "swap", "vg0-root", "pid 712"; "" when free */
	int parent;		/* index into row of the first of ->on, -1 for a top one */
	int depth;
	bool readonly, removable;
	bool old_root;		/* carries (or carried, when detached) the old root */
	bool mounted;		/* in any namespace */
	bool swap, stacked;	/* active swap; has /sys/.../holders */
	bool busy_open;		/* O_EXCL open (read-only) says EBUSY */
	bool silent;		/* could not be looked at in time: what is on it is not known */
};

struct blockdevs {
	struct blockdev *row;	/* tree order: a disk, its partitions, what is on them */
	size_t n;
};

/*
 * @olddevs: the devices that carried the old root as the journal says, for
 * ->old_root after they are unmounted. O_EXCL opens are read-only.
 */
int blockdevs_read(struct blockdevs *bs, const struct mounts *ms,
		   const dev_t *olddevs, size_t nolddevs, struct error *err);
void blockdevs_free(struct blockdevs *bs);
/* Something on row @parent is in use, which is reason enough for it to be. */
bool blockdevs_child_busy(const struct blockdevs *bs, size_t parent);
const struct blockdev *blockdevs_by_number(const struct blockdevs *bs, dev_t dev);
/* By name ("vda1") or path ("/dev/vda1"); NULL if there is none. */
const struct blockdev *blockdevs_find(const struct blockdevs *bs, const char *name);
/*
 * As an operator names it: by a link of udev's, too ("/dev/vg0/root"). It is followed, so not for
 * words of the old system, whose file systems may not answer.
 */
const struct blockdev *blockdevs_named(const struct blockdevs *bs, const char *word);

#endif
