/*
 * op_rescan.c - look again, and stop whatever still holds on, until nobody does
 *
 * What was started between the plan and the act, or hid behind another, is
 * found here. Each round is a new snapshot; nothing of the last one is trusted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/procfile.h"
#include "model/snapshot.h"
#include "run/exec.h"

#define ROUNDS 20
#define POLITE 2	/* rounds that begin with TERM */
#define FREEZE 4	/* from this round on: stop all first, against fork bombs */
#define BREEDERS 6	/* and from this one on nobody can fork for a moment */
#define FEW_FORKS 8	/* a look's own children, and what goes on beside it */

static bool is_victim(const struct holder *h)
{
	return h->kind == HOLDER_PROCESS && (h->out == OUT_TERM || h->out == OUT_KILL);
}

static size_t fill_victims(struct victim *v, const struct holders *hs)
{
	size_t i, n = 0;

	for (i = 0; i < hs->n; i++)
		if (is_victim(&hs->row[i]))
			v[n++] = (struct victim){ hs->row[i].pid, hs->row[i].start,
						  hs->row[i].command,
						  hs->row[i].out == OUT_KILL };
	return n;
}

static void note_kernel(struct op_ctx *ctx, const struct holders *hs)
{
	const struct holder *h;
	size_t i;

	for (i = 0; i < hs->n; i++) {
		h = &hs->row[i];
		if (h->kind == HOLDER_PROCESS && (h->out == OUT_KEEP || h->out == OUT_WAIT))
			ctx_note(ctx, "pid %d %s is kept: %s", (int)h->pid, h->command, h->what);
		else if (h->kind != HOLDER_PROCESS)
			ctx_note(ctx, "the kernel holds on: %s %s (%s), way out: %s",
				 holder_kind_name(h->kind), h->command, h->what,
				 way_out_name(h->out));
	}
}

static void note_round(struct op_ctx *ctx, unsigned round, const struct victim *v, size_t n)
{
	char who[200] = "";
	size_t i, len;

	for (i = 0; i < n && i < 4; i++) {
		len = strlen(who);
		text_fmt(who + len, sizeof(who) - len, "%s%d %s", i ? ", " : "", (int)v[i].pid,
			 v[i].name);
	}
	ctx_note(ctx, "round %u: %zu still hold%s on: %s%s", round + 1, n, n == 1 ? "s" : "", who,
		 n > 4 ? ", ..." : "");
}

static pid_t parent_of(pid_t pid, char *name, size_t size)
{
	struct proc_stat st = { .ppid = 0 }, up;
	char path[40];

	text_fmt(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (proc_stat_read(AT_FDCWD, path, &st) < 0 || st.ppid <= 1)
		return 0;
	text_fmt(path, sizeof(path), "/proc/%d/stat", (int)st.ppid);
	if (proc_stat_read(AT_FDCWD, path, &up) < 0)
		return 0;
	text_clean(name, size, up.comm);
	return st.ppid;
}

const char *who_restarts(const struct victim *v, size_t n, char *buf, size_t size)
{
	char name[64];
	size_t i, j;
	pid_t up;

	buf[0] = '\0';
	for (i = 0; i < n && !*buf; i++) {
		up = parent_of(v[i].pid, name, sizeof(name));
		for (j = 0; j < n && v[j].pid != up; j++)
			;
		if (up && j == n)
			text_fmt(buf, size, "pid %d %s", (int)up, name);
	}
	return buf;
}

/*
 * Who forks and ends, again and again, can be another one at each moment that he would have
 * been looked at or killed: where many were born meanwhile, that nobody was seen says little,
 * and that some were killed does not help in the end.
 */
static bool may_breed(size_t n, unsigned round, unsigned long born)
{
	return born > FEW_FORKS && (!n || round >= BREEDERS);
}

/* One round: how many were found, or -errno; @starter: who started them. */
static int round_once(struct op_ctx *ctx, unsigned round, int64_t until, char *starter,
		      size_t size, struct error *err)
{
	struct kill_how how = {
		.grace_ms = round < POLITE ? 1000 : 0, .freeze = round >= FREEZE,
		.until = now_ms() + 5000 < until ? now_ms() + 5000 : until,
	};
	struct snapshot *s = NULL;
	struct victim *v;
	size_t n = 0;
	int64_t begin = now_ms();
	unsigned long forks = forks_so_far();
	bool breed;
	int r = snapshot_take(SNAP_MOUNTS | SNAP_HOLDERS | SNAP_INIT, &s, err);

	if (r < 0)
		return r;
	v = calloc(s->holders.n + 1, sizeof(*v));
	if (v)
		n = fill_victims(v, &s->holders);
	else
		r = error_set(err, ENOMEM, "look again", "", NULL, "Try again.");
	breed = v && may_breed(n, round, forks_so_far() - forks);
	if (n) {
		note_round(ctx, round, v, n);
		who_restarts(v, n, starter, size);
		r = kill_victims(ctx, v, n, &how, err);
	}
	if (breed)
		n += stop_breeders(ctx, s, begin);
	if (r == 0 && !n)
		note_kernel(ctx, &s->holders);
	free(v);
	snapshot_free(s);
	return r < 0 ? r : (int)n;
}

int op_rescan(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	int64_t until = now_ms() + 1000 * (int64_t)(op->deadline_s ? op->deadline_s : 120);
	unsigned round;
	char who[200], starter[100] = "";
	int r;

	for (round = 0; round < ROUNDS && now_ms() < until; round++) {
		if (ctx_stop(ctx))
			return error_set(err, ECANCELED, "look again", "",
					 "stopped by the operator", NULL);
		r = round_once(ctx, round, until, starter, sizeof(starter), err);
		/* survivors of one round may be gone by the next */
		if (r == 0 || (r < 0 && (r != -EBUSY || round + 1 == ROUNDS)))
			return r;
	}
	return error_set(err, EBUSY, "look again", "", who_holds(0, NULL, who, sizeof(who)),
			 "%s starts processes again and again: stop it, then retry.",
			 *starter ? starter : "Something that holds nothing itself");
}
