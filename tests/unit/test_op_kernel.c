/* test_op_kernel.c - the ways out of files that the kernel keeps, with faults */
#include "run_common.h"

static char base[] = "/tmp/test_op_kernel.XXXXXX";

static char *at(const char *name)
{
	static char bufs[8][256];
	static int n;

	return (char *)text_fmt(bufs[n++ % 8], sizeof(bufs[0]), "%s/%s", base, name);
}

static int refuse_mount(const char *source, const char *target, const char *type,
			unsigned long flags, const char *options)
{
	(void)source, (void)target, (void)type, (void)flags, (void)options;
	return -ENODEV;
}

static int accept_mount(const char *source, const char *target, const char *type,
			unsigned long flags, const char *options)
{
	(void)source, (void)target, (void)type, (void)flags, (void)options;
	return 0;
}

static char puts_seen[512];
static int put_result;

/* As the kernel does: without threads, the exports are forgotten. */
static int record_put(const char *path, const char *text)
{
	size_t len = strlen(puts_seen);

	text_fmt(puts_seen + len, sizeof(puts_seen) - len, "%s=%.1s ", path, text);
	if (!put_result && strstr(path, "nfsd.export"))
		sh("echo '# none' >/proc/fs/nfs/exports");
	return put_result;
}

static void test_nfsd(void)
{
	struct op op = { .kind = OP_NFSD_STOP, .deadline_s = 5 };
	struct sys faulty = sys_real;
	struct error err;

	if (mount("none", "/proc/fs", "tmpfs", 0, NULL) < 0) {
		ok(true, "nfsd # SKIP no /proc/fs");
		return;
	}
	is_int(run_op(&op, &err), 0, "no NFS server: nothing to stop");
	ok(strstr(said.notes, "exports nothing any more") != NULL, "and says so");
	sh("mkdir /proc/fs/nfs /proc/fs/nfsd; printf '# Path\n/srv\tclient(rw)\n' >/proc/fs/nfs/exports");
	sys = &faulty;
	faulty.mount = refuse_mount;
	faulty.put = record_put;
	is_int(run_op(&op, &err), -ENODEV, "nfsd's own file system cannot be mounted");
	ok(strstr(err.hint, "rpc.nfsd 0") != NULL, "what to do by hand is said");
	faulty.mount = accept_mount;
	put_result = -EIO;
	is_int(run_op(&op, &err), -EIO, "a write that fails is passed on");
	put_result = 0;
	is_int(run_op(&op, &err), 0, "it stops and forgets");
	is_int(run_op(&op, &err), 0, "once more: done already");
	sys = &sys_real;
	umount("/proc/fs");
}

static void test_binfmt(void)
{
	struct op op = { .kind = OP_BINFMT, .deadline_s = 5, .dst = at("entry"),
			 .src = (char *)"/usr/bin/qemu-arm" };
	struct sys faulty = sys_real;
	struct error err;

	is_int(run_op(&op, &err), 0, "an entry that is gone");
	ok(strstr(said.notes, "not registered any more") != NULL, "is done already");
	sh("printf 'enabled\ninterpreter /usr/bin/other\nflags: F\n' >%s", op.dst);
	is_int(run_op(&op, &err), -ESTALE, "another interpreter under that name: -ESTALE");
	sh("printf 'enabled\ninterpreter /usr/bin/qemu-arm\nflags: F\n' >%s", op.dst);
	sys = &faulty;
	faulty.put = record_put;
	put_result = -EACCES;
	is_int(run_op(&op, &err), -EACCES, "a refusal is passed on");
	ok(strstr(err.hint, "echo -1 >") != NULL, "with what to do by hand: %s", err.hint);
	sys = &sys_real;
	put_result = 0;
	is_int(run_op(&op, &err), 0, "the planned one is taken away");
	is_int(sh("grep -q '^-1' %s", op.dst), 0, "by writing -1 to it");
}

static int refused;

static int refuse_dm(dev_t dev)
{
	(void)dev;
	return refused;
}

static int refuse_md(const char *dev)
{
	(void)dev;
	return refused;
}

/* Any block device will do: what is done to it is not done here. */
static void test_stacked(enum op_kind kind, const char *what)
{
	struct op op = { .kind = kind, .deadline_s = 5, .dst = (char *)"/dev/loop0",
			 .command = (char *)"by hand" };
	struct sys faulty = sys_real;
	struct error err;
	struct stat st;

	if (stat(op.dst, &st) < 0) {
		ok(true, "%s # SKIP no loop device", what);
		return;
	}
	op.dev.dev = st.st_rdev;
	sys = &faulty;
	faulty.dm_remove = refuse_dm;
	faulty.md_stop = refuse_md;
	refused = -EBUSY;
	is_int(run_op(&op, &err), -EBUSY, "%s: in use", what);
	ok(strstr(err.hint, "has it open or mounted") != NULL, "what to look for: %s", err.hint);
	refused = -EIO;
	is_int(run_op(&op, &err), -EIO, "%s: another failure", what);
	refused = 0;
	is_int(run_op(&op, &err), 0, "%s: closed", what);
	op.dev.dev++;
	is_int(run_op(&op, &err), -ESTALE, "%s: another device under that name", what);
	op.dst = (char *)"/dev/nothing-there";
	is_int(run_op(&op, &err), 0, "%s: gone already", what);
	ok(strstr(said.notes, "not there any more") != NULL, "and says so");
	sys = &sys_real;
}

int main(void)
{
	if (geteuid() || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		puts("1..0 # SKIP needs root");
		return 0;
	}
	if (!mkdtemp(base))
		return 1;
	test_nfsd();
	test_binfmt();
	test_stacked(OP_DM_REMOVE, "dm");
	test_stacked(OP_MD_STOP, "md");
	return sh("rm -rf %s", base) ? 1 : done_testing();
}
