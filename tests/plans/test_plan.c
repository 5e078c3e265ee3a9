/*
 * test_plan.c - plans are pure: made here from made-up snapshots, and compared
 * with tests/plans/NAME.txt (CAREEN_UPDATE=1 writes those anew).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <errno.h>
#include <unistd.h>

#include "model/stack.h"
#include "model/unfinished.h"
#include "base/text.h"
#include "plan/deadman.h"
#include "plan/step.h"
#include "plan/strategy.h"
#include "plan/tool.h"
#include "tap.h"

/* makedev(3) is a function; glibc puts small numbers together like this */
#define DEV(major, minor) ((dev_t)((major) << 8 | (minor)))
#define VDA1 DEV(254, 1)

/* A rescue's own mountinfo before the detach: both trees say "/" and "/proc". */
static const char before[] =
	"1 1 0:2 / / rw - rootfs rootfs rw\n"
	"20 1 0:18 / /proc rw - proc proc rw\n"
	"21 1 0:5 / /dev rw - devtmpfs udev rw\n"
	"28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n"
	"29 28 0:18 / /proc rw shared:2 - proc proc rw\n"
	"30 28 0:5 / /dev rw shared:3 - devtmpfs udev rw\n"
	"31 30 0:22 / /dev/pts rw shared:4 - devpts devpts rw\n"
	"32 28 0:23 / /run rw shared:5 - tmpfs tmpfs rw\n"
	"33 28 0:40 / /mnt/nfs rw shared:6 - nfs far:/export rw\n"
	"34 28 7:0 / /mnt/img rw shared:7 - ext4 /dev/loop0 rw\n";
static const char after[] =
	"1 1 0:2 / / rw - rootfs rootfs rw\n"
	"20 1 0:18 / /proc rw - proc proc rw\n"
	"21 1 0:5 / /dev rw - devtmpfs udev rw\n"
	"28 1 254:1 / /oldroot rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n"
	"29 28 0:18 / /oldroot/proc rw shared:2 - proc proc rw\n"
	"30 28 0:5 / /oldroot/dev rw shared:3 - devtmpfs udev rw\n"
	"31 30 0:22 / /oldroot/dev/pts rw shared:4 - devpts devpts rw\n"
	"32 28 0:23 / /oldroot/run rw shared:5 - tmpfs tmpfs rw\n"
	"33 28 0:40 / /oldroot/mnt/nfs rw shared:6 - nfs far:/export rw\n"
	"34 28 7:0 / /oldroot/mnt/img rw shared:7 - ext4 /dev/loop0 rw\n";
static const char off[] =
	"1 1 0:2 / / rw - rootfs rootfs rw\n"
	"20 1 0:18 / /proc rw - proc proc rw\n"
	"21 1 0:5 / /dev rw - devtmpfs udev rw\n";

/* In a tree of careen enter: its own mounts, then what is around it. */
static const char around[] =
	"60 59 0:60 / / rw - tmpfs careen rw\n"
	"61 60 0:18 / /proc rw - proc proc rw\n"
	"28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n"
	"29 28 0:18 / /proc rw shared:2 - proc proc rw\n"
	"32 28 0:23 / /run rw shared:5 - tmpfs tmpfs rw\n"
	"59 32 0:23 /careen /run/careen rw - tmpfs tmpfs rw\n";

/* As `ip netns add` leaves it: the namespace is pinned in /run, and in what hides that. */
static const char netns[] =
	"1 1 0:2 / / rw - rootfs rootfs rw\n"
	"28 1 254:1 / /oldroot rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
	"32 28 0:23 / /oldroot/run rw shared:5 - tmpfs tmpfs rw\n"
	"40 32 0:23 /netns /oldroot/run/netns rw shared:5 - tmpfs tmpfs rw\n"
	"41 40 0:4 net:[4026532255] /oldroot/run/netns/far rw shared:8 - nsfs nsfs rw\n"
	"42 32 0:4 net:[4026532255] /oldroot/run/netns/far rw shared:8 - nsfs nsfs rw\n";

/* The root itself from a server. */
static const char diskless[] =
	"1 1 0:2 / / rw - rootfs rootfs rw\n"
	"28 1 0:41 / / rw,relatime shared:1 - nfs4 far:/export/db1 rw,vers=4.2\n";

/* What the record has of such a system, pseudo file systems of all kinds. */
static const char record[] =
	"28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n"
	"30 28 0:5 / /dev rw shared:3 - devtmpfs udev rw\n"
	"31 30 0:22 / /dev/pts rw shared:4 - devpts devpts rw\n"
	"35 30 0:32 / /dev/hugepages rw,nosuid,nodev,relatime shared:8 - hugetlbfs hugetlbfs rw,pagesize=2M\n"
	"36 28 0:24 / /sys rw shared:9 - sysfs sysfs rw\n"
	"37 36 0:7 / /sys/kernel/debug rw,nosuid,nodev,noexec,relatime shared:10 - debugfs debugfs rw\n"
	"38 36 0:33 / /sys/fs/cgroup rw shared:11 - cgroup2 cgroup2 rw\n";
/* init is in /usr, which is on another disk. */
static const char usr[] =
	"28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n"
	"29 28 254:16 / /usr ro,relatime shared:2 - xfs /dev/vdb rw,attr2,noquota\n";

#define S(x) ((char *)(x))
static struct holder procs[] = {
	{ .kind = HOLDER_LOOP, .out = OUT_LOOP_DETACH, .command = S("loop0"),
	  .what = S("/srv/img.raw"), .cmdline = S(""), .unit = S(""), .dev = VDA1 },
	{ .kind = HOLDER_PROCESS, .out = OUT_KEEP, .pid = 1, .start = 1, .command = S("systemd"),
	  .cmdline = S("/sbin/init"), .what = S("/"), .unit = S("init.scope") },
	{ .kind = HOLDER_PROCESS, .out = OUT_KILL, .pid = 312, .start = 800, .command = S("dhclient"),
	  .cmdline = S("dhclient ens3"), .what = S("/"), .unit = S("networking.service") },
	{ .kind = HOLDER_PROCESS, .out = OUT_TERM, .pid = 712, .start = 900,
	  .command = S("post\033[31mgres"), .cmdline = S("postgres"), .what = S("/var/lib"),
	  .unit = S("postgresql@15-main.service") },
};
/* Two loop devices, a mirror of both, a map on that; and what the kernel has open. */
static struct holder kernel[] = {
	{ .kind = HOLDER_LOOP, .out = OUT_LOOP_DETACH, .command = S("loop0"),
	  .what = S("/srv/a.raw"), .dev = VDA1 },
	{ .kind = HOLDER_LOOP, .out = OUT_LOOP_DETACH, .command = S("loop1"),
	  .what = S("/srv/b.raw"), .dev = VDA1 },
	{ .kind = HOLDER_DM, .out = OUT_DM, .command = S("dm-0"), .what = S("backup on md127"),
	  .dev = DEV(9, 127) },
	{ .kind = HOLDER_MD, .out = OUT_MD, .command = S("md127"), .what = S("md127 on loop0"),
	  .dev = DEV(7, 0) },
	{ .kind = HOLDER_MD, .out = OUT_MD, .command = S("md127"), .what = S("md127 on loop1"),
	  .dev = DEV(7, 1) },
	{ .kind = HOLDER_NFSD, .out = OUT_NFSD, .command = S("10.0.0.0/8"), .what = S("/srv"),
	  .dev = VDA1 },
	{ .kind = HOLDER_NFSD, .out = OUT_NFSD, .command = S("10.0.0.0/8"), .what = S("/home"),
	  .dev = VDA1 },
	{ .kind = HOLDER_BINFMT, .out = OUT_BINFMT, .command = S("qemu-arm"),
	  .what = S("/usr/bin/qemu-arm-static"), .dev = VDA1 },
};

#define STACKED(major, minor, called, sort) { .dev = DEV(major, minor), .name = called, \
	.path = "/dev/" called, .type = sort, .model = S(""), .serial = S(""), .fstype = S(""), \
	.label = S(""), .uuid = S(""), .used_by = S(""), .parent = -1 }
static struct blockdev stack[] = {
	STACKED(7, 0, "loop0", "loop"), STACKED(7, 1, "loop1", "loop"),
	STACKED(9, 127, "md127", "md"), STACKED(253, 0, "dm-0", "dm"),
};

