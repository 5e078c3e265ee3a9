/* snapshot.c - all parts of what is, at one moment */
#include "model/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "model/host.h"
#include "model/jobbrief.h"
#include "model/oldroot.h"
#include "model/snapshot_internal.h"
#include "model/stack.h"
#include "model/swaps.h"
#include "model/unfinished.h"
#include "paths.h"

static int take_mounts(struct snapshot *s, struct error *err)
{
	return mounts_read(&s->mounts, err);
}

static int take_old(struct snapshot *s, struct error *err)
{
	int code = old_root_read(&s->old, &s->mounts, CAREEN_RECORD);

	unfinished_read(&s->unfinished, CAREEN_RECIPE);

	if (!code)
		code = swaps_read(&s->swap, &s->nswap);
	return code < 0 ? error_set(err, code, "look at the old root", "", NULL, NULL) : 0;
}

static int take_holders(struct snapshot *s, struct error *err)
{
	return holders_read(&s->holders, &s->mounts, s->old.devs, s->old.ndevs, err);
}

static int take_devices(struct snapshot *s, struct error *err)
{
	return blockdevs_read(&s->devs, &s->mounts, s->old.devs, s->old.ndevs, err);
}

static int take_programs(struct snapshot *s, struct error *err)
{
	int code = programs_read(&s->programs);

	return code < 0 ? error_set(err, code, "look for programs", "", NULL, NULL) : 0;
}

static int take_init(struct snapshot *s, struct error *err)
{
	return init_read(&s->init, err);
}

static int take_network(struct snapshot *s, struct error *err)
{
	return network_read(&s->net, s->lifeline.port, err);
}

static int take_lifeline(struct snapshot *s, struct error *err)
{
	return lifeline_read(&s->lifeline, err);
}

/* In this order: the later need the earlier. bits 0: always taken. */
static const struct {
	unsigned bits;
	int (*take)(struct snapshot *s, struct error *err);
} takers[] = {
	{ 0, take_mounts },
	{ 0, take_old },
	{ SNAP_HOLDERS, take_holders },
	{ SNAP_DEVICES, take_devices },
	{ SNAP_DEVICES, take_programs },
	{ 0, take_init },
	{ SNAP_LIFELINE, take_lifeline },
	{ SNAP_NETWORK, take_network },
};

static const struct holder *holder_of_dev(const struct holders *hs, dev_t dev)
{
	const struct holder *found = NULL;
	size_t i;

	for (i = 0; i < hs->n; i++)
		if (hs->row[i].dev == dev && (!found || hs->row[i].holds & HOLD_DEV))
			found = &hs->row[i];
	return found;
}

/* A device that somebody has open, told apart from one that is just busy. */
static int name_user(struct snapshot *s, size_t i)
{
	struct blockdev *d = &s->devs.row[i];
	const struct holder *h = holder_of_dev(&s->holders, d->dev);

	if (*d->used_by)
		return 0;
	if (h && h->pid) {
		free(d->used_by);
		d->used_by = text_dup("pid %d", h->pid);
		return d->used_by ? 0 : -ENOMEM;
	}
	if (h || !d->busy_open || !d->old_root || blockdevs_child_busy(&s->devs, i))
		return 0;
	return holders_add_unseen(&s->holders, d->name, d->dev);
}

int snapshot_name_users(struct snapshot *s)
{
	size_t i;
	int code = 0;

	for (i = 0; i < s->devs.n && !code; i++)
		code = name_user(s, i);
	return code;
}

/* What only the parts together tell. */
static int combine(struct snapshot *s, struct error *err)
{
	int code = 0;

	if (s->parts & SNAP_DEVICES) {
		old_root_uuid(&s->old, &s->mounts, &s->devs);
		stack_fill(&s->old, &s->devs);
	}
	if ((s->parts & (SNAP_HOLDERS | SNAP_DEVICES)) == (SNAP_HOLDERS | SNAP_DEVICES))
		code = snapshot_name_users(s);
	if (s->parts & SNAP_RESCUE)
		weight_read(&s->weight);
	return code < 0 ? error_set(err, code, "take a snapshot", "", NULL, NULL) : 0;
}

int snapshot_take(unsigned parts, struct snapshot **ret, struct error *err)
{
	struct snapshot *s = calloc(1, sizeof(*s));
	struct timespec now;
	size_t i;
	int code = 0;

	if (!s)
		return error_set(err, -ENOMEM, "take a snapshot", "", NULL, NULL);
	clock_gettime(CLOCK_MONOTONIC, &now);
	s->taken_ms = now.tv_sec * 1000LL + now.tv_nsec / 1000000;
	s->parts = (parts & SNAP_ALL) | SNAP_MOUNTS | SNAP_INIT;
	host_read(&s->host);
	job_brief_read(CAREEN_JOBS, &s->job);
	vault_read(&s->vault);
	settings_read(&s->settings);
	deadman_read(&s->deadman);
	for (i = 0; i < sizeof(takers) / sizeof(takers[0]) && !code; i++)
		if (!takers[i].bits || (s->parts & takers[i].bits))
			code = takers[i].take(s, err);
	if (!code)
		code = combine(s, err);
	if (code < 0) {
		snapshot_free(s);
		return code;
	}
	*ret = s;
	return 0;
}

void snapshot_free(struct snapshot *s)
{
	if (!s)
		return;
	old_root_free(&s->old);
	mounts_free(&s->mounts);
	holders_free(&s->holders);
	blockdevs_free(&s->devs);
	programs_free(&s->programs);
	network_free(&s->net);
	vault_free(&s->vault);
	free(s->swap);
	free(s);
}

bool snapshot_detached(const struct snapshot *s)
{
	return s->init.kind == INIT_STUB && s->init.in_rescue && !snapshot_around(s);
}

bool snapshot_around(const struct snapshot *s)
{
	return s->mounts.around[0];
}

static bool is_old_dev(const struct snapshot *s, const struct mount *m)
{
	const struct blockdev *d = blockdevs_find(&s->devs, m->source);
	const struct old_root *old = &s->old;
	unsigned i;

	/* By its source, too: btrfs has a device number of its own. */
	for (i = 0; i < old->ndevs; i++)
		if (old->devs[i] == m->dev || (d && old->devs[i] == d->dev))
			return true;
	return false;
}

static bool lies_at(const struct mount *m, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(m->target, dir, len) && (!m->target[len] || m->target[len] == '/');
}

bool repair_has_mounted(const struct mount *m)
{
	return lies_at(m, CAREEN_MNT) || lies_at(m, CAREEN_SAVE);
}

bool snapshot_unmounted(const struct snapshot *s)
{
	size_t i;

	if (!snapshot_detached(s))
		return false;
	for (i = 0; i < s->mounts.n; i++)
		if (!repair_has_mounted(&s->mounts.row[i]) &&
		    (s->mounts.row[i].old || is_old_dev(s, &s->mounts.row[i])))
			return false;
	return true;
}
