/*
 * test_holds.c - each kind of holder for real: umount says EBUSY, the scan has
 * its word, its way out is used, and then the file system comes off and the
 * device opens exclusively. What must not count does not.
 *
 * A loop device with ext4 plays the old root's disk.
 */
#include <sys/sysmacros.h>

#include "model/blockprobe.h"
#include "model/snapshot.h"
#include "plan/common.h"
#include "run_common.h"

static char base[] = "/tmp/careen-holds.XXXXXX";
static char dir[64], hold[4200], loop[64];
static dev_t loop_dev;

/* How a row is made, and what it must be found as. */
static const struct kind {
	const char *name;	/* for hold, unless ->make is set */
	unsigned holds;		/* HOLD_* of the process */
	enum holder_kind kind;
	const char *make;	/* shell commands instead, in the base directory */
	const char *what;	/* part of what is shown */
	bool quiet;		/* umount alone does not notice, the device does */
} kinds[] = {
	{ .name = "fd", .holds = HOLD_FD, .what = "/file" },
	{ .name = "cwd", .holds = HOLD_CWD },
	{ .name = "root", .holds = HOLD_ROOT },
	{ .name = "map", .holds = HOLD_MAP, .what = "doomed" },
	{ .name = "sock", .holds = HOLD_SOCK, .what = "unix socket sock" },
	{ .name = "netns", .holds = HOLD_SOCK, .what = "unix socket sock" },
	{ .name = "scm", .holds = HOLD_SCM, .what = "1 descriptor in flight" },
	{ .name = "backlog", .holds = HOLD_SCM, .what = "1 descriptor in flight" },
	{ .name = "uring", .holds = HOLD_URING, .what = "io_uring file" },
	{ .name = "fanotify", .holds = HOLD_FANOTIFY, .what = "fanotify" },
	{ .name = "container", .holds = HOLD_ROOT, .quiet = true },
	{ .name = "respawn", .holds = HOLD_CWD },
	{ .name = "binfmt", .kind = HOLDER_BINFMT, .what = "/interpreter" },
	{ .name = "overlay", .kind = HOLDER_OVERLAY, .quiet = true, .what = "layer",
	  .make = "mkdir -p old/low old/up old/work merged && mount -t overlay none merged "
		  "-o lowerdir=$PWD/old/low,upperdir=$PWD/old/up,workdir=$PWD/old/work" },
	{ .name = "mountns", .kind = HOLDER_MOUNTNS, .quiet = true, .what = ".ns/pin" },
	{ .name = "loop", .kind = HOLDER_LOOP, .what = "/img2",
	  .make = "truncate -s 4M old/img2; losetup -f old/img2" },
	{ .name = "swap", .kind = HOLDER_SWAP, .what = "/swapfile",
	  .make = "dd if=/dev/zero of=old/swapfile bs=1M count=4 status=none; "
		  "chmod 600 old/swapfile; mkswap -q old/swapfile; swapon old/swapfile" },
};

static const char *const no_holders[] = { "inotify", "audit", "acct" };

static FILE *holding;
static int holding_pid;

/* hold says "ready PID" when it does. */
static bool start(const char *name, const char *where)
{
	char cmd[4400], line[64] = "";

	text_fmt(cmd, sizeof(cmd), "exec %s %s %s", hold, name, where);
	holding = popen(cmd, "r");
	return holding && fgets(line, sizeof(line), holding) &&
	       sscanf(line, "ready %d", &holding_pid) == 1;
}

static void end(void)
{
	if (holding)
		pclose(holding);
	holding = NULL;
}

static bool stage_mount(void)
{
	return !mount(loop, dir, "ext4", 0, NULL) && !sh("cp /bin/true %s/interpreter", dir);
}

/* Only what is mounted from our device is the old root. */
static int look(struct snapshot *s)
{
	size_t i;

	memset(s, 0, sizeof(*s));
	if (mounts_read(&s->mounts, NULL) < 0)
		return -1;
	for (i = 0; i < s->mounts.n; i++) {
		s->mounts.row[i].old = s->mounts.row[i].ns == s->mounts.own_ns &&
				       !strcmp(s->mounts.row[i].target, dir);
		s->mounts.row[i].skip = 0;
	}
	return holders_read(&s->holders, &s->mounts, &loop_dev, 1, NULL);
}

static void look_free(struct snapshot *s)
{
	holders_free(&s->holders);
	mounts_free(&s->mounts);
}

/*
 * Ours? Of the machine's other processes none holds the device, but some are
 * unknown: their namespaces are younger than the table. They are left in peace.
 */
static bool is_ours(const struct holder *h)
{
	return h->kind != HOLDER_PROCESS || !strncmp(h->command, "hold", 4);
}

static const struct holder *find(const struct snapshot *s, const struct kind *k)
{
	size_t i;

	for (i = 0; i < s->holders.n; i++) {
		const struct holder *h = &s->holders.row[i];

		if (is_ours(h) && h->kind == k->kind && (!k->holds || (h->holds & k->holds) == k->holds))
			return h;
	}
	return NULL;
}