static struct blockdev devs[] = {
	{ .dev = DEV(254, 0), .name = "vda", .path = "/dev/vda", .type = "disk", .size = 2ull << 30,
	  .model = S(""), .serial = S("CAREEN0001"), .fstype = S(""), .label = S(""), .uuid = S(""),
	  .used_by = S(""), .on = S(""), .parent = -1, .old_root = true },
	{ .dev = VDA1, .name = "vda1", .path = "/dev/vda1", .type = "part", .size = 1ull << 30,
	  .model = S(""), .serial = S("CAREEN0001"), .fstype = S("ext4"), .label = S("root"),
	  .uuid = S("11111111-2222-3333-4444-555555555555"), .used_by = S(""), .on = S("vda"), .parent = 0,
	  .depth = 1, .old_root = true },
	{ .dev = DEV(254, 16), .name = "vdb", .path = "/dev/vdb", .type = "disk", .size = 1ull << 29,
	  .model = S(""), .serial = S(""), .fstype = S(""), .label = S(""), .uuid = S(""),
	  .used_by = S(""), .on = S(""), .parent = -1 },
};

static void fill(struct snapshot *s, const char *mountinfo)
{
	memset(s, 0, sizeof(*s));
	s->parts = SNAP_ALL;
	s->host.place = PLACE_RESCUE;
	s->host.root = true;
	s->host.mem_total = 1ull << 30;
	s->host.mem_available = 700ull << 20;
	if (mounts_parse(&s->mounts, mountinfo, 1, NULL) < 0)
		abort();
	s->mounts.n_own = s->mounts.n;
	s->mounts.own_ns = 1;
	s->devs = (struct blockdevs){ .row = devs, .n = 3 };
	s->lifeline = (struct lifeline){ .pid = 80, .listener = 81, .port = 1022,
					 .sessions = 1, .in_ram = true, .own_session = 900 };
	strcpy(s->old.source, "/dev/vda1");
	strcpy(s->old.fstype, "ext4");
	strcpy(s->old.options, "rw,relatime,errors=remount-ro");
	strcpy(s->old.uuid, devs[1].uuid);
	s->old.devs[0] = VDA1;
	s->old.devs[1] = DEV(254, 0);
	s->old.ndevs = 2;
	s->old.known = true;
	s->init = (struct init){ .kind = INIT_SYSTEMD, .rc = RC_SYSTEMD, .name = "systemd",
				 .version = "257",
				 .exe = "/usr/lib/systemd/systemd", .boot = "/sbin/init", .yama = -1 };
}

static void holders_are(struct snapshot *s, size_t first, size_t n)
{
	s->holders = (struct holders){ .row = procs + first, .n = n };
	for (size_t i = first; i < first + n; i++)
		procs[i].kind == HOLDER_PROCESS ? s->holders.n_process++ : s->holders.n_kernel++;
}

static void detached(struct snapshot *s, const char *mountinfo)
{
	fill(s, mountinfo);
	s->init.kind = INIT_STUB;
	s->init.in_rescue = true;
	strcpy(s->init.name, "stub");
}

static char *step_text(const struct snapshot *s, const struct step *step,
		       const struct plan_opts *opts)
{
	struct plan *plan = NULL;
	struct error err = { 0 };
	char *text = NULL, buf[1024];
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	int r = step->plan(s, opts, &plan, &err);

	if (r == 0)
		plan_print(plan, f);
	else
		fprintf(f, "%d: %s\n", r, error_text(&err, buf, sizeof(buf)));
	fclose(f);
	plan_free(plan);
	return text;
}

static char *plan_text(const struct snapshot *s, const char *step, const struct plan_opts *opts)
{
	return step_text(s, step_find(step), opts);
}

static bool preflight_says(const struct snapshot *s, const char *text)
{
	struct finding f[FINDINGS];
	size_t n = preflight_findings(s, f);

	for (size_t i = 0; i < n; i++)
		if (strstr(f[i].text, text))
			return true;
	return false;
}

static int preflight_level(const struct snapshot *s, const char *what)
{
	struct finding f[FINDINGS];
	size_t n = preflight_findings(s, f);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(f[i].what, what))
			return (int)f[i].level;
	return -1;
}

static char *slurp(const char *path)
{
	char *text = calloc(1, 65536);
	FILE *f = fopen(path, "r");

	if (f) {
		size_t n = fread(text, 1, 65535, f);

		text[n] = '\0';
		fclose(f);
	}
	return text;
}

static void golden(const char *name, char *got)
{
	char path[128];
	char *want;
	FILE *f;

	snprintf(path, sizeof(path), "tests/plans/%s.txt", name);
	if (getenv("CAREEN_UPDATE") && (f = fopen(path, "w"))) {
		fputs(got, f);
		fclose(f);
	}
	want = slurp(path);
	ok(!strcmp(got, want), "plan %s is as in %s", name, path);
	if (strcmp(got, want))
		printf("# got:\n%s\n", got);
	free(want);
	free(got);
}

static const char *refusal(const struct snapshot *s, const char *step, const struct plan_opts *opts,
			   int want)
{
	static char buf[1024];
	struct error err = { 0 };
	struct plan *plan = NULL;
	int r = step_find(step)->plan(s, opts, &plan, &err);

	is_int(r, want, "%s is refused", step);
	plan_free(plan);
	return error_text(&err, buf, sizeof(buf));
}

static void test_before(void)
{
	struct snapshot s;
	struct step_state st;

	fill(&s, before);
	holders_are(&s, 0, 4);
	is_str(step_next(&s)->name, "detach", "before: detach is next");
	golden("preflight", plan_text(&s, "preflight", NULL));
	golden("detach", plan_text(&s, "detach", NULL));
	golden("detach-clean", plan_text(&s, "detach", &(struct plan_opts){ .clean = true }));
	golden("detach-ptrace", plan_text(&s, "detach", &(struct plan_opts){ .strategy = "ptrace" }));
	refusal(&s, "kill", NULL, -EPERM);
	refusal(&s, "unmount", NULL, -EPERM);
	refusal(&s, "repair", &(struct plan_opts){ .device = "vda1", .tool = "ext4-fix" }, -EPERM);
	refusal(&s, "resume", NULL, -EALREADY);
	refusal(&s, "detach", &(struct plan_opts){ .strategy = "magic" }, -EINVAL);
	s.init.frozen = true;
	golden("detach-frozen", plan_text(&s, "detach", NULL));
	step_detach.state(&s, &st);
	ok(strstr(st.why, "has frozen itself"), "a frozen PID 1: Detach says so");
	ok(preflight_says(&s, "has frozen itself; it can be taken by ptrace"), "and Preflight how to take it");
	refusal(&s, "detach", &(struct plan_opts){ .strategy = "reexec" }, -ENOTSUP);
	s.init.yama = 3;
	refusal(&s, "detach", NULL, -EPERM);
	s.init.frozen = false;
	s.init.yama = 0;
	s.host.swap_used = 1ull << 40;
	ok(strstr(refusal(&s, "detach", NULL, -EPERM), "swap"), "more in swap than fits: said so");
	s.host.swap_used = 0;
	s.lifeline.in_ram = false;
	strcpy(s.lifeline.why, "the shell's cwd is /root of the disk");
	step_detach.state(&s, &st);
	is_int(st.status, STEP_BLOCKED, "a lifeline that is not in RAM blocks");
	s.lifeline.in_ram = s.lifeline.from_here = true;
	step_detach.state(&s, &st);
	is_int(st.status, STEP_BLOCKED, "so does a session that comes from the machine itself");
	s.lifeline.from_here = false;
	s.net.filtered = true;
	is_int(preflight_level(&s, "Firewall"), FIND_OK, "a firewall has let this session through");
	s.lifeline.own_session = 0;
	is_int(preflight_level(&s, "Firewall"), FIND_NOTE, "without a session nobody knows");
	s.host.place = PLACE_CONTAINER;
	refusal(&s, "detach", NULL, -EPERM);
	mounts_free(&s.mounts);
}

