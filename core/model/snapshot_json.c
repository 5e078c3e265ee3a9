/*
 * snapshot_json.c - a snapshot as JSON, for scripts (careen status --json)
 *
 * Names are those of the structs. Texts from outside go through text_json().
 */
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/text.h"
#include "model/snapshot.h"

/* One object or list being written: commas go between, not after. */
struct json {
	FILE *out;
	bool first;
};

static void item(struct json *j)
{
	if (!j->first)
		fputc(',', j->out);
	j->first = false;
}

static void key(struct json *j, const char *name)
{
	item(j);
	text_json(j->out, name);
	fputc(':', j->out);
}

static void put_str(struct json *j, const char *name, const char *value)
{
	key(j, name);
	text_json(j->out, value ? value : "");
}

static void put_int(struct json *j, const char *name, long long value)
{
	key(j, name);
	fprintf(j->out, "%lld", value);
}

static void put_uint(struct json *j, const char *name, unsigned long long value)
{
	key(j, name);
	fprintf(j->out, "%llu", value);
}

static void put_bool(struct json *j, const char *name, bool value)
{
	key(j, name);
	fputs(value ? "true" : "false", j->out);
}

static void put_dev(struct json *j, const char *name, dev_t dev)
{
	key(j, name);
	fprintf(j->out, "\"%u:%u\"", major(dev), minor(dev));
}

static void open_with(struct json *j, const char *name, char c)
{
	if (name)
		key(j, name);
	else
		item(j);
	fputc(c, j->out);
	j->first = true;
}

static void close_with(struct json *j, char c)
{
	fputc(c, j->out);
	j->first = false;
}

static const char *const place_names[] = {
	[PLACE_RESCUE] = "rescue", [PLACE_NORMAL] = "normal",
	[PLACE_UNPREPARED] = "unprepared", [PLACE_CONTAINER] = "container",
};

static void put_host(struct json *j, const struct host *h)
{
	open_with(j, "host", '{');
	put_str(j, "name", h->name);
	put_str(j, "os", h->os);
	put_str(j, "kernel", h->kernel);
	put_str(j, "boot_id", h->boot_id);
	put_uint(j, "uptime_s", h->uptime_s);
	put_uint(j, "mem_total", h->mem_total);
	put_uint(j, "mem_available", h->mem_available);
	put_uint(j, "swap_total", h->swap_total);
	put_uint(j, "swap_used", h->swap_used);
	put_str(j, "place", place_names[h->place]);
	put_bool(j, "root", h->root);
	put_bool(j, "previous", h->previous);
	close_with(j, '}');
}

static void put_mount(struct json *j, const struct mount *m)
{
	open_with(j, NULL, '{');
	put_int(j, "id", m->id);
	put_int(j, "parent", m->parent);
	put_uint(j, "unique_id", m->unique_id);
	put_dev(j, "dev", m->dev);
	put_uint(j, "ns", m->ns);
	put_str(j, "root", m->root);
	put_str(j, "target", m->target);
	put_str(j, "path", mount_path(m));
	put_str(j, "fstype", m->fstype);
	put_str(j, "source", m->source);
	put_str(j, "vfs_options", m->vfs_options);
	put_str(j, "fs_options", m->fs_options);
	put_str(j, "propagation", m->propagation);
	put_int(j, "depth", m->depth);
	put_bool(j, "old", m->old);
	put_bool(j, "pseudo", m->pseudo);
	put_bool(j, "net", m->net);
	close_with(j, '}');
}

static void put_mounts(struct json *j, const struct mounts *ms)
{
	size_t i;

	put_uint(j, "own_ns", ms->own_ns);
	put_bool(j, "mounts_incomplete", ms->incomplete);
	put_str(j, "mounts_note", ms->note);
	open_with(j, "mounts", '[');
	for (i = 0; i < ms->n; i++)
		put_mount(j, &ms->row[i]);
	close_with(j, ']');
}

