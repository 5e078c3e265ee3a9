/*
 * handover.c - take PID 1 into RAM
 *
 * Three ways: PID 1's own re-exec, with our escape program bound over the file
 * that it executes; ptrace; and a soft reboot of systemd, which ends in a re-exec.
 * Each ends when the kernel says that /proc/1/exe
 * is the stub and that its root is the rescue; a word from the program itself
 * is never enough.
 */
#include "run/handover.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "model/init.h"
#include "paths.h"
#include "run/exec.h"
#include "run/softreboot.h"
#include "run/trigger.h"

struct take {
	struct op_ctx *ctx;
	const char *init_path;		/* in the old root */
	char target[320];		/* the same, seen from the rescue */
	bool around;			/* old_root_around() */
	int64_t until;			/* now_ms() */
	struct init init;		/* as it was before */
};

static bool taken(void)
{
	return pid1_is_stub() && pid1_in_rescue();
}

/* What PID 1 is now, for an error's words: only what the kernel says. */
static int truth(const struct take *t, int code, const char *why, struct error *err)
{
	struct init now;
	struct error ignored;

	memset(&now, 0, sizeof(now));
	if (init_read(&now, &ignored) < 0)
		return error_set(err, code, "take PID 1", t->init.name, why,
				 "What PID 1 is now could not be read: look at /proc/1 in the shell.");
	if (now.frozen)
		return error_set(err, code, "take PID 1", t->init.name, why,
				 "PID 1 has frozen itself: take it by ptrace.");
	if (same_file("/proc/1/exe", CAREEN_ESCAPE))
		return error_set(err, code, "take PID 1", t->init.name, why,
				 "PID 1 is our escape program and did not get out: take it by ptrace.");
	return error_set(err, code, "take PID 1", t->init.name, why,
			 "PID 1 is still %s in the old root and works. Try again%s.",
			 now.name, now.yama == 3 ? "" : ", or take it by ptrace");
}

static bool is_frozen(void)
{
	struct error ignored;
	struct init now;

	memset(&now, 0, sizeof(now));
	return init_read(&now, &ignored) == 0 && now.frozen;
}

/*
 * Poll: no event tells that a process has executed something or changed its
 * root. A frozen systemd never will, so that is asked now and then; twice, as
 * one look may fall into the middle of an exec.
 */
static int wait_taken(const struct take *t, struct error *err)
{
	int64_t look = now_ms() + 500;
	unsigned frozen = 0;

	for (;;) {
		if (taken())
			return 0;
		if (now_ms() >= look) {
			frozen = is_frozen() ? frozen + 1 : 0;
			look = now_ms() + 500;
		}
		if (frozen == 2)
			return truth(t, EIO, "its re-exec failed", err);
		if (now_ms() >= t->until)
			return truth(t, ETIMEDOUT, "it did not execute our program in time", err);
		sleep_ms(20);
	}
}

static bool is_bound(const struct take *t)
{
	struct mounts ms;
	bool bound = false;
	size_t i;

	if (mounts_read(&ms, NULL) < 0)
		return true;		/* unknown is not gone */
	for (i = 0; i < ms.n_own && !bound; i++)
		bound = ms.row[i].old && !strcmp(ms.row[i].root, CAREEN_ESCAPE) &&
			!strcmp(mount_path(&ms.row[i]), t->init_path);
	mounts_free(&ms);
	return bound;
}

/* Its path is looked up on the old root, whose disk may not answer. */
static int bind_child(void *arg, struct error *err)
{
	const struct take *t = arg;

	(void)err;
	return sys->mount(CAREEN_ESCAPE, t->target, NULL, MS_BIND, NULL);
}

static int bind_escape(const struct take *t, struct error *err)
{
	int r;

	if (is_bound(t))	/* left by an attempt that was killed */
		return 0;
	r = run_with_deadline(10, bind_child, (void *)t, err);
	if (r == -ETIMEDOUT)
		return r;
	if (r < 0)
		return error_set(err, r, "bind the escape program over", t->target, NULL,
				 "PID 1 is untouched. Is the old root on %s?", CAREEN_OLDROOT);
	return 0;
}

/* From around us the path through PID 1 is gone once PID 1 is here. */
static int unbind_child(void *arg, struct error *err)
{
	const struct take *t = arg;
	const char *target = t->target;
	int r;

	(void)err;
	if (t->around) {
		target = t->init_path;
		r = climb_out();
		if (r < 0)
			return r;
	}
	r = sys->umount(target, UMOUNT_NOFOLLOW);
	return r < 0 ? sys->umount(target, UMOUNT_NOFOLLOW | MNT_DETACH) : r;
}

/*
 * Off again, whatever happened: a later exec of the init must be the init. It
 * is a file of rootfs, so a lazy umount hides no disk's holder.
 */