/* The volumes of a machine on a disk of a storage network. */
static void test_far_disks(void)
{
	static struct holder mdmon = { .kind = HOLDER_PROCESS, .out = OUT_KEEP, .pid = 300,
		.holds = HOLD_EXE, .command = S("mdmon"), .cmdline = S("@usr/sbin/mdmon md127"),
		.what = S("serves storage"), .unit = S("") };
	struct blockdev rows[3];
	struct snapshot s;

	memcpy(rows, devs, sizeof(rows));
	fill(&s, before);
	s.devs.row = rows;
	rows[1].used_by = S("/");
	strcpy(rows[0].transport, "iscsi");
	ok(strstr(refusal(&s, "detach", NULL, -EPERM), "carries the root over iSCSI, and iscsid"),
	   "a root over iSCSI: said why not");
	rows[0].transport[0] = '\0';
	rows[2].old_root = true;
	rows[2].used_by = S("/srv");
	strcpy(rows[2].transport, "iscsi");
	ok(preflight_says(&s, "/dev/vdb is used over iSCSI"), "another disk over iSCSI: a note");
	is_str(step_next(&s)->name, "detach", "and the detach goes on");
	strcpy(rows[2].transport, "nbd");
	ok(strstr(refusal(&s, "detach", NULL, -EPERM), "nbd-client"), "over NBD: refused");
	rows[2].old_root = false;
	s.holders = (struct holders){ .row = &mdmon, .n = 1, .n_process = 1 };
	ok(strstr(refusal(&s, "detach", NULL, -EPERM), "mdmon (pid 300) serves storage"),
	   "who must not end and lives on the root: refused");
	mounts_free(&s.mounts);
	fill(&s, diskless);
	ok(strstr(refusal(&s, "detach", NULL, -EPERM), "nfs4 on far:/export/db1 needs the network"),
	   "a root on NFS: refused");
	mounts_free(&s.mounts);
}

/*
 * A server with more of everything than fits into a list: what blocks is never what is left
 * out, and what carries the root is known to the last.
 */
static void test_many(void)
{
	static struct blockdev rows[90];
	struct step_state st = { 0 };
	struct plan *plan = NULL;
	struct snapshot s;
	char *text;
	size_t i, n;

	fill(&s, before);
	memcpy(rows, devs, sizeof(devs));
	for (i = 3; i < 90; i++) {
		rows[i] = devs[2];
		rows[i].old_root = true;
		rows[i].used_by = S("/srv");
		text_fmt(rows[i].name, sizeof(rows[i].name), "sd%zu", i);
		text_fmt(rows[i].path, sizeof(rows[i].path), "/dev/sd%zu", i);
		strcpy(rows[i].transport, "iscsi");
	}
	s.devs = (struct blockdevs){ .row = rows, .n = 90 };
	is_str(step_next(&s)->name, "detach", "a crowd of notes blocks nothing");
	s.lifeline.in_ram = false;
	strcpy(s.lifeline.why, "the shell's cwd is /root of the disk");
	ok(strstr(refusal(&s, "detach", NULL, -EPERM), "not wholly in RAM"), "what blocks is not lost in it");
	ok(preflight_says(&s, "not wholly in RAM"), "and is said");
	step_preflight.state(&s, &st);
	is_int(st.count, 1, "it counts once");
	s.lifeline.in_ram = true;
	s.old.ndevs = sizeof(s.old.devs) / sizeof(s.old.devs[0]);
	ok(strstr(refusal(&s, "detach", NULL, -EPERM), "more than careen can keep in mind"),
	   "a root on more devices than can be known: refused");
	s.old.ndevs = 2;
	s.old.nlayers = sizeof(s.old.layer) / sizeof(s.old.layer[0]);
	refusal(&s, "detach", NULL, -EPERM);
	mounts_free(&s.mounts);

	detached(&s, off);
	memcpy(rows, devs, sizeof(devs));
	for (i = 3; i < 90; i++) {
		rows[i] = devs[2];
		text_fmt(rows[i].name, sizeof(rows[i].name), "dm-%zu", i);
		strcpy(rows[i].type, "lvm");
		rows[i].on = S("vda1");
	}
	s.devs = (struct blockdevs){ .row = rows, .n = 90 };
	is_int(step_find("unmount")->plan(&s, NULL, &plan, NULL), 0, "a root beside 87 volumes: a plan");
	for (i = n = 0; plan && i < plan->n; i++)
		n += plan->ops[i].kind == OP_PROVE_OFF && text_has_word(plan->ops[i].src, "dm-3") &&
		     text_has_word(plan->ops[i].src, "dm-89");
	is_int((long)n, 2, "the proof of the disk and of the partition knows each of them");
	plan_free(plan);
	text = plan_text(&s, "unmount", NULL);
	ok(strstr(text, "carries only dm-3 dm-4 dm-5 dm-6 and 83 more"), "and its title stays short");
	free(text);
	mounts_free(&s.mounts);
}

static void test_inits(void)
{
	static const struct {
		enum init_kind kind;
		enum rc_kind rc;
		const char *name, *exe;
		const char *golden;	/* of its clean detach; NULL: none is looked at */
		bool reexec;
	} rows[] = {
		{ INIT_SYSVINIT, RC_SYSV, "sysvinit", "/usr/sbin/init", "detach-sysvinit", true },
		{ INIT_SYSVINIT, RC_OPENRC, "sysvinit", "/usr/sbin/init", NULL, true },
		{ INIT_OPENRC, RC_OPENRC, "openrc-init", "/usr/sbin/openrc-init", "detach-openrc", true },
		{ INIT_RUNIT, RC_RUNIT, "runit", "/usr/sbin/runit", "detach-runit", false },
		{ INIT_BUSYBOX, RC_NONE, "busybox", "/usr/bin/busybox", NULL, false },
		{ INIT_UNKNOWN, RC_NONE, "myinit", "/sbin/myinit", NULL, false },
	};
	const struct plan_opts clean = { .clean = true };
	struct snapshot s;
	size_t i;

	fill(&s, before);
	holders_are(&s, 0, 4);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		s.init.kind = rows[i].kind;
		s.init.rc = rows[i].rc;
		strcpy(s.init.name, rows[i].name);
		strcpy(s.init.exe, rows[i].exe);
		is_str(strategy_best(&s)->name, rows[i].reexec ? "reexec" : "ptrace",
		       "%s: the best way to take it", s.init.name);
		if (rows[i].golden)
			golden(rows[i].golden, plan_text(&s, "detach", &clean));
		if (!rows[i].reexec)
			refusal(&s, "detach", &(struct plan_opts){ .strategy = "reexec" }, -ENOTSUP);
		if (s.init.rc == RC_NONE)
			ok(strstr(refusal(&s, "detach", &clean, -ENOTSUP), "without --clean"),
			   "%s stops no services: said so", s.init.name);
	}
	mounts_free(&s.mounts);
}

static void test_half(void)
{
	struct snapshot s;

	fill(&s, after);
	holders_are(&s, 1, 3);
	golden("resume-half", plan_text(&s, "resume", NULL));
	golden("detach-half", plan_text(&s, "detach", NULL));
	mounts_free(&s.mounts);
}

static void test_detached(void)
{
	struct snapshot s;
	char *text;

	detached(&s, after);
	holders_are(&s, 2, 2);
	is_str(step_next(&s)->name, "kill", "detached: kill is next");
	golden("kill", plan_text(&s, "kill", NULL));
	procs[2].out = OUT_WAIT;
	text = plan_text(&s, "kill", NULL);
	ok(strstr(text, "Left alone: dhclient, pid 312") && strstr(text, "stop 1 process"),
	   "a tool at work is left alone, which the plan says");
	free(text);
	procs[2].out = OUT_KILL;
	golden("resume-holders", plan_text(&s, "resume", NULL));
	refusal(&s, "unmount", NULL, -EPERM);
	refusal(&s, "detach", NULL, -EALREADY);
	holders_are(&s, 0, 1);
	is_str(step_next(&s)->name, "unmount", "killed: unmount is next");
	golden("unmount", plan_text(&s, "unmount", NULL));
	refusal(&s, "kill", NULL, -EALREADY);
	s.job.running = true;
	strcpy(s.job.id, "0007");
	refusal(&s, "unmount", NULL, -EBUSY);
	mounts_free(&s.mounts);
}

static void test_deadman(void)
{
	struct snapshot s;
	char why[200];

	fill(&s, before);
	holders_are(&s, 0, 4);
	s.settings = (struct settings){ .deadman_s = 900, .relogin_s = 120 };
	golden("detach-armed", plan_text(&s, "detach", NULL));
	mounts_free(&s.mounts);
	detached(&s, after);
	holders_are(&s, 2, 2);
	s.settings = (struct settings){ .deadman_s = 900, .relogin_s = 120 };
	s.deadman = (struct deadman){ .armed = true, .period_s = 900, .end = "hold" };
	golden("kill-relogin", plan_text(&s, "kill", NULL));
	golden("resume-armed", plan_text(&s, "resume", NULL));
	golden("resume-deadman", plan_text(&s, "resume", &(struct plan_opts){ .by_deadman = true }));
	is_int(deadman_end(&s, why, sizeof(why)), DEADMAN_RESUMES, "dead-man: nothing written, it resumes");
	text_fmt(s.old.layer[0].type, sizeof(s.old.layer[0].type), "crypt");
	text_fmt(s.old.layer[0].name, sizeof(s.old.layer[0].name), "cryptroot");
	s.old.nlayers = 1;
	s.parts |= SNAP_DEVICES;
	is_int(deadman_end(&s, why, sizeof(why)), DEADMAN_HOLDS,
	       "dead-man: what only a secret opens is closed, it holds");
	ok(strstr(why, "cryptroot") != NULL, "dead-man: it says what");
	s.old.nlayers = 0;
	s.old.written = true;
	is_int(deadman_end(&s, why, sizeof(why)), DEADMAN_HOLDS, "dead-man: written to, it holds");
	text_fmt(s.deadman.end, sizeof(s.deadman.end), "reboot");
	is_int(deadman_end(&s, why, sizeof(why)), DEADMAN_REBOOTS, "dead-man: unless another end is chosen");
	mounts_free(&s.mounts);
}