static void put_old(struct json *j, const struct old_root *old)
{
	unsigned i;

	open_with(j, "old_root", '{');
	put_bool(j, "known", old->known);
	put_str(j, "source", old->source);
	put_str(j, "fstype", old->fstype);
	put_str(j, "options", old->options);
	put_str(j, "uuid", old->uuid);
	put_bool(j, "written", old->written);
	open_with(j, "devs", '[');
	for (i = 0; i < old->ndevs; i++) {
		item(j);
		fprintf(j->out, "\"%u:%u\"", major(old->devs[i]), minor(old->devs[i]));
	}
	close_with(j, ']');
	close_with(j, '}');
}

static void put_holder(struct json *j, const struct holder *h)
{
	char holds[72];

	open_with(j, NULL, '{');
	put_str(j, "kind", holder_kind_name(h->kind));
	put_str(j, "way_out", way_out_name(h->out));
	put_str(j, "holds", holds_text(h->holds, holds, sizeof(holds)));
	put_int(j, "pid", h->pid);
	put_uint(j, "start", h->start);
	put_uint(j, "uid", h->uid);
	put_str(j, "user", h->user);
	put_str(j, "command", h->command);
	put_str(j, "cmdline", h->cmdline);
	put_str(j, "what", h->what);
	put_str(j, "unit", h->unit);
	put_uint(j, "nfd", h->nfd);
	put_dev(j, "dev", h->dev);
	close_with(j, '}');
}

static void put_holders(struct json *j, const struct holders *hs)
{
	size_t i;

	put_bool(j, "holders_incomplete", hs->incomplete);
	put_str(j, "holders_note", hs->note);
	put_uint(j, "holders_unknown", hs->n_unknown);
	open_with(j, "holders", '[');
	for (i = 0; i < hs->n; i++)
		put_holder(j, &hs->row[i]);
	close_with(j, ']');
}

static void put_blockdev(struct json *j, const struct blockdevs *bs, const struct blockdev *d)
{
	open_with(j, NULL, '{');
	put_str(j, "name", d->name);
	put_str(j, "path", d->path);
	put_dev(j, "dev", d->dev);
	put_uint(j, "diskseq", d->diskseq);
	put_uint(j, "size", d->size);
	put_str(j, "type", d->type);
	put_str(j, "model", d->model);
	put_str(j, "serial", d->serial);
	put_str(j, "transport", d->transport);
	put_str(j, "fstype", d->fstype);
	put_str(j, "label", d->label);
	put_str(j, "uuid", d->uuid);
	put_str(j, "parttype", d->parttype);
	put_str(j, "on", d->on);
	put_str(j, "used_by", d->used_by);
	put_str(j, "parent", d->parent < 0 ? "" : bs->row[d->parent].name);
	put_int(j, "depth", d->depth);
	put_bool(j, "readonly", d->readonly);
	put_bool(j, "removable", d->removable);
	put_bool(j, "old_root", d->old_root);
	put_bool(j, "mounted", d->mounted);
	put_bool(j, "swap", d->swap);
	put_bool(j, "stacked", d->stacked);
	put_bool(j, "busy_open", d->busy_open);
	put_bool(j, "silent", d->silent);
	close_with(j, '}');
}

static void put_devices(struct json *j, const struct blockdevs *bs)
{
	size_t i;

	open_with(j, "devices", '[');
	for (i = 0; i < bs->n; i++)
		put_blockdev(j, bs, &bs->row[i]);
	close_with(j, ']');
}

static void put_init(struct json *j, const struct init *init)
{
	static const char *const kinds[] = {
		[INIT_UNKNOWN] = "unknown", [INIT_SYSTEMD] = "systemd",
		[INIT_SYSVINIT] = "sysvinit", [INIT_OPENRC] = "openrc",
		[INIT_BUSYBOX] = "busybox", [INIT_RUNIT] = "runit", [INIT_STUB] = "stub",
	};

	open_with(j, "init", '{');
	put_str(j, "kind", kinds[init->kind]);
	put_str(j, "name", init->name);
	put_str(j, "version", init->version);
	put_str(j, "exe", init->exe);
	put_bool(j, "in_rescue", init->in_rescue);
	put_bool(j, "frozen", init->frozen);
	put_bool(j, "traced", init->traced);
	put_int(j, "yama", init->yama);
	close_with(j, '}');
}

