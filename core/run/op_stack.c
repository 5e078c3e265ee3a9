/*
 * op_stack.c - one layer (LUKS, LVM, md) is opened, closed, or kept open
 *
 * By the layer's own program, as an operator would. "UUID=..." as a word of argv
 * is looked up among the devices as they are now: the links in /dev/disk are
 * udev's, and as old as udev's death.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/text.h"
#include "model/snapshot.h"
#include "run/exec.h"
#include "run/journal.h"
#include "run/spawn.h"

int device_by_uuid(const char *uuid, char *buf, size_t size, struct error *err)
{
	const struct blockdev *d, *found = NULL;
	struct snapshot *s = NULL;
	size_t i;
	int r = snapshot_take(SNAP_MOUNTS | SNAP_DEVICES, &s, err);

	if (r < 0)
		return r;
	for (i = 0; i < s->devs.n; i++) {
		d = &s->devs.row[i];
		/* what is stacked upon is a layer's member, not its content */
		if (!strcmp(d->uuid, uuid) && !d->stacked && (!found || d->old_root))
			found = d;
	}
	if (found)
		text_fmt(buf, size, "%s", found->path);
	else
		r = error_set(err, ENODEV, "look for", uuid, "no free device has this UUID",
			      "Look at the Devices view: is its disk there, is what it lies on open?");
	snapshot_free(s);
	return r;
}

/* A copy of argv's words with UUIDs replaced; @path is where that one goes. */
static int resolve(char *const *argv, char **ret, size_t max, char *path, size_t size,
		   struct error *err)
{
	size_t i;
	int r = 0;

	for (i = 0; argv[i] && i + 1 < max && !r; i++) {
		ret[i] = argv[i];
		if (strncmp(argv[i], "UUID=", 5))
			continue;
		r = device_by_uuid(argv[i] + 5, path, size, err);
		ret[i] = path;
	}
	ret[i] = NULL;
	return r;
}

static int judge(const struct op *op, const struct spawn *sp, const struct said *w, int status,
		 struct error *err)
{
	char why[250];

	if (!sp->stopped && !sp->timed_out && WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (sp->stopped || sp->timed_out)
		return error_set(err, sp->stopped ? ECANCELED : ETIMEDOUT, op->argv[0], op->dst,
				 sp->stopped ? "stopped by the operator" : "not done in time",
				 "Look at: dmsetup ls --tree; cat /proc/mdstat");
	/* cryptsetup(8) RETURN CODES: 2 is a wrong passphrase, and it may say nothing */
	if (op->secret && WIFEXITED(status) && WEXITSTATUS(status) == 2)
		return error_set(err, EACCES, op->argv[0], op->dst,
				 "no key of it is opened by this passphrase",
				 "Make the plan again and type it once more.");
	text_fmt(why, sizeof(why), "%s (status %d)", *w->line ? w->line : "it said nothing",
		 WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return error_set(err, EIO, op->argv[0], op->dst, why,
			 "Is something in it still in use? Look at the Devices and Holders views, then retry.");
}

int op_stack(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	struct said w = { .ctx = ctx };
	char *argv[16], path[64];
	struct spawn sp = {
		.ctx = ctx, .argv = argv, .output = said_take, .arg = &w,
		.until = now_ms() + 1000 * (int64_t)op->deadline_s,
		.input = op->secret, .input_len = op->secret_len,
	};
	int status = 0, r = 0;

	/* an array that starts or stops writes to its members */
	journal_touch();
	if (op->dev.dev)
		r = device_identity(op->src, &op->dev, err);
	if (!r)
		r = resolve(op->argv, argv, sizeof(argv) / sizeof(argv[0]), path, sizeof(path), err);
	if (!r)
		r = spawn_run(&sp, &status, err);
	return r < 0 ? r : judge(op, &sp, &w, status, err);
}
