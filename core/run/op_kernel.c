/* op_kernel.c - what the kernel itself holds: swap, loop devices; the journal's mark */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "model/swaps.h"
#include "paths.h"
#include "run/exec.h"
#include "run/journal.h"

/*
 * The kernel and the operator call a swap file by its path in the old root,
 * which has been at several places by the time it is switched off.
 */
static int swapoff_child(void *arg, struct error *err)
{
	static const char *const below[] = { "", "/..", CAREEN_OLDROOT, "/proc/1/root" };
	const char *path = arg;
	int r = -ENOENT, tried;
	char name[PATH_MAX + 16];
	size_t i;

	for (i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
		text_fmt(name, sizeof(name), "%s%s", below[i], path);
		tried = sys->swapoff(name);
		if (tried == 0)
			return 0;
		if (tried != -ENOENT)
			r = tried;
	}
	return error_set(err, r, "swapoff", path,
			 r == -ENOMEM ? "there is not enough free memory to take its pages back" : NULL,
			 "%s", r == -ENOMEM ? "Stop something that uses memory, then retry." : "");
}

static bool swaps_listed(const char *path)
{
	size_t len = strlen(path), have;
	struct swap *swap;
	bool found = false;
	unsigned i, n;

	if (swaps_read(&swap, &n) < 0)
		return true;
	for (i = 0; i < n; i++) {
		have = strlen(swap[i].path);
		/* from below another root the kernel may show it with a prefix */
		found |= have >= len && !strcmp(swap[i].path + have - len, path);
	}
	free(swap);
	return found;
}

/*
 * Who sets it up at a boot expects an empty one: only that takes a size
 * [drivers/block/zram/zram_drv.c disksize_store()].
 */
static void empty_zram(struct op_ctx *ctx, const char *path)
{
	char reset[64];
	int r;

	if (strncmp(path, "/dev/zram", 9))
		return;
	text_fmt(reset, sizeof(reset), "/sys/block/%s/reset", path + 5);
	r = sys->put(reset, "1");
	if (r < 0)
		ctx_note(ctx, "%s keeps its size, %s: the system may not set it up again", path,
			 strerror(-r));
}

int op_swapoff(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	int r;

	r = run_with_deadline(op->deadline_s, swapoff_child, op->dst, err);
	if (r < 0 && r != -ENOMEM && r != -ETIMEDOUT && !swaps_listed(op->dst)) {
		ctx_note(ctx, "%s is not swap any more", op->dst);
		return 0;
	}
	if (r == 0)
		empty_zram(ctx, op->dst);
	return r;
}

static int loop_child(void *arg, struct error *err)
{
	const char *dev = arg;
	int r = sys->loop_clear(dev);

	return r < 0 ? error_set(err, r, "detach", dev, NULL, "By hand: losetup -d %s", dev) : 0;
}

/* On a device in use the kernel says yes, and detaches it at its last close
   [drivers/block/loop.c loop_clr_fd()]: so look. */
static bool loop_attached(const char *dev)
{
	char path[80], file[8];
	const char *name = strrchr(dev, '/');

	text_fmt(path, sizeof(path), "/sys/block/%s/loop/backing_file", name ? name + 1 : dev);
	return read_text(path, file, sizeof(file)) >= 0;
}

int op_loop_detach(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	int64_t until = now_ms() + 2000;
	int r;

	if (!loop_attached(op->dst)) {
		ctx_note(ctx, "%s has no file any more", op->dst);
		return 0;
	}
	r = run_with_deadline(op->deadline_s, loop_child, op->dst, err);
	if (r < 0 && r != -ENXIO)
		return r;
	while (loop_attached(op->dst)) {
		if (now_ms() >= until)
			return error_set(err, EBUSY, "detach", op->dst,
					 "it is still in use: mounted, opened or stacked upon",
					 "Unmount what is on it, then retry; it goes by itself at its last close.");
		sleep_ms(20);
	}
	return 0;
}

int op_written(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	(void)ctx;
	return journal_written(op->dst, err);
}