static void put_address(struct json *j, const struct address *a)
{
	open_with(j, NULL, '{');
	put_str(j, "link", a->link);
	put_str(j, "address", a->text);
	put_int(j, "prefix", a->prefix);
	put_bool(j, "forever", a->valid_s == UINT32_MAX);
	put_uint(j, "valid_s", a->valid_s);
	put_bool(j, "link_local", a->link_local);
	close_with(j, '}');
}

static void put_network(struct json *j, const struct network *net)
{
	size_t i;

	open_with(j, "network", '{');
	put_str(j, "gateway", net->gateway);
	put_bool(j, "filtered", net->filtered);
	open_with(j, "addresses", '[');
	for (i = 0; i < net->naddr; i++)
		put_address(j, &net->addr[i]);
	close_with(j, ']');
	open_with(j, "managers", '[');
	for (i = 0; i < net->nmgr; i++) {
		open_with(j, NULL, '{');
		put_int(j, "pid", net->mgr[i].pid);
		put_str(j, "name", net->mgr[i].name);
		put_bool(j, "needed", net->mgr[i].needed);
		put_str(j, "link", net->mgr[i].link);
		close_with(j, '}');
	}
	close_with(j, ']');
	close_with(j, '}');
}

static void put_lifeline(struct json *j, const struct lifeline *ll)
{
	open_with(j, "lifeline", '{');
	put_int(j, "pid", ll->pid);
	put_int(j, "listener", ll->listener);
	put_int(j, "port", ll->port);
	put_int(j, "sessions", ll->sessions);
	put_bool(j, "in_ram", ll->in_ram);
	put_str(j, "why", ll->why);
	put_bool(j, "armed_only", ll->armed_only);
	put_uint(j, "armed_s", ll->armed_s);
	put_int(j, "own_session", ll->own_session);
	put_bool(j, "from_here", ll->from_here);
	close_with(j, '}');
}

static void put_weight(struct json *j, const struct weight *w)
{
	open_with(j, "rescue", '{');
	put_uint(j, "bytes", w->files + w->processes);
	put_uint(j, "files", w->files);
	put_uint(j, "processes", w->processes);
	close_with(j, '}');
}

static void put_swaps(struct json *j, const struct snapshot *s)
{
	unsigned i;

	open_with(j, "swaps", '[');
	for (i = 0; i < s->nswap; i++) {
		open_with(j, NULL, '{');
		put_str(j, "path", s->swap[i].path);
		put_str(j, "type", s->swap[i].type);
		put_uint(j, "size", s->swap[i].size);
		put_uint(j, "used", s->swap[i].used);
		close_with(j, '}');
	}
	close_with(j, ']');
}

static void put_job(struct json *j, const struct job_brief *job)
{
	open_with(j, "job", '{');
	put_str(j, "id", job->id);
	put_str(j, "step", job->step);
	put_bool(j, "running", job->running);
	close_with(j, '}');
}

static void put_deadman(struct json *j, const struct deadman *d)
{
	open_with(j, "deadman", '{');
	put_bool(j, "armed", d->armed);
	put_uint(j, "period", d->period_s);
	put_str(j, "end", d->end);
	put_bool(j, "relogin", d->relogin);
	put_str(j, "said", d->said);
	close_with(j, '}');
}

void snapshot_json(const struct snapshot *s, FILE *out)
{
	struct json j = { .out = out, .first = true };

	open_with(&j, NULL, '{');
	put_host(&j, &s->host);
	put_bool(&j, "detached", snapshot_detached(s));
	put_bool(&j, "unmounted", snapshot_unmounted(s));
	put_old(&j, &s->old);
	put_init(&j, &s->init);
	put_swaps(&j, s);
	put_job(&j, &s->job);
	put_deadman(&j, &s->deadman);
	if (s->parts & SNAP_RESCUE)
		put_weight(&j, &s->weight);
	if (s->parts & SNAP_LIFELINE)
		put_lifeline(&j, &s->lifeline);
	if (s->parts & SNAP_NETWORK)
		put_network(&j, &s->net);
	if (s->parts & SNAP_MOUNTS)
		put_mounts(&j, &s->mounts);
	if (s->parts & SNAP_HOLDERS)
		put_holders(&j, &s->holders);
	if (s->parts & SNAP_DEVICES)
		put_devices(&j, &s->devs);
	close_with(&j, '}');
	fputc('\n', out);
}