static void test_hidden(void)
{
	static const int want[] = { 41, 40, 42, 32, 28 };
	struct plan *plan = NULL;
	struct snapshot s;
	size_t i, n = 0;

	detached(&s, netns);
	is_int(step_unmount.plan(&s, NULL, &plan, NULL), 0, "a mount below another: a plan");
	for (i = 0; plan && i < plan->n; i++)
		if (plan->ops[i].kind == OP_UMOUNT && n < 5)
			is_int(plan->ops[i].mount_id, want[n++], "what hides it comes off before it");
	is_int(n, 5, "all come off");
	plan_free(plan);
	mounts_free(&s.mounts);
}

static void look_around(struct snapshot *s)
{
	size_t i;

	for (i = 0; i < s->mounts.n; i++)
		s->mounts.row[i].old = s->mounts.row[i].id < 60;
	strcpy(s->mounts.around, "/proc/1/root");
	s->host.entered = true;
}

static void test_around(void)
{
	struct step_state st;
	struct snapshot s;

	fill(&s, around);
	look_around(&s);
	holders_are(&s, 1, 3);
	is_str(step_next(&s)->name, "detach", "around: detach is next");
	golden("detach-around", plan_text(&s, "detach", NULL));
	refusal(&s, "resume", NULL, -EALREADY);
	mounts_free(&s.mounts);
	detached(&s, around);
	look_around(&s);
	holders_are(&s, 2, 2);
	step_detach.state(&s, &st);
	ok(st.status == STEP_READY && strstr(st.why, "Half done"), "handed over, not pivoted: half done");
	golden("detach-waits", plan_text(&s, "detach", NULL));
	golden("resume-waits", plan_text(&s, "resume", NULL));
	refusal(&s, "kill", NULL, -EPERM);
	refusal(&s, "unmount", NULL, -EPERM);
	mounts_free(&s.mounts);
}

static void test_enter(void)
{
	const struct plan_opts replace = { .replace = true };
	struct snapshot s;

	fill(&s, before);
	golden("enter-rescue", step_text(&s, &step_enter, NULL));
	s.host.place = PLACE_UNPREPARED;
	golden("enter", step_text(&s, &step_enter, NULL));
	golden("leave-none", step_text(&s, &step_leave, NULL));
	s.host.entered = true;
	golden("enter-again", step_text(&s, &step_enter, NULL));
	s.host.place = PLACE_NORMAL;
	golden("enter-there", step_text(&s, &step_enter, NULL));
	golden("enter-replace", step_text(&s, &step_enter, &replace));
	golden("leave", step_text(&s, &step_leave, NULL));
	s.host.root = false;
	golden("enter-user", step_text(&s, &step_enter, NULL));
	mounts_free(&s.mounts);
}

/* From the top of the stack down, each once. */
static void test_kernel(void)
{
	struct snapshot s;
	size_t i;

	detached(&s, after);
	s.mounts.n -= 2;	/* without what is mounted from loop0 and from a server */
	s.mounts.n_own -= 2;
	for (i = 0; i < s.mounts.n; i++)
		if (!strcmp(s.mounts.row[i].target, "/oldroot/proc"))
			s.mounts.row[i].fstype = S("binfmt_misc");
	s.holders = (struct holders){ .row = kernel, .n = 8, .n_kernel = 8 };
	s.devs = (struct blockdevs){ .row = stack, .n = 4 };
	golden("unmount-kernel", plan_text(&s, "unmount", NULL));
	s.mounts.n += 2;
	mounts_free(&s.mounts);
}

#define COPY(...) &(struct plan_opts){ __VA_ARGS__ }
#define ANSWERS(...) .answers = (const char *const[]){ __VA_ARGS__, NULL }

static void test_vault(struct snapshot *s)
{
	struct vault_entry e = {
		.id = "0003", .device = "/dev/sda1", .part = "1", .serial = "CAREEN0001",
		.size = 1ull << 30, .before = "Make an ext4 file system", .what = "first and last MiB",
	};

	s->vault = (struct vault){ .row = &e, .n = 1 };
	golden("vault-restore", plan_text(s, "repair", COPY(.entry = "3")));
	refusal(s, "repair", COPY(.entry = "4"), -ENOENT);
	strcpy(e.serial, "ANOTHER");
	ok(strstr(refusal(s, "repair", COPY(.entry = "3"), -ENODEV), "No other is written to"),
	   "the disk it is of is not here");
	e.serial[0] = '\0';
	refusal(s, "repair", COPY(.entry = "3"), -ENODEV);
	strcpy(e.serial, "CAREEN0001");
	e.size++;
	refusal(s, "repair", COPY(.entry = "3"), -ENODEV);
	s->vault = (struct vault){ 0 };
}

static void test_copies(struct snapshot *s)
{
	golden("copy", plan_text(s, "repair", COPY(.device = "vda", .tool = "copy-onto", ANSWERS("src=/dev/vdb"))));
	golden("copy-on", plan_text(s, "repair", COPY(.device = "vda", .tool = "copy-onto",
		ANSWERS("src=vdb", "offset=8192", "verify=no"))));
	golden("rescue", plan_text(s, "repair", COPY(.device = "vda", .tool = "rescue-onto", ANSWERS("src=/dev/vdb"))));
	golden("image", plan_text(s, "repair", COPY(.device = "vda1", .tool = "write-image", ANSWERS("src=/mnt/a b.img"))));
	golden("image-packed", plan_text(s, "repair", COPY(.device = "vda1", .tool = "write-image",
		ANSWERS("src=/mnt/a.img.zst", "offset=4096"))));
	golden("image-stream", plan_text(s, "repair", COPY(.device = "vda1", .tool = "write-image", .stream = true)));
	golden("image-stream-on", plan_text(s, "repair", COPY(.device = "vda1", .tool = "write-image",
		.stream = true, ANSWERS("offset=12288", "compress=gzip"))));
	golden("image-stream-size", plan_text(s, "repair", COPY(.device = "vda1", .tool = "write-image",
		.stream = true, ANSWERS("size=1000000"))));
	golden("save-packed", plan_text(s, "repair", COPY(.device = "vda1", .tool = "save-image", ANSWERS("dst=/mnt/a.xz"))));
	golden("save-stream", plan_text(s, "repair", COPY(.device = "vda1", .tool = "save-image", .stream = true)));
	golden("save-stream-packed", plan_text(s, "repair", COPY(.device = "vda1", .tool = "save-image",
		.stream = true, ANSWERS("compress=zstd"))));
	golden("wipe", plan_text(s, "repair", COPY(.device = "vda1", .tool = "wipe-zero")));
	golden("discard", plan_text(s, "repair", COPY(.device = "vda1", .tool = "wipe-discard", ANSWERS("verify=no"))));
	refusal(s, "repair", COPY(.device = "vda1", .tool = "write-image"), -EINVAL);
	refusal(s, "repair", COPY(.device = "vda1", .tool = "ext4-fix", .stream = true), -EINVAL);
	refusal(s, "repair", COPY(.device = "vda1", .tool = "write-image", .stream = true, ANSWERS("offset=100")), -EINVAL);
	refusal(s, "repair", COPY(.device = "vda1", .tool = "write-image", .stream = true,
		ANSWERS("offset=1073741824")), -EINVAL);
	refusal(s, "repair", COPY(.device = "vda1", .tool = "write-image", .stream = true, ANSWERS("offset=x")), -EINVAL);
	refusal(s, "repair", COPY(.device = "vda1", .tool = "write-image", .stream = true, ANSWERS("compress=rar")), -EINVAL);
	refusal(s, "repair", COPY(.device = "vda1", .tool = "write-image", .stream = true, ANSWERS("sha256=12")), -EINVAL);
	refusal(s, "repair", COPY(.device = "vda1", .tool = "write-image", .stream = true, ANSWERS("size=1M")), -EINVAL);
	refusal(s, "repair", COPY(.device = "vda1", .tool = "write-image", .stream = true,
		ANSWERS("offset=8192", "size=8192")), -EINVAL);
	refusal(s, "repair", COPY(.device = "vda1", .tool = "write-image", .stream = true,
		ANSWERS("size=1073741825")), -ENOSPC);
	refusal(s, "repair", COPY(.device = "vda1", .tool = "write-image", .stream = true, ANSWERS("verify=maybe")), -EINVAL);
	refusal(s, "repair", COPY(.device = "vda1", .tool = "save-image", ANSWERS("dst=/mnt/a", "offset=4096")), -EINVAL);
	test_vault(s);
}

