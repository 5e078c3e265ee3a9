/* op_stacked.c - device-mapper and md devices that are stacked on the old root's files or disks */
#include <errno.h>
#include <unistd.h>

#include "base/sys.h"
#include "run/exec.h"

static int dm_child(void *arg, struct error *err)
{
	const struct op *op = arg;
	int r = device_identity(op->dst, &op->dev, err);

	if (r < 0)
		return r;
	r = sys->dm_remove(op->dev.dev);
	return r < 0 ? error_set(err, r, "remove", op->dst, NULL,
				 r == -EBUSY ? "Something has it open or mounted: see the Holders view. "
				 "By hand: %s" : "By hand: %s", op->command) : 0;
}

static int md_child(void *arg, struct error *err)
{
	const struct op *op = arg;
	int r = device_identity(op->dst, &op->dev, err);

	if (r < 0)
		return r;
	r = sys->md_stop(op->dst);
	return r < 0 ? error_set(err, r, "stop", op->dst, NULL,
				 r == -EBUSY ? "Something has it open or mounted: see the Holders view. "
				 "By hand: %s" : "By hand: %s", op->command) : 0;
}

static int close_device(struct op_ctx *ctx, const struct op *op,
			int (*child)(void *arg, struct error *err), struct error *err)
{
	if (access(op->dst, F_OK) < 0 && errno == ENOENT) {
		ctx_note(ctx, "%s is not there any more", op->dst);
		return 0;
	}
	return run_with_deadline(op->deadline_s, child, (void *)op, err);
}

int op_dm_remove(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	return close_device(ctx, op, dm_child, err);
}

int op_md_stop(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	return close_device(ctx, op, md_child, err);
}
