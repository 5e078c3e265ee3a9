/*
 * op_umount.c - one file system comes off, or exactly who keeps it is named
 *
 * The mount is looked up by its id right before the act, and the call is made
 * in a child: umount can hang for ever on a dead server.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/sys.h"
#include "base/text.h"
#include "run/exec.h"

#define BUSY_MS 1500	/* the kernel drops a dead process's files a little later */
#define UNSEEN_MS 20000	/* those of a crowd, or a namespace of many mounts, much later */

struct umount {
	const struct op *op;
	int flags;
};

static int stale(const struct op *op, const char *why, struct error *err)
{
	return error_set(err, ESTALE, "unmount", op->dst, why, "Make the plan again.");
}

static int umount_child(void *arg, struct error *err)
{
	const struct umount *u = arg;
	const struct op *op = u->op;
	int64_t until = now_ms() + BUSY_MS;
	uint64_t unique = op->mount_unique ? path_mount_unique(op->dst) : 0;
	int r;

	/* an id of mountinfo is used again at once; this one never is */
	if (unique && unique != op->mount_unique)
		return stale(op, "another file system is mounted there now", err);
	for (;;) {
		r = sys->umount(op->dst, u->flags);
		if (r != -EBUSY || now_ms() >= until || (u->flags & MNT_DETACH))
			break;
		sleep_ms(20);
	}
	return r < 0 ? error_set(err, r, "unmount", op->dst, NULL, NULL) : 0;
}

static const struct mount *child_mount(const struct mounts *ms, const struct mount *m)
{
	size_t i;

	for (i = 0; i < ms->n; i++)
		if (ms->row[i].parent == m->id && ms->row[i].id != m->id)
			return &ms->row[i];
	return NULL;
}

/*
 * Is it still what the plan meant? 0: go on, *ret_dev its device; 1: it is not
 * mounted any more; -ESTALE: something else is.
 */
static int check(const struct op *op, dev_t *ret_dev, struct error *err)
{
	const struct mount *m, *top;
	struct mounts ms;
	int r = own_mounts(&ms, err);

	if (r < 0)
		return r;
	top = mount_on(&ms, op->dst);
	m = op->mount_id ? mounts_by_id(&ms, op->mount_id) : top;
	if (!m)
		r = top ? stale(op, "another file system is mounted there now", err) : 1;
	else if (strcmp(m->target, op->dst))
		r = stale(op, "that mount has been moved elsewhere", err);
	else if (op->dev.dev && m->dev != op->dev.dev)
		r = stale(op, "another device is mounted there now", err);
	else if (m != top)
		r = stale(op, "something else has been mounted over it", err);
	else
		*ret_dev = m->dev;
	mounts_free(&ms);
	return r;
}

/* What keeps it: a mount below it, else whoever holds its device. *@seen: there is one. */
static int busy(const struct op *op, dev_t dev, bool *seen, struct error *err)
{
	char who[220], why[250];
	const struct mount *m, *below;
	struct mounts ms;

	*seen = true;
	if (own_mounts(&ms, NULL) == 0) {
		m = mount_on(&ms, op->dst);
		below = m ? child_mount(&ms, m) : NULL;
		if (below)
			text_fmt(why, sizeof(why), "%s is mounted below it", below->target);
		mounts_free(&ms);
		if (below)
			return error_set(err, EBUSY, "unmount", op->dst, why,
					 "Make the plan again.");
	}
	who_holds(dev, op->dst, who, sizeof(who));
	*seen = *who;
	if (!*who)
		return error_set(err, EBUSY, "unmount", op->dst,
				 "held by the kernel, unseen: no process or table shows by what",
				 "Possible: a target or nbd server, a gadget, a read under way on a "
				 "closed file. Undo what you set up, then retry.");
	text_fmt(why, sizeof(why), "busy: %s", who);
	return error_set(err, EBUSY, "unmount", op->dst, why, "Run Kill again, then Unmount.");
}

/* Nothing of a disk is behind it: out of sight is enough. */
static int detach_lazily(struct op_ctx *ctx, const struct op *op, int why, struct error *err)
{
	struct umount u = { op, UMOUNT_NOFOLLOW | MNT_DETACH };
	int r = run_with_deadline(10, umount_child, &u, err);

	if (r == 0)
		ctx_note(ctx, "%s was %s and is detached lazily: no disk is behind it", op->dst,
			 why == -EBUSY ? "busy" : "not answering");
	return r;
}

/* Off, whatever there may be under it: an automount is. */
static bool gone(const struct op *op)
{
	const struct mount *m;
	struct mounts ms;
	bool is_gone;

	if (own_mounts(&ms, NULL) < 0)
		return false;
	m = mounts_by_id(&ms, op->mount_id);
	is_gone = !m || strcmp(m->target, op->dst) || m->dev != op->dev.dev;
	mounts_free(&ms);
	return is_gone;
}

/*
 * A file system without an answering server: the kernel takes the mount away
 * first, then waits for the server [fs/namespace.c cleanup_mnt()], so that the
 * end of the child that waits is enough. No disk of this machine is behind it.
 */
static int without_server(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	struct umount u = { op, UMOUNT_NOFOLLOW | MNT_DETACH };
	int r = gone(op) ? 0 : run_with_deadline(10, umount_child, &u, err);

	if (r == -ETIMEDOUT && gone(op))
		r = 0;
	if (r == 0)
		ctx_note(ctx, "%s is off without its server's answer: what it had not yet been "
			 "told is lost", op->dst);
	return r;
}

static int explain(const struct op *op, int r, struct error *err)
{
	char why[200];

	if (r == -ETIMEDOUT) {
		text_fmt(why, sizeof(why), "%s", err ? err->why : "");
		return error_set(err, r, "unmount", op->dst, why,
				 "Its server or disk does not answer. Wait and retry, or bring it back.");
	}
	return r;
}

int op_umount(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	struct umount u = { op, UMOUNT_NOFOLLOW };
	struct error mine;
	dev_t dev = 0;
	int64_t until;
	bool seen;
	int r = check(op, &dev, err);

	if (r == 1) {
		ctx_note(ctx, "%s is not mounted any more", op->dst);
		return 0;
	}
	if (r < 0)
		return r;
	until = now_ms() + UNSEEN_MS;
	do {
		r = run_with_deadline(op->deadline_s, umount_child, &u, &mine);
		if (r == -EBUSY && !op->lazy)
			r = busy(op, dev, &seen, &mine);
	} while (r == -EBUSY && !op->lazy && !seen && now_ms() < until && !ctx_stop(ctx));
	if ((r == -EBUSY || r == -ETIMEDOUT) && op->lazy)
		return detach_lazily(ctx, op, r, err);
	if (r == -ETIMEDOUT && op->remote)
		return without_server(ctx, op, err);
	if (r < 0) {
		r = explain(op, r, &mine);
		if (err)
			*err = mine;
	}
	return r;
}