/* vda1 could not be looked at in time: its disk is slow, or somebody keeps it busy. */
static void test_silent(struct snapshot *s)
{
	const struct plan_opts fix = { .device = "vda1", .tool = "ext4-fix" };
	const char *src[] = { "src=/dev/vda1", NULL };
	struct holders none = { 0 }, works = s->holders;
	struct blockdev was = devs[1];
	const char *said;

	devs[1].silent = devs[1].busy_open = true;
	devs[1].fstype = devs[1].uuid = S("");
	devs[1].used_by = S("does not answer");
	said = refusal(s, "repair", &fix, -ETIMEDOUT);
	ok(strstr(said, "/dev/vda1: it could not be looked at in time, so that what is on it is not known"),
	   "a device that does not answer is said to hold nothing");
	ok(strstr(said, "resize2fs, pid 4711, is at work on its disk: wait"), "who works on it");
	ok(strstr(refusal(s, "repair", &(struct plan_opts){ .device = "vda", .tool = "wipe-zero" }, -ETIMEDOUT),
		  "/dev/vda1"), "nor is its disk written to");
	ok(strstr(refusal(s, "repair", &(struct plan_opts){ .device = "vdb", .tool = "copy-onto", .answers = src },
			  -ENOSPC), "smaller"), "what is known of it is said");
	s->holders = none;
	said = refusal(s, "repair", &fix, -ETIMEDOUT);
	ok(strstr(said, "Look again in a moment; if it stays so"), "nobody works on it: what to do");
	ok(strstr(refusal(s, "resume", NULL, -ETIMEDOUT), "/dev/vda1"),
	   "nor does Resume believe that no device holds the root");
	devs[1] = was;
	s->holders = works;
	devs[1].busy_open = true;
	ok(strstr(refusal(s, "repair", &fix, -EBUSY), "resize2fs, pid 4711: wait until it has come to its end"),
	   "one that answers, and is worked on: by whom");
	devs[1] = was;
}

static void test_off(void)
{
	const char *answers[] = { "uuid=", "label=new root", NULL };
	const char *src[] = { "src=/dev/vda", NULL }, *self[] = { "src=/dev/vdb", NULL };
	const char *file[] = { "dst=/tmp/vda1.img", NULL }, *bad[] = { "dst=/dev/vdb", NULL };
	const char *option[] = { "dst=-x", NULL };
	struct holder tool = { .kind = HOLDER_PROCESS, .out = OUT_WAIT, .holds = HOLD_DEV, .pid = 4711,
			       .start = 900, .command = S("resize2fs"), .cmdline = S("resize2fs /dev/vda1"),
			       .what = S("a tool at work, its job has died: /dev/vda1"), .unit = S(""),
			       .dev = VDA1 };
	struct step_state st;
	struct snapshot s;
	char *text;

	detached(&s, off);
	is_str(step_next(&s)->name, "repair", "unmounted: repair is next");
	golden("resume", plan_text(&s, "resume", NULL));
	s.holders = (struct holders){ .row = &tool, .n = 1, .n_process = 1 };
	ok(strstr(refusal(&s, "resume", NULL, -EBUSY), "resize2fs, pid 4711, is still at work"),
	   "a tool that its job has left keeps Resume from mounting");
	is_str(step_next(&s)->name, "repair", "it is nobody to kill: repair is still next");
	step_kill.state(&s, &st);
	is_int(st.status, STEP_DONE, "Kill has nothing to do");
	ok(strstr(st.why, "resize2fs, pid 4711, is at work on it"), "and says who is at work");
	step_unmount.state(&s, &st);
	is_int(st.status, STEP_DONE, "Unmount neither");
	ok(strstr(refusal(&s, "kill", NULL, -EALREADY), "is left alone: let it come to its end"),
	   "it is not stopped by Kill");
	test_silent(&s);
	tool.out = OUT_KEEP;
	text = plan_text(&s, "resume", NULL);
	ok(strstr(text, "mount / ("), "a console that looks at the disk does not");
	free(text);
	step_unmount.state(&s, &st);
	is_int(st.status, STEP_DONE, "nor does Unmount have anything to do because of it");
	tool.holds |= HOLD_FD;
	step_unmount.state(&s, &st);
	is_int(st.status, STEP_READY, "but of one that has a file open");
	s.holders = (struct holders){ 0 };
	strcpy(s.old.init, "/usr/lib/systemd/systemd");
	s.old.uevents = 3377;
	mounts_parse(&s.old.mounts, record, 1, NULL);
	golden("resume-systemd", plan_text(&s, "resume", NULL));
	golden("check", plan_text(&s, "repair", &(struct plan_opts){ .device = "vda1", .tool = "ext4-check" }));
	golden("fix", plan_text(&s, "repair", &(struct plan_opts){ .device = "/dev/vda1", .tool = "ext4-fix" }));
	golden("make", plan_text(&s, "repair", &(struct plan_opts){ .device = "vda1", .tool = "ext4-make" }));
	golden("make-answers", plan_text(&s, "repair", &(struct plan_opts){
		.device = "vda1", .tool = "ext4-make", .answers = answers }));
	golden("save", plan_text(&s, "repair", &(struct plan_opts){
		.device = "vda1", .tool = "save-image", .answers = file }));
	refusal(&s, "repair", NULL, -EINVAL);
	refusal(&s, "repair", &(struct plan_opts){ .device = "sdz", .tool = "ext4-fix" }, -ENODEV);
	refusal(&s, "repair", &(struct plan_opts){ .device = "vda1", .tool = "rm" }, -EINVAL);
	refusal(&s, "repair", &(struct plan_opts){ .device = "vdb", .tool = "ext4-fix" }, -EINVAL);
	refusal(&s, "repair", &(struct plan_opts){ .device = "vdb", .tool = "copy-onto" }, -EINVAL);
	refusal(&s, "repair", &(struct plan_opts){ .device = "vdb", .tool = "copy-onto", .answers = src }, -ENOSPC);
	refusal(&s, "repair", &(struct plan_opts){ .device = "vdb", .tool = "copy-onto", .answers = self }, -EINVAL);
	refusal(&s, "repair", &(struct plan_opts){ .device = "vda1", .tool = "save-image", .answers = bad }, -EINVAL);
	refusal(&s, "repair", &(struct plan_opts){ .device = "vda1", .tool = "save-image", .answers = option }, -EINVAL);
	test_copies(&s);
	devs[1].mounted = true;
	devs[1].used_by = S("/data");
	ok(strstr(refusal(&s, "repair", &(struct plan_opts){ .device = "vda", .tool = "ext4-make" }, -EBUSY), "/data"),
	   "a disk whose partition is in use names the user");
	devs[1].mounted = false;
	devs[1].used_by = S("");
	strcpy(s.old.uuid, "gone");
	s.devs.n = 1;
	refusal(&s, "resume", NULL, -ENOENT);
	mounts_free(&s.old.mounts);
	mounts_free(&s.mounts);
}

static void test_usr(void)
{
	struct blockdev rows[3];
	struct snapshot s;

	memcpy(rows, devs, sizeof(rows));
	rows[2].fstype = S("xfs");
	rows[2].uuid = S("u-s-r");
	detached(&s, off);
	s.devs.row = rows;
	mounts_parse(&s.old.mounts, usr, 1, NULL);
	strcpy(s.old.usr_uuid, "u-s-r");
	golden("resume-usr", plan_text(&s, "resume", NULL));
	strcpy(s.old.usr_uuid, "gone");
	s.devs.n = 2;
	ok(strstr(refusal(&s, "resume", NULL, -ENOENT), "/usr"), "no device for /usr: said before anything is mounted");
	mounts_free(&s.old.mounts);
	mounts_free(&s.mounts);
}

