/* op_detach.c - the old root moves aside, PID 1 is handed over, and it is proven */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/sys.h"
#include "base/text.h"
#include "model/snapshot.h"
#include "paths.h"
#include "run/exec.h"
#include "run/handover.h"
#include "run/journal.h"
#include "run/ports.h"

int op_trial(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	int r = handover_trial(op->src, op->strategy, err);

	if (r == 0)
		ctx_note(ctx, "%s can be executed as our program, and comes out in RAM", op->src);
	return r;
}

int op_record(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	int r = ports_record(err);

	(void)ctx;
	(void)op;
	return r < 0 ? r : journal_record(err);
}

/* Which mount would be at @dst after the move? "/" is seen as "/..". */
static const char *seen_at(const char *path)
{
	return strcmp(path, "/") ? path : "/..";
}

static int explain_move(const struct op *op, int code, struct error *err)
{
	const char *why = NULL;

	if (code == -EINVAL)
		why = "the kernel refuses to move it: its parent mount is shared, or it is "
		      "no mount point";
	return error_set(err, code, "move", op->src, why, "%s",
			 code == -EINVAL ? "Look at the propagation with: findmnt -o TARGET,PROPAGATION; "
			 "then mount --make-private /" : "Nothing was changed.");
}

/*
 * MS_MOVE by the raw call: tools that canonicalise turn "/.." into "/".
 */
static int move_child(void *arg, struct error *err)
{
	const struct op *op = arg;

	(void)err;
	return sys->mount(op->src, op->dst, NULL, MS_MOVE, NULL);
}

int op_move(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	int src = path_mount_id(op->src), dst = path_mount_id(seen_at(op->dst)), r;
	bool away = !strcmp(op->src, "/..");

	if (src < 0)
		return error_set(err, src, "move", op->src, NULL, "Make the plan again.");
	if (src == path_mount_id("/")) {
		/* nothing is mounted at src: done before, or never there */
		if (dst >= 0 && dst != src && (!op->mount_id || dst == op->mount_id)) {
			ctx_note(ctx, "%s is there already", op->dst);
			return 0;
		}
		return error_set(err, ENOENT, "move", op->src, "nothing is mounted there",
				 "Make the plan again.");
	}
	if ((op->mount_id && src != op->mount_id) ||
	    (op->mount_unique && path_mount_unique(op->src) &&
	     path_mount_unique(op->src) != op->mount_unique))
		return error_set(err, ESTALE, "move", op->src,
				 "another mount is there than when the plan was made",
				 "Make the plan again.");
	r = run_with_deadline(op->deadline_s, move_child, (void *)op, err);
	if (r < 0)
		return r == -ETIMEDOUT ? r : explain_move(op, r, err);
	if (path_mount_id(seen_at(op->dst)) != src)
		return error_set(err, EIO, "move", op->dst, "it is not where it was moved to",
				 "%s", away ? "Back: mount --move " CAREEN_OLDROOT " /" : "");
	return 0;
}

int op_handover(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	return handover_take(ctx, op->strategy, op->src, op->deadline_s, err);
}

int op_prove_detached(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	struct snapshot *s = NULL;
	char why[200];
	int r = snapshot_take(SNAP_INIT | SNAP_MOUNTS, &s, err);

	(void)op;
	if (r < 0)
		return r;
	if (snapshot_detached(s)) {
		ctx_note(ctx, "PID 1 is the stub; its root is the rescue, in RAM");
	} else {
		text_fmt(why, sizeof(why), "PID 1 is %s, its root is %s%s", s->init.name,
			 s->init.in_rescue ? "the rescue" : "the old root",
			 s->init.frozen ? ", and it has frozen itself" : "");
		r = error_set(err, EIO, "prove the hand-over", "PID 1", why,
			      "%s", s->init.frozen ? "Take it by ptrace." :
			      "Run Detach again, or Resume to put the old root back.");
	}
	snapshot_free(s);
	return r;
}