static int run_umount(const char *target)
{
	struct op op = { .kind = OP_UMOUNT, .deadline_s = 5, .dst = (char *)target };
	struct error err;

	return run_op(&op, &err);
}

/* The way out of a kernel's holder that is no op of a plan made here. */
static void kernel_way_out(const struct holder *h)
{
	char path[300];
	struct op op = { .deadline_s = 10, .dst = path };
	struct error err;

	text_fmt(path, sizeof(path), "/dev/%s", h->command);
	if (h->out == OUT_UMOUNT) {
		is_int(run_umount(h->kind == HOLDER_OVERLAY ? h->command : h->what), 0,
		       "way out: umount");
	} else if (h->out == OUT_LOOP_DETACH) {
		op.kind = OP_LOOP_DETACH;
		is_int(run_op(&op, &err), 0, "way out: losetup -d");
	} else if (h->out == OUT_SWAPOFF) {
		op.kind = OP_SWAPOFF;
		op.dst = h->what;
		is_int(run_op(&op, &err), 0, "way out: swapoff");
	}
}

/* One round, as OP_RESCAN has it: all that holds and may be stopped. */
static void kill_round(const struct snapshot *s, unsigned round)
{
	struct kill_how how = { .until = now_ms() + 3000, .freeze = round > 0 };
	struct victim *v = calloc(s->holders.n + 1, sizeof(*v));
	struct error err;
	size_t i, n = 0;

	for (i = 0; i < s->holders.n; i++)
		if (s->holders.row[i].kind == HOLDER_PROCESS && is_ours(&s->holders.row[i]))
			v[n++] = (struct victim){ s->holders.row[i].pid, s->holders.row[i].start,
						  s->holders.row[i].command, true };
	is_int(kill_victims(&ctx, v, n, &how, &err), 0, "round %u: %zu killed", round, n);
	free(v);
}

/* All ways out, in rounds, until nothing is found. */
static bool let_go(void)
{
	struct snapshot s;
	struct plan *plan;
	struct error err;
	unsigned round;
	size_t i, n = 1;

	for (round = 0; round < 6 && n; round++) {
		if (look(&s) < 0)
			return false;
		for (i = n = 0; i < s.holders.n; i++)
			n += is_ours(&s.holders.row[i]);
		plan = plan_new("unmount", "test");
		plan_kernel(plan, &s);
		for (i = 0; i < plan->n; i++)
			is_int(run_op(&plan->ops[i], &err), 0, "way out: %s", plan->ops[i].title);
		plan_free(plan);
		for (i = 0; i < s.holders.n; i++)
			if (s.holders.row[i].kind != HOLDER_PROCESS)
				kernel_way_out(&s.holders.row[i]);
		if (n)
			kill_round(&s, round);
		look_free(&s);
	}
	return n == 0;
}

/* As OP_PROVE_OFF asks: nobody has the device. */
static void prove(const char *name)
{
	int64_t until = now_ms() + 30000;
	int fd = -1;

	is_int(run_umount(dir), 0, "%s: afterwards it comes off", name);
	/* the last references of a namespace or a ring are dropped a little later */
	while ((fd = blockdev_open_exclusive(loop)) < 0 && now_ms() < until)
		sleep_ms(10);
	ok(fd >= 0, "%s: and the device is free", name);
	close(fd);
}

static void one_kind(const struct kind *k)
{
	const struct holder *h;
	struct snapshot s;
	char holds[72];

	ok(stage_mount(), "%s: mounted", k->name);
	if (!ok(k->make ? !sh("cd %s; %s", base, k->make) : start(k->name, dir), "%s: made", k->name))
		return;
	if (!k->quiet)
		ok(umount(dir) < 0 && errno == EBUSY, "%s: umount says EBUSY", k->name);
	is_int(look(&s), 0, "%s: looked for", k->name);
	h = find(&s, k);
	ok(h != NULL, "%s: found", k->name);
	if (h) {
		printf("# %s %s | %s | %s | %s\n", holder_kind_name(h->kind),
		       holds_text(h->holds, holds, sizeof(holds)), h->command, h->what,
		       way_out_name(h->out));
		ok(!k->what || strstr(h->what, k->what), "%s: what it holds: %s", k->name, h->what);
		ok(h->out != OUT_NONE && h->out != OUT_KEEP, "%s: has a way out: %s", k->name,
		   way_out_name(h->out));
	}
	look_free(&s);
	ok(let_go(), "%s: the ways out end it", k->name);
	end();
	prove(k->name);
}