static void test_tools(void)
{
	const struct tool *fix = tool_find("ext4-fix");

	is_int(tool_exit_meaning(fix, 0)->result, TOOL_GOOD, "e2fsck 0");
	is_int(tool_exit_meaning(fix, 1)->result, TOOL_FIXED, "e2fsck 1");
	is_int(tool_exit_meaning(fix, 1 + 4)->result, TOOL_LEFT, "e2fsck 1+4: what is left counts");
	is_int(tool_exit_meaning(fix, 8 + 4)->result, TOOL_FAILED, "e2fsck 8+4");
	is_int(tool_exit_meaning(tool_find("write-image"), 1)->result, TOOL_FAILED, "dd 1");
}

/* A root beside its /boot; then without one, and after cryptsetup was killed. */
static void test_encrypt(struct snapshot *s)
{
	static const char apart[] =
		"28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
		"29 28 254:16 / /boot rw,relatime shared:2 - ext4 /dev/vdb rw\n";
	static const char begun[] = "tool encrypt-root\ndev 254:1 0\n"
		"uuid 11111111-2222-3333-4444-555555555555\nfstype ext4\nset as=cryptroot\ndone 1\n";
	const char *odd[] = { "as=../x", NULL };
	struct plan_opts encrypt = { .device = "vda1", .tool = "encrypt-root" };
	struct plan *plan = NULL;

	refusal(s, "repair", &encrypt, -ENOTSUP);
	mounts_free(&s->old.mounts);
	mounts_parse(&s->old.mounts, apart, 1, NULL);
	golden("encrypt", plan_text(s, "repair", &encrypt));
	encrypt.answers = odd;
	refusal(s, "repair", &encrypt, -EINVAL);
	encrypt.answers = NULL;
	is_int(step_repair.plan(s, &encrypt, &plan, NULL), 0, "a new passphrase");
	ok(plan->secret_is_new, "is asked for twice");
	plan_free(plan);
	strcpy(s->old.source, "/dev/vdb");
	refusal(s, "repair", &encrypt, -EINVAL);
	strcpy(s->old.source, "/dev/vda1");
	devs[1].fstype = S("crypto_LUKS");
	unfinished_parse(&s->unfinished, begun);
	golden("encrypt-goes-on", plan_text(s, "repair", &encrypt));
	is_int(step_repair.plan(s, &encrypt, &plan, NULL), 0, "one that is in the header already");
	ok(!plan->secret_is_new, "is asked for once");
	plan_free(plan);
	s->unfinished.done |= 1 << 2 | 1 << 3 | 1 << 4;
	golden("encrypt-kept", plan_text(s, "repair", &encrypt));
	mounts_free(&s->old.mounts);
	devs[1].fstype = S("ext4");
	s->unfinished = (struct unfinished){ 0 };
	ok(!plan_new_secret_is_bad("open sesame", 11), "a passphrase that can be typed");
	ok(plan_new_secret_is_bad("open sesame\n", 12) && plan_new_secret_is_bad("short", 5),
	   "one with the end of a line, and a short one, cannot be used");
}

/* The root was mounted; vdb stands in fstab, and is no other half of it. */
static void test_check_all(struct snapshot *s)
{
	struct plan_opts check = { .device = "vda1", .tool = "check-all" };
	const struct blockdev spare = devs[2];

	mounts_parse(&s->old.mounts, "28 1 254:1 / / rw - ext4 /dev/vda1 rw\n", 1, NULL);
	strcpy(s->old.fstab[0], devs[1].uuid);
	strcpy(s->old.fstab[1], "AA00-11BB");
	s->old.nfstab = 2;
	devs[2].fstype = S("vfat");
	devs[2].uuid = S("AA00-11BB");
	golden("check-all", plan_text(s, "repair", &check));
	devs[2].uuid = devs[1].uuid;
	golden("check-all-twins", plan_text(s, "repair", &check));
	devs[2] = spare;
	s->old.nfstab = 0;
	mounts_free(&s->old.mounts);
}

/* The files through the connection: each pass is a plan, the next one after the one before. */
static void test_change_ssh(struct snapshot *s)
{
	static const struct { const char *name, *done; } passes[] = {
		{ "change-fs-ssh-2", "done 1\n" }, { "change-fs-ssh-3", "done 1\ndone 7\n" },
		/* it was cut in the middle of the restore */
		{ "change-fs-ssh-3-again", "done 1\ndone 7\ndone 2\ndone 3\n" },
		{ "change-fs-ssh-4", "done 1\ndone 7\ndone 2\ndone 3\ndone 4\n" },
	};
	const char *ssh[] = { "fs=xfs", "via=ssh", NULL };
	struct plan_opts change = { .device = "vda1", .tool = "change-fs", .answers = ssh };
	char text[200];
	size_t i;

	refusal(s, "repair", &change, -ENOTCONN);
	change.connection = true;
	golden("change-fs-ssh-1", plan_text(s, "repair", &change));
	for (i = 0; i < sizeof(passes) / sizeof(passes[0]); i++) {
		snprintf(text, sizeof(text), "tool change-fs\ndev 254:1 0\nuuid a-b\nlabel \nfstype ext4\n"
			 "set fs=xfs\nset via=ssh\n%s", passes[i].done);
		unfinished_parse(&s->unfinished, text);
		golden(passes[i].name, plan_text(s, "repair", &change));
	}
	s->unfinished = (struct unfinished){ 0 };
}

/* Another file system under the same files; one that stopped when the signature was wiped. */
static void test_change(struct snapshot *s)
{
	static const char begun[] = "tool change-fs\ndev 254:1 3\nuuid a-b\nlabel \nfstype ext4\n"
		"set fs=xfs\nset via=ram\ndone 1\ndone 2\ndone 31\n";
	const char *ram[] = { "fs=xfs", NULL }, *ntfs[] = { "fs=ntfs", NULL };
	const char *nowhere[] = { "fs=xfs", "via=sdz", NULL }, *other[] = { "fs=btrfs", NULL };
	struct plan_opts change = { .device = "vda1", .tool = "change-fs", .answers = ram };

	golden("change-fs", plan_text(s, "repair", &change));
	test_change_ssh(s);
	/* before the old one is wiped */
	s->programs.names = S("tar e2fsck mke2fs xfs_repair");
	refusal(s, "repair", &change, -ENOENT);
	s->programs.names = S("tar e2fsck mke2fs mkfs.xfs");
	refusal(s, "repair", &change, -ENOENT);
	s->programs.names = NULL;
	change.answers = ntfs;
	refusal(s, "repair", &change, -EINVAL);
	change.answers = nowhere;
	refusal(s, "repair", &change, -ENODEV);
	change.answers = ram;
	strcpy(s->old.source, "/dev/vdb");
	refusal(s, "repair", &change, -EINVAL);
	strcpy(s->old.source, "/dev/vda1");
	devs[1].fstype = S("btrfs");
	mounts_parse(&s->old.mounts, "28 1 0:30 /@rootfs / rw - btrfs /dev/vda1 rw\n", 1, NULL);
	refusal(s, "repair", &change, -ENOTSUP);
	mounts_free(&s->old.mounts);
	devs[2].uuid = devs[1].uuid;
	refusal(s, "repair", &change, -ENOTSUP);
	devs[2].uuid = S("");
	unfinished_parse(&s->unfinished, begun);
	is_str(s->unfinished.label, "", "a file system without a label had none");
	is_str(s->unfinished.fstype, "ext4", "and what it was is known");
	devs[1].fstype = S("");
	change.answers = ram;
	golden("change-fs-goes-on", plan_text(s, "repair", &change));
	change.answers = other;
	refusal(s, "repair", &change, -EINVAL);
	refusal(s, "resume", NULL, -EPERM);
	s->unfinished.diskseq = 4;
	devs[1].diskseq = 3;
	refusal(s, "repair", &change, -EINVAL);
	devs[1].fstype = S("ext4");
	devs[1].diskseq = 0;
	s->unfinished = (struct unfinished){ 0 };
}

/* What the first operation of a repair keeps for the plan that is made anew. */
static void remembers(struct snapshot *s, const struct plan_opts *opts)
{
	struct plan *plan = NULL;
	struct error err;

	s->unfinished = (struct unfinished){ 0 };
	is_int(step_repair.plan(s, opts, &plan, &err), 0, "a repair of several operations");
	for (size_t i = 0; plan && i < plan->n; i++)
		if (plan->ops[i].kind == OP_REMEMBER)
			unfinished_parse(&s->unfinished, plan->ops[i].input);
	plan_free(plan);
}

