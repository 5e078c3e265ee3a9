/* op_kernel_files.c - files that the kernel keeps: NFS exports, binfmt_misc's interpreters */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/sys.h"
#include "base/text.h"
#include "run/exec.h"

#define EXPORTS "/proc/fs/nfs/exports"
#define NFSD_HERE "/proc/fs/nfsd"	/* the rescue's own /proc has the directory */

/* Anything but comments? */
static bool exports_left(void)
{
	char *text = read_whole(EXPORTS), *line, *save = NULL;
	bool left = false;

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		left |= *line != '#';
	free(text);
	return left;
}

/* Where nfsd's own file system is mounted; false if nowhere. */
static bool nfsd_mount(char *buf, size_t size)
{
	struct mounts ms;
	bool found = false;
	size_t i;

	if (own_mounts(&ms, NULL) < 0)
		return false;
	for (i = 0; i < ms.n && !found; i++) {
		if (strcmp(ms.row[i].fstype, "nfsd"))
			continue;
		text_fmt(buf, size, "%s", ms.row[i].target);
		found = true;
	}
	mounts_free(&ms);
	return found;
}

/*
 * As rpc.nfsd 0 and exportfs -f do: no threads, then the caches are told that
 * all they know is out of date [net/sunrpc/cache.c write_flush()].
 */
static int nfsd_child(void *arg, struct error *err)
{
	static const char *const caches[] = {
		"/proc/net/rpc/auth.unix.ip/flush", "/proc/net/rpc/nfsd.fh/flush",
		"/proc/net/rpc/nfsd.export/flush",
	};
	char dir[256] = NFSD_HERE, path[300], now[32];
	bool ours = !nfsd_mount(dir, sizeof(dir));
	size_t i;
	int r;

	(void)arg;
	if (ours && (r = sys->mount("nfsd", dir, "nfsd", 0, NULL)) < 0)
		return error_set(err, r, "stop nfsd", dir, NULL, "By hand: rpc.nfsd 0");
	text_fmt(path, sizeof(path), "%s/threads", dir);
	r = sys->put(path, "0\n");
	if (ours)
		sys->umount(dir, 0);
	if (r < 0)
		return error_set(err, r, "stop nfsd", path, NULL, "By hand: rpc.nfsd 0");
	text_fmt(now, sizeof(now), "%lld\n", (long long)time(NULL) + 1);
	for (i = 0; i < sizeof(caches) / sizeof(caches[0]); i++) {
		r = sys->put(caches[i], now);
		if (r < 0)
			return error_set(err, r, "forget exports", caches[i], NULL,
					 "By hand: exportfs -f");
	}
	return 0;
}

int op_nfsd_stop(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	int r;

	if (!exports_left()) {
		ctx_note(ctx, "the kernel's NFS server exports nothing any more");
		return 0;
	}
	r = run_with_deadline(op->deadline_s, nfsd_child, NULL, err);
	if (r < 0)
		return r;
	if (exports_left())
		return error_set(err, EBUSY, "forget exports", EXPORTS, "it still lists some",
				 "Something exports again (rpc.mountd, exportfs): run Kill, then retry.");
	return 0;
}

/* Is the entry still there, and the one that the plan meant? 1, 0, -ESTALE. */
static int binfmt_entry(const struct op *op, struct error *err)
{
	char text[4400], *at;

	if (read_text(op->dst, text, sizeof(text)) < 0)
		return 0;
	at = strstr(text, "interpreter ");
	if (!at || !strtok(at + strlen("interpreter "), "\n") ||
	    strcmp(at + strlen("interpreter "), op->src))
		return error_set(err, ESTALE, "remove", op->dst,
				 "another interpreter is registered there now",
				 "Make the plan again.");
	return 1;
}

static int binfmt_child(void *arg, struct error *err)
{
	const struct op *op = arg;
	int r = binfmt_entry(op, err);

	if (r == 1)
		r = sys->put(op->dst, "-1");
	return r < 0 && r != -ESTALE ? error_set(err, r, "remove", op->dst, NULL,
						 "By hand: echo -1 >%s", op->dst) : r;
}

int op_binfmt(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	struct error gone;

	if (binfmt_entry(op, &gone) == 0) {
		ctx_note(ctx, "%s is not registered any more", op->dst);
		return 0;
	}
	return run_with_deadline(op->deadline_s, binfmt_child, (void *)op, err);
}
