/* stack.c - the layers (md, LUKS, LVM) between a disk and the old root's file systems */
#include "model/stack.h"

#include <string.h>

#include "base/text.h"

/* A device can lie on the same one by two ways, but the kernel allows no ring. */
bool stack_lies_on(const struct blockdevs *bs, const struct blockdev *upper,
		   const struct blockdev *lower)
{
	size_t i;

	if (text_has_word(upper->on, lower->name))
		return true;
	for (i = 0; *upper->on && i < bs->n; i++)
		if (text_has_word(upper->on, bs->row[i].name) && stack_lies_on(bs, &bs->row[i], lower))
			return true;
	return false;
}

bool stack_is_on(const struct blockdevs *bs, const struct blockdev *upper,
		 const struct blockdev *lower)
{
	return upper == lower || stack_lies_on(bs, upper, lower);
}

const char *stack_dm_name(const struct blockdev *d)
{
	return strncmp(d->name, "dm-", 3) ? "" : d->model;
}

const char *stack_called(const struct blockdev *d)
{
	static const char typed[] = "abcdefghijklmnopqrstuvwxyz0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZ.+-";
	const char *name = stack_dm_name(d);

	return *name && strspn(name, typed) == strlen(name) ? name : d->name;
}

const char *stack_path(const struct blockdev *d, char *buf, size_t size)
{
	const char *name = stack_dm_name(d);

	return text_fmt(buf, size, "%s%s", *name ? "/dev/mapper/" : d->path, name);
}

/* "vg-LV", where a dash in either name is doubled [lvm2 build_dm_name()]. */
static void volume_group(const char *name, char *buf, size_t size)
{
	size_t n = 0;

	for (; *name && n + 1 < size; name++) {
		if (name[0] == '-' && name[1] != '-')
			break;
		buf[n++] = *name;
		name += *name == '-';
	}
	buf[n] = '\0';
}

/* The array's or container's own UUID stands in its member. */
static const char *member_uuid(const struct blockdevs *bs, const struct blockdev *d)
{
	size_t i;

	for (i = 0; i < bs->n; i++)
		if (text_has_word(d->on, bs->row[i].name) && *bs->row[i].uuid)
			return bs->row[i].uuid;
	return "";
}

bool stack_layer(const struct blockdevs *bs, const struct blockdev *d, struct layer *ret)
{
	struct layer l = { 0 };

	if (!strcmp(d->type, "lvm"))
		volume_group(d->model, l.name, sizeof(l.name));
	else if (!strcmp(d->type, "crypt") || !strcmp(d->type, "dm") || !strcmp(d->type, "mpath"))
		text_fmt(l.name, sizeof(l.name), "%s", d->model);
	else if (!strcmp(d->type, "md"))
		text_fmt(l.name, sizeof(l.name), "%s", d->name);
	else
		return false;
	text_fmt(l.type, sizeof(l.type), "%s", d->type);
	if (strcmp(d->type, "lvm"))
		text_fmt(l.id, sizeof(l.id), "%s", member_uuid(bs, d));
	*ret = l;
	return true;
}

static bool same_layer(const struct layer *a, const struct layer *b)
{
	return !strcmp(a->type, b->type) && !strcmp(a->name, b->name);
}

bool stack_is_of(const struct blockdevs *bs, const struct blockdev *d, const struct layer *layer)
{
	struct layer l;

	return stack_layer(bs, d, &l) && same_layer(&l, layer);
}

bool stack_is_open(const struct blockdevs *bs, const struct layer *layer)
{
	size_t i;

	for (i = 0; i < bs->n; i++)
		if (stack_is_of(bs, &bs->row[i], layer))
			return true;
	return false;
}

static bool is_known(const struct old_root *old, const struct layer *l)
{
	unsigned i;

	for (i = 0; i < old->nlayers; i++)
		if (same_layer(&old->layer[i], l))
			return true;
	return false;
}

/* Is a layer that @d lies on still to be added? */
static bool waits(const struct old_root *old, const struct blockdevs *bs,
		  const struct blockdev *d, const struct layer *layer)
{
	struct layer l;
	size_t i;

	for (i = 0; i < bs->n; i++)
		if (stack_layer(bs, &bs->row[i], &l) && !same_layer(&l, layer) &&
		    !is_known(old, &l) && stack_lies_on(bs, d, &bs->row[i]))
			return true;
	return false;
}

void stack_fill(struct old_root *old, const struct blockdevs *bs)
{
	const unsigned max = sizeof(old->layer) / sizeof(old->layer[0]);
	struct layer l;
	bool more;
	size_t i;

	do {
		more = false;
		for (i = 0; i < bs->n && old->nlayers < max; i++) {
			if (!bs->row[i].old_root || !stack_layer(bs, &bs->row[i], &l) ||
			    is_known(old, &l) || waits(old, bs, &bs->row[i], &l))
				continue;
			old->layer[old->nlayers++] = l;
			more = true;
		}
	} while (more);
}