/* A label is whatever somebody has written there. */
static void test_label(struct snapshot *s)
{
	static char evil[] = "a\ndone 1\ndone 2";
	char name[256], *text;
	const char *xfs[] = { "fs=xfs", NULL }, *lines[] = { "fs=xfs", "via=ram\ndone 1", NULL };
	const struct plan_opts change = { .device = "vda1", .tool = "change-fs", .answers = xfs };

	devs[1].label = evil;
	remembers(s, &change);
	is_int(s->unfinished.done, 0, "a label does not say that an operation is done");
	is_str(s->unfinished.label, evil, "it is kept as it is");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	devs[1].label = name;
	remembers(s, &change);
	is_str(s->unfinished.label, name, "the longest that btrfs has, too");
	text = plan_text(s, "repair", &change);
	ok(strstr(text, ", is lost: xfs has no room for it.") && strstr(text, "-L '' /dev/vda1"),
	   "where the new file system has no room for it: that is said");
	free(text);
	devs[1].label = S("root");
	s->unfinished = (struct unfinished){ 0 };
	refusal(s, "repair", &(struct plan_opts){ .device = "vda1", .tool = "change-fs", .answers = lines }, -EINVAL);
}

static void test_recipes(void)
{
	const char *smaller[] = { "size=800M", NULL }, *word[] = { "size=much", NULL };
	const char *tiny[] = { "size=1M", NULL };
	struct plan_opts resize = { .device = "vda1", .tool = "resize" };
	struct plan_opts end = { .end = "reboot" };
	struct snapshot s;

	detached(&s, off);
	strcpy(s.host.name, "db1");
	golden("resize", plan_text(&s, "repair", &resize));
	resize.answers = smaller;
	golden("resize-smaller", plan_text(&s, "repair", &resize));
	devs[1].fstype = S("xfs");
	refusal(&s, "repair", &resize, -EINVAL);
	devs[1].fstype = S("ext4");
	resize.answers = word;
	refusal(&s, "repair", &resize, -EINVAL);
	resize.answers = tiny;
	refusal(&s, "repair", &resize, -EINVAL);

	test_check_all(&s);
	test_change(&s);
	test_label(&s);
	test_encrypt(&s);
	/* one that has begun and not ended is not left behind unseen */
	unfinished_parse(&s.unfinished, "tool resize\ndev 254:1 3\ndone 1\n");
	refusal(&s, "resume", NULL, -EPERM);

	golden("resume-reboot", plan_text(&s, "resume", &end));
	end.end = "halt";
	refusal(&s, "resume", &end, -EINVAL);
	mounts_free(&s.mounts);
	detached(&s, after);
	end.end = "poweroff";
	refusal(&s, "resume", &end, -EPERM);
	mounts_free(&s.mounts);
}

/* The old disk, a small one and a large one. */
static struct blockdev disks[4];

static void three_disks(struct snapshot *s)
{
	static struct table_part part = { .number = 1, .start = 1 << 20, .size = 1 << 30, .name = "root" };

	detached(s, off);
	memcpy(disks, devs, sizeof(devs));
	disks[0].pttype = S("gpt");
	disks[0].parts = &part;
	disks[0].nparts = 1;
	disks[0].diskseq = disks[1].diskseq = 1;
	disks[2].serial = S("CAREEN0002");
	disks[3] = disks[2];
	disks[3].dev = DEV(254, 32);
	strcpy(disks[3].name, "vdc");
	strcpy(disks[3].path, "/dev/vdc");
	disks[3].serial = S("CAREEN0003");
	disks[3].size = 3ull << 30;
	disks[3].diskseq = 3;
	s->devs = (struct blockdevs){ .row = disks, .n = 4 };
	strcpy(s->host.boot_id, "01234567-89ab-4cde-8f01-23456789abcd");
}

/* As many as it takes, each named in full and its word asked for. */
static void test_wipe_many(struct snapshot *s)
{
	static struct blockdev many[16];
	char serial[16][64], *text, answer[256] = "disks=";
	size_t i;

	for (i = 0; i < 15; i++) {
		many[i] = disks[0];
		snprintf(many[i].name, sizeof(many[i].name), "nvme1%zun10000", 10 + i);
		snprintf(many[i].path, sizeof(many[i].path), "/dev/%s", many[i].name);
		snprintf(serial[i], sizeof(serial[i]), "%0*zuAB%02zu", 50, i, i);
		many[i].serial = serial[i];
		many[i].dev = makedev(259, i);
		many[i].diskseq = 12345678901234 + i;
		snprintf(answer + strlen(answer), sizeof(answer) - strlen(answer), "%s ", many[i].name);
	}
	s->devs = (struct blockdevs){ .row = many, .n = 15 };
	text = plan_text(s, "repair", COPY(.device = "nvme110n10000", .tool = "wipe-all", ANSWERS(answer)));
	ok(strstr(text, "00014AB14).\n"), "fifteen disks are named, each whole");
	ok(strstr(text, ",nvme123n10000-AB13,nvme124n10000-AB14 ("), "the word of each is asked for");
	free(text);
	remembers(s, COPY(.device = "nvme110n10000", .tool = "wipe-all", ANSWERS(answer)));
	text = (char *)unfinished_answer(&s->unfinished, "wipe-all", &many[0], "was");
	ok(text && strstr(text, " nvme124n10000/12345678901248"), "each is remembered");
	s->unfinished = (struct unfinished){ 0 };
}

#define WIPE(...) COPY(.device = "vda", .tool = "wipe-all", ANSWERS(__VA_ARGS__))

static void test_wipe_all(void)
{
	struct snapshot s;
	char *text;

	three_disks(&s);
	golden("wipe-all", plan_text(&s, "repair", COPY(.device = "vda", .tool = "wipe-all")));
	strcpy(s.old.fstab[0], "77aa-2");
	s.old.nfstab = 1;
	disks[3].uuid = S("77aa-2");
	golden("wipe-all-fstab", plan_text(&s, "repair", COPY(.device = "vda", .tool = "wipe-all")));
	disks[3].uuid = S("");
	s.old.nfstab = 0;
	golden("wipe-all-named", plan_text(&s, "repair", WIPE("disks=vdb, vda", "how=discard")));
	refusal(&s, "repair", COPY(.device = "vda1", .tool = "wipe-all"), -EINVAL);
	refusal(&s, "repair", COPY(.device = "vdb", .tool = "wipe-all"), -EINVAL);
	refusal(&s, "repair", WIPE("how=burn"), -EINVAL);
	refusal(&s, "repair", WIPE("disks=vda vda1"), -EINVAL);
	refusal(&s, "repair", WIPE("disks=vda vdz"), -ENODEV);
	disks[2].swap = true;
	refusal(&s, "repair", WIPE("disks=vda vdb"), -EBUSY);
	disks[2].swap = false;
	disks[2].readonly = true;
	refusal(&s, "repair", WIPE("disks=vda vdb"), -EROFS);
	disks[2].readonly = false;

	/* one is done, the other half */
	unfinished_parse(&s.unfinished, "tool wipe-all\ndev 254:0 1\nset disks=vdb vda\nset how=zero\n"
			 "set was=vdb/0 vda/1\ndone 1\ndone 2\ndone 3\n");
	golden("wipe-all-on", plan_text(&s, "repair", COPY(.device = "vda", .tool = "wipe-all")));
	refusal(&s, "repair", WIPE("disks=all"), -EINVAL);
	disks[2].diskseq = 9;	/* attached anew: nobody knows what is on it */
	text = plan_text(&s, "repair", COPY(.device = "vda", .tool = "wipe-all"));
	ok(!strstr(text, "Wiped already"), "another disk of that name is not wiped already");
	free(text);
	strcpy(disks[2].name, "vdx");
	strcpy(disks[2].path, "/dev/vdx");
	ok(strstr(refusal(&s, "repair", COPY(.device = "vda", .tool = "wipe-all"), -ENODEV), "Attach it again"),
	   "one that is gone is missed");
	unfinished_parse(&s.unfinished, "tool wipe-all\ndev 254:0 1\nset disks=vdb vda\nset was=vdb/0 vda/1\n"
			 "done 1\ndone 3\ndone 4\n");
	ok(strstr(refusal(&s, "repair", COPY(.device = "vda", .tool = "wipe-all"), -ENODEV),
		  "too. Wiped already: /dev/vda. Attach"), "and what is wiped is named");
	s.unfinished = (struct unfinished){ 0 };
	test_wipe_many(&s);
	mounts_free(&s.mounts);
}