static int unbind_escape(const struct take *t, struct error *err)
{
	int r;

	if (!is_bound(t))
		return 0;
	r = run_with_deadline(10, unbind_child, (void *)t, NULL);
	if (!is_bound(t))
		return 0;
	return error_set(err, r < 0 ? r : EBUSY, "take the escape program off", t->target, NULL,
			 "By hand: umount -l %s", t->target);
}

static int finish(const struct take *t, int r, struct error *err)
{
	struct error e;
	int u = unbind_escape(t, &e);

	if (u < 0 && r == 0) {
		if (err)
			*err = e;
		return u;
	}
	if (u < 0)
		ctx_note(t->ctx, "Our program is still bound over %s: umount -l %s",
			 t->init_path, t->target);
	return r;
}

static int take_reexec(struct take *t, struct error *err)
{
	int r;

	if (t->init.frozen)
		return truth(t, EIO, "it has frozen itself and obeys no signal", err);
	if (!trigger_known(t->init.kind))
		return error_set(err, ENOTSUP, "take PID 1", t->init.name,
				 "it has no re-exec that careen knows", "Take it by ptrace.");
	r = bind_escape(t, err);
	if (r < 0)
		return r;
	r = trigger_reexec(t->init.kind, err);
	if (r == 0)
		r = wait_taken(t, err);
	return finish(t, r, err);
}

/*
 * The drop-ins go before our program does: its mount unit must not be there yet
 * when systemd reads them. Whatever happens, both are gone afterwards.
 */
static int take_softreboot(struct take *t, struct error *err)
{
	int r = soft_reboot_prepare(t->init_path, err);

	if (r == 0)
		r = bind_escape(t, err);
	if (r == 0)
		r = soft_reboot_begin(t->ctx, err);
	if (r == 0)
		r = wait_taken(t, err);
	soft_reboot_end(t->init_path);
	return finish(t, r, err);
}

/*
 * A path to the escape program that PID 1 can execute from where its root is,
 * without changing anything in the old root: through the /proc that is mounted
 * there, by a process that is rooted in the rescue, us.
 */
static bool ptrace_path(const struct take *t, char *path, size_t size)
{
	char seen[400];

	if (pid1_in_rescue()) {
		text_fmt(path, size, "%s", CAREEN_STUB);
		return true;
	}
	text_fmt(path, size, "/proc/%d/root%s", (int)getpid(), CAREEN_ESCAPE);
	text_fmt(seen, sizeof(seen), "/proc/1/root%s", path);
	if (same_file(seen, CAREEN_ESCAPE))
		return true;
	text_fmt(path, size, "%s", t->init_path);
	return false;
}

struct ptrace_arg {
	const char *path;
};

static int ptrace_child(void *arg, struct error *err)
{
	const struct ptrace_arg *a = arg;

	return ptrace_exec(1, a->path, "careen-stub", err);
}

/*
 * In a child: should it be killed, the kernel detaches PID 1, which goes on as
 * it was. Its deadline is longer than those of ptrace_exec's own waits.
 */
static int take_ptrace(struct take *t, struct error *err)
{
	char path[320];
	struct ptrace_arg arg = { .path = path };
	int r = 0;

	if (!ptrace_path(t, path, sizeof(path))) {
		ctx_note(t->ctx, "No /proc in the old root: our program is bound over %s for a moment",
			 t->init_path);
		r = bind_escape(t, err);
	}
	if (r == 0)
		r = run_with_deadline(25, ptrace_child, &arg, err);
	if (r == 0)
		r = wait_taken(t, err);
	return finish(t, r, err);
}

static const struct {
	const char *name;		/* as in plan/strategy.c */
	int (*take)(struct take *t, struct error *err);
} ways[] = {
	{ "reexec", take_reexec },
	{ "ptrace", take_ptrace },
	{ "softreboot", take_softreboot },
};

int handover_take(struct op_ctx *ctx, const char *name, const char *init_path,
		  unsigned deadline_s, struct error *err)
{
	struct take t = { .ctx = ctx, .init_path = init_path };
	size_t i;
	int r;

	if (taken()) {
		ctx_note(ctx, "PID 1 is the stub already");
		return 0;
	}
	r = init_read(&t.init, err);
	if (r < 0)
		return r;
	/* Before the move, ".." stays put inside the old root, in silence. */
	if (old_root_stacked())
		return error_set(err, EINVAL, "take PID 1", t.init.name,
				 "the old root has not been moved aside",
				 "PID 1 is untouched. Make the plan again.");
	t.around = old_root_around();
	text_fmt(t.target, sizeof(t.target), "%s%s", old_root_path(), init_path);
	t.until = now_ms() + 1000 * (int64_t)(deadline_s ? deadline_s : 30);
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(ways[i].name, name ? name : ""))
			return ways[i].take(&t, err);
	return error_set(err, EINVAL, "take PID 1", name, "no such strategy",
			 "Make the plan again.");
}