static void no_kind(const char *name)
{
	struct snapshot s;
	size_t i, n;

	ok(stage_mount(), "%s: mounted", name);
	if (!start(name, dir)) {
		ok(true, "%s # SKIP this kernel has none", name);
	} else {
		is_int(look(&s), 0, "%s: looked for", name);
		for (i = n = 0; i < s.holders.n; i++)
			n += is_ours(&s.holders.row[i]);
		is_int((long long)n, 0, "%s: does not count", name);
		look_free(&s);
	}
	prove(name);
	if (holding)
		kill(holding_pid, SIGKILL);
	end();
}

/* --- state D -------------------------------------------------------------- */

/* Does @pid wait where SIGKILL does not reach it? */
static bool in_state_d(pid_t pid)
{
	int64_t until = now_ms() + 3000;

	while (process_state(pid) != 'D' && now_ms() < until)
		sleep_ms(10);
	return process_state(pid) == 'D';
}

/* Named with its state and what it waits for, at the deadline and not later. */
static void kill_stuck(pid_t pid, const char *why, const char *hint)
{
	struct proc_id p = { .pid = pid, .start = process_start(pid), .name = "waiter",
			     .kill_now = true };
	struct op op = { .kind = OP_KILL, .deadline_s = 2, .procs = &p, .nprocs = 1 };
	int64_t began = now_ms();
	struct error err;

	is_int(run_op(&op, &err), -EBUSY, "KILL does not end it");
	ok(now_ms() - began < 4000, "it is not waited for beyond the deadline");
	ok(strstr(err.why, "waiter (state D)") && strstr(err.why, why), "it is named: %s", err.why);
	ok(strstr(err.hint, hint) != NULL, "and what would end it: %s", err.hint);
}

static bool ends(pid_t pid)
{
	int64_t until = now_ms() + 3000;

	while (waitpid(pid, NULL, WNOHANG) == 0 && now_ms() < until)
		sleep_ms(10);
	return waitpid(pid, NULL, WNOHANG) < 0;
}

static void test_frozen(void)
{
	char script[300];
	pid_t pid;

	ok(stage_mount(), "frozen: mounted");
	is_int(sh("fsfreeze -f %s", dir), 0, "frozen: it is");
	text_fmt(script, sizeof(script), "exec dd if=/dev/zero of=%s/new bs=1 count=1", dir);
	pid = start_sh(script);
	ok(in_state_d(pid), "frozen: a writer waits");
	kill_stuck(pid, "it writes to a frozen file system", "fsfreeze -u");
	is_int(sh("fsfreeze -u %s", dir), 0, "frozen: thawed, as the hint says");
	ok(ends(pid), "frozen: the process ends");
	prove("frozen");
}

static void test_fuse(void)
{
	char script[300], mnt[80];
	pid_t pid;

	text_fmt(mnt, sizeof(mnt), "%s/fuse", base);
	mkdir(mnt, 0755);
	if (!start("fuse", mnt)) {
		ok(true, "fuse # SKIP no FUSE here");
		end();
		return;
	}
	text_fmt(script, sizeof(script), "exec stat %s/file", mnt);
	pid = start_sh(script);
	kill_stuck(pid, "it waits for a FUSE server", "/sys/fs/fuse/connections");
	kill(holding_pid, SIGKILL);
	ok(ends(pid), "fuse: without the server the process ends");
	umount2(mnt, MNT_DETACH);
	end();
}

static const char *stage(const char *self)
{
	char cmd[4300], *slash;
	struct stat st;
	FILE *f;

	text_fmt(hold, sizeof(hold), "%s", self);
	slash = strrchr(hold, '/');
	text_fmt(slash ? slash : hold, 64, "/../../../tests/holders/hold");
	if (geteuid())
		return "needs root";
	if (access(hold, X_OK) < 0)
		return "no hold program";
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return "no mount namespace of our own";
	if (!mkdtemp(base))
		return "no directory";
	text_fmt(dir, sizeof(dir), "%s/old", base);
	text_fmt(cmd, sizeof(cmd), "cd %s && mkdir old && truncate -s 64M img && "
		 "mke2fs -q -t ext4 -F img && losetup -f --show img", base);
	f = popen(cmd, "r");
	if (!f || fscanf(f, "%63s", loop) != 1 || pclose(f) || stat(loop, &st) < 0)
		return "no loop device";
	loop_dev = st.st_rdev;
	sh("grep -q binfmt_misc /proc/mounts || "
	   "mount -t binfmt_misc none /proc/sys/fs/binfmt_misc 2>/dev/null");
	return NULL;
}

int main(int argc, char **argv)
{
	const char *why = stage(argv[0]);
	size_t i;

	(void)argc;
	if (why) {
		printf("1..0 # SKIP %s\n", why);
		return 0;
	}
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		one_kind(&kinds[i]);
	for (i = 0; i < sizeof(no_holders) / sizeof(no_holders[0]); i++)
		no_kind(no_holders[i]);
	test_frozen();
	test_fuse();
	sh("losetup -d %s; umount %s.ns 2>/dev/null; rm -rf %s", loop, dir, base);
	return done_testing();
}