#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
static void test_new_system(void)
{
	struct plan_opts stream = { .device = "vda", .tool = "new-system", .stream = true };
	char words[300] = "words=", *most = words + strlen(words);
	const char *all[] = { "src=/mnt/a.img", "compress=none", "sha256=" SUM, "size=1024", "verify=yes", "part=2",
			      "kernel=/vmlinuz", "initrd=/initrd.img", words, NULL };
	const struct plan_opts kexec = { .device = "vda", .tool = "new-system-kexec", .answers = all };
	struct plan *plan = NULL;
	struct snapshot s;

	three_disks(&s);
	golden("new-system", plan_text(&s, "repair", COPY(.device = "vda", .tool = "new-system", ANSWERS("src=/mnt/a.img"))));
	golden("new-system-stream", plan_text(&s, "repair", &stream));
	golden("new-system-kexec", plan_text(&s, "repair", COPY(.device = "vda", .tool = "new-system-kexec",
		ANSWERS("src=/mnt/a.img", "part=2", "words=console=ttyS0 quiet"))));
	refusal(&s, "repair", COPY(.device = "vda", .tool = "new-system-kexec",
		ANSWERS("src=/mnt/a.img", "part=../x")), -EINVAL);
	refusal(&s, "repair", COPY(.device = "vdc", .tool = "new-system", ANSWERS("src=/mnt/a.img")), -EINVAL);
	refusal(&s, "repair", COPY(.device = "vda", .tool = "new-system"), -EINVAL);
	unfinished_parse(&s.unfinished, "tool new-system\ndev 254:0 1\ndone 1\n");
	golden("new-system-on", plan_text(&s, "repair", &stream));
	/* every answer, as long as may be: one that goes on later has them all */
	s.unfinished = (struct unfinished){ 0 };
	memset(most, 'w', 256);
	refusal(&s, "repair", &kexec, -EINVAL);
	most[255] = '\0';
	is_int(step_find("repair")->plan(&s, &kexec, &plan, NULL), 0, "a repair with every answer");
	for (size_t i = 0; plan && i < plan->n; i++)
		if (plan->ops[i].kind == OP_REMEMBER)
			unfinished_parse(&s.unfinished, plan->ops[i].input);
	is_str(unfinished_answer(&s.unfinished, "new-system-kexec", &disks[0], "words"), most, "keeps them all");
	is_str(unfinished_answer(&s.unfinished, "new-system-kexec", &disks[0], "src"), "/mnt/a.img", "the first, too");
	plan_free(plan);
	mounts_free(&s.mounts);
}

static void test_clone(void)
{
	struct plan_opts clone = { .device = "vdc", .tool = "clone" };
	struct snapshot s;

	three_disks(&s);
	golden("clone", plan_text(&s, "repair", &clone));
	refusal(&s, "repair", COPY(.device = "vda", .tool = "clone"), -EINVAL);
	refusal(&s, "repair", COPY(.device = "vdb", .tool = "clone"), -ENOSPC);
	refusal(&s, "repair", COPY(.device = "vdc", .tool = "clone", ANSWERS("offset=100")), -EINVAL);
	disks[3].old_root = true;
	refusal(&s, "repair", &clone, -EBUSY);
	disks[3].old_root = false;
	disks[1].mounted = true;
	refusal(&s, "repair", &clone, -EBUSY);
	disks[1].mounted = false;
	disks[2].uuid = disks[1].uuid;
	refusal(&s, "repair", &clone, -EEXIST);
	disks[2].uuid = S("");
	disks[1].fstype = S("LVM2_member");
	refusal(&s, "repair", &clone, -ENOTSUP);
	disks[1].fstype = S("ext4");

	/* copied, and the old one renamed in part */
	unfinished_parse(&s.unfinished, "tool clone\ndev 254:32 3\nset from=vda/1/1\ndone 1\ndone 2\ndone 3\n");
	disks[1].uuid = S("01230001-2222-3333-4444-555555555555");
	disks[1].label = S("was-root");
	strcpy(s.old.source, "/dev/vdc1");
	golden("clone-on", plan_text(&s, "repair", &clone));
	disks[0].diskseq = 8;
	refusal(&s, "repair", &clone, -ENODEV);
	mounts_free(&s.mounts);
}

static void test_skip(void)
{
	struct snapshot s;
	struct plan *plan = NULL;
	size_t n, i;

	detached(&s, off);
	if (step_resume.plan(&s, NULL, &plan, NULL) == 0) {
		n = plan->n;
		is_int(plan_skip(plan, 0, NULL), -EINVAL, "mounting the root cannot be skipped");
		for (i = 0; i < plan->n && !plan->ops[i].skippable; i++)
			;
		is_int(plan_skip(plan, i, NULL), 0, "what is skippable can");
		is_int((long)plan->n, (long)n - 1, "and is gone from the plan");
		is_int(plan_skip(plan, 99, NULL), -EINVAL, "an operation that is not there");
	}
	plan_free(plan);
	mounts_free(&s.mounts);
}

/* Volumes in a LUKS container on a mirror of two partitions. */
static struct blockdev opened[] = {
	{ .dev = DEV(254, 0), .name = "vda", .path = "/dev/vda", .type = "disk", .on = S(""), .parent = -1 },
	{ .dev = VDA1, .name = "vda1", .path = "/dev/vda1", .type = "part", .on = S("vda"), .depth = 1,
	  .fstype = S("linux_raid_member"), .uuid = S("a-r-r-a"), .stacked = true },
	{ .dev = DEV(9, 0), .name = "md0", .path = "/dev/md0", .type = "md", .on = S("vda1 vdb1"), .parent = 1,
	  .depth = 2, .fstype = S("crypto_LUKS"), .uuid = S("l-u-k-s"), .stacked = true },
	{ .dev = DEV(253, 0), .name = "dm-0", .path = "/dev/dm-0", .type = "crypt", .on = S("md0"),
	  .model = S("safe"), .parent = 2, .depth = 3, .fstype = S("LVM2_member"), .stacked = true },
	{ .dev = DEV(253, 1), .name = "dm-1", .path = "/dev/dm-1", .type = "lvm", .on = S("dm-0"),
	  .model = S("my--vg-root"), .parent = 3, .depth = 4, .size = 1ull << 30, .fstype = S("ext4"),
	  .uuid = S("11111111-2222-3333-4444-555555555555") },
};

static void test_stack(void)
{
	const char *size[] = { "size=800M", NULL };
	const struct plan_opts close = { .close = true };
	const struct plan_opts smaller = { .device = "my--vg-root", .tool = "resize", .answers = size };
	struct snapshot s;
	char *text;
	size_t i;

	for (i = 0; i < 5; i++) {
		char **field[] = { &opened[i].model, &opened[i].serial, &opened[i].fstype,
				  &opened[i].label, &opened[i].uuid, &opened[i].used_by };

		for (size_t j = 0; j < 6; j++)
			if (!*field[j])
				*field[j] = S("");
		opened[i].old_root = true;
	}
	detached(&s, off);
	strcpy(s.old.source, "/dev/dm-1");
	refusal(&s, "unmount", &close, -EINVAL);
	s.devs = (struct blockdevs){ .row = opened, .n = 5 };
	stack_fill(&s.old, &s.devs);
	is_int(s.old.nlayers, 3, "three layers");
	ok(!strcmp(s.old.layer[0].name, "md0") && !strcmp(s.old.layer[1].name, "safe") &&
	   !strcmp(s.old.layer[2].name, "my-vg"), "lowest first, the group by its own name");
	golden("unmount-stack", plan_text(&s, "unmount", NULL));
	golden("unmount-close", plan_text(&s, "unmount", &close));
	golden("resume-stack", plan_text(&s, "resume", NULL));
	golden("resize-lvm", plan_text(&s, "repair", &smaller));
	refusal(&s, "repair", &(struct plan_opts){ .device = "", .tool = "resize" }, -ENODEV);
	ok(strstr(refusal(&s, "repair", &(struct plan_opts){ .device = "vg-root", .tool = "resize" }, -ENODEV),
		  "There are: vda, vda1, md0, safe, my--vg-root."), "a device that is not there: which are");
	s.devs.n = 2;
	golden("resume-open", plan_text(&s, "resume", NULL));
	s.devs.n = 5;
	s.old.layer[0].id[0] = '\0';
	text = plan_text(&s, "unmount", &close);
	ok(strstr(text, "NO WAY BACK"), "an array without a UUID: it is said before");
	free(text);
	s.devs.n = 2;
	refusal(&s, "resume", NULL, -ENOTSUP);
	mounts_free(&s.mounts);
}

int main(void)
{
	test_before();
	test_far_disks();
	test_many();
	test_stack();
	test_inits();
	test_half();
	test_detached();
	test_deadman();
	test_hidden();
	test_around();
	test_enter();
	test_kernel();
	test_off();
	test_usr();
	test_tools();
	test_recipes();
	test_wipe_all();
	test_new_system();
	test_clone();
	test_skip();
	return done_testing();
}
