/*
 * mounts_unique.c - the unique ids of our own namespace's mounts
 *
 * mountinfo's ids are used again; these never are. listmount(2) and
 * statmount(2) (6.8 on) tell both for each mount, without walking its path,
 * which could hang or, with two trees on "/", lead to the other one. Kernels
 * and C libraries before them have neither: all ids are then 0, unknown.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "model/mounts_internal.h"

/* The same number on every architecture: they are newer than the common table. */
#ifndef SYS_statmount
#define SYS_statmount 457
#define SYS_listmount 458
#endif

/* include/uapi/linux/mount.h, first versions; the kernel goes by their size. */
struct id_req {
	uint32_t size, spare;
	uint64_t mnt_id, param;
};

struct basic {
	uint32_t size, opts;
	uint64_t mask;
	uint32_t sb_dev_major, sb_dev_minor;
	uint64_t sb_magic;
	uint32_t sb_flags, fs_type;
	uint64_t mnt_id, mnt_parent_id;
	uint32_t mnt_id_old, mnt_parent_id_old;
	char rest[512];
};

#define WANT_BASIC 0x2ULL		/* STATMOUNT_MNT_BASIC */
#define FROM_ROOT (~0ULL)		/* LSMT_ROOT */

struct pair {
	int id;
	uint64_t unique;
};

static int compare_pair(const void *a, const void *b)
{
	int x = ((const struct pair *)a)->id, y = ((const struct pair *)b)->id;

	return x < y ? -1 : x > y;
}

static bool read_pair(uint64_t unique, struct pair *ret)
{
	struct id_req req = { .size = sizeof(req), .mnt_id = unique, .param = WANT_BASIC };
	struct basic st;

	if (syscall(SYS_statmount, &req, &st, sizeof(st), 0) < 0 || !(st.mask & WANT_BASIC))
		return false;
	*ret = (struct pair){ st.mnt_id_old, unique };
	return true;
}

/* At most @max pairs, sorted by id. */
static size_t read_pairs(struct pair *pair, size_t max)
{
	struct id_req req = { .size = sizeof(req), .mnt_id = FROM_ROOT };
	uint64_t id[256];
	size_t n = 0;
	long got, i;

	do {
		got = syscall(SYS_listmount, &req, id, 256UL, 0);
		for (i = 0; i < got && n < max; i++)
			n += read_pair(id[i], &pair[n]);
		req.param = got > 0 ? id[got - 1] : 0;
	} while (got == 256 && n < max);
	if (n)
		qsort(pair, n, sizeof(*pair), compare_pair);
	return n;
}

void mounts_fill_unique(struct mount *row, size_t n)
{
	size_t i, max = n + 64, found;
	struct pair *pair = calloc(max, sizeof(*pair)), *hit, want = { 0 };

	found = pair ? read_pairs(pair, max) : 0;
	for (i = 0; i < n && found; i++) {
		want.id = row[i].id;
		hit = bsearch(&want, pair, found, sizeof(*pair), compare_pair);
		row[i].unique_id = hit ? hit->unique : 0;
	}
	free(pair);
}
