/* test_mounts.c - mountinfo text into rows: escapes, odd fields, trees, old or ours */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/error.h"
#include "model/mounts.h"
#include "tap.h"

static const struct mount *by_target(const struct mounts *ms, const char *target, int nth)
{
	size_t i;

	for (i = 0; i < ms->n; i++)
		if (!strcmp(ms->row[i].target, target) && !nth--)
			return &ms->row[i];
	return NULL;
}

static void test_fields(void)
{
	static const char text[] =
		"27 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n"
		"40 27 0:40 / /with\\040blank\\011tab\\012nl\\134bs rw shared:2 master:3 propagate_from:4 unbindable - tmpfs none rw\n"
		"41 27 0:41 /a\\040b /no-optional rw - tmpfs  rw\n"
		"42 27 0:42 / /-\\040-\\040x rw - fuse.sshfs a@b:/c\\040d rw,user_id=0\n"
		"43 27 254:1 /deleted//deleted /gone rw,nosuid master:9 - ext4 /dev/vda1 rw\n";
	struct mounts ms = { 0 };
	const struct mount *m;

	is_int(mounts_parse(&ms, text, 7, NULL), 0, "fields: parsed");
	is_int(ms.n, 5, "five rows");
	is_int(ms.n_own, 5, "all our own");
	is_int(ms.own_ns, 7, "the first namespace is our own");
	m = mounts_by_id(&ms, 40);
	is_str(m->target, "/with blank\ttab\nnl\\bs", "octal escapes undone");
	is_str(m->propagation, "shared:2 master:3 propagate_from:4 unbindable",
	       "many optional fields");
	is_int(major(mounts_by_id(&ms, 27)->dev), 254, "major");
	is_int(minor(mounts_by_id(&ms, 27)->dev), 1, "minor");
	is_str(mounts_by_id(&ms, 27)->fs_options, "rw,errors=remount-ro", "fs options");
	is_str(mounts_by_id(&ms, 27)->vfs_options, "rw,relatime", "vfs options");
	m = mounts_by_id(&ms, 41);
	is_str(m->propagation, "", "no optional field");
	is_str(m->source, "", "an empty source");
	is_str(m->root, "/a b", "root unescaped");
	m = mounts_by_id(&ms, 42);
	is_str(m->target, "/- - x", "a dash in a name is no separator");
	is_str(m->source, "a@b:/c d", "source");
	ok(m->net && !m->pseudo, "sshfs may hang, and is no pseudo file system");
	ok(mounts_by_id(&ms, 40)->pseudo, "tmpfs is pseudo");
	ok(!mounts_by_id(&ms, 27)->pseudo && !mounts_by_id(&ms, 27)->net, "ext4 is neither");
	mounts_free(&ms);
	is_int(ms.n, 0, "freed");
}

static void test_bad_lines(void)
{
	static const char *const bad[] = {
		"garbage\n", "27\n", "27 1 254:1\n", "27 1 254:1 / /\n",
		"27 1 254:1 / / rw shared:1\n", "27 1 254:1 / / rw shared:1 - ext4\n",
		"27 1 254:1 / / rw shared:1 - ext4 /dev/vda1\n", "a b c:d / / rw - x y z\n",
		"27 1 254:1 / / rw - ext4 /dev/vda1 rw\n28 27 0:1 / /x rw -",
	};
	struct mounts ms = { 0 };
	struct error err = { 0 };
	size_t i;

	is_int(mounts_parse(&ms, "5 1 0:1 / / rw - ext4 a rw\n", 1, NULL), 0, "one good row");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		is_int(mounts_parse(&ms, bad[i], 2, &err), -EINVAL, "bad line %zu refused", i);
		is_int(ms.n, 1, "and the rows are as they were");
	}
	ok(err.why[0] && err.subject[0], "the error names the line");
	is_int(mounts_parse(&ms, "", 2, NULL), 0, "an empty text is no error");
	is_int(mounts_parse(&ms, "# source /dev/vda1\n\n", 2, NULL), 0, "nor are comments");
	is_int(ms.n, 1, "which give no row");
	mounts_free(&ms);
}

/* Children listed before their parents, and stacked on one mount point. */
static void test_order(void)
{
	static const char text[] =
		"50 40 0:1 / /a/b rw - tmpfs x rw\n"
		"60 50 0:2 / /a/b/c rw - tmpfs x rw\n"
		"40 27 0:3 / /a rw - tmpfs x rw\n"
		"27 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
		"41 27 0:4 / /z rw - tmpfs x rw\n"
		"61 50 0:5 / /a/b/d rw - tmpfs x rw\n"
		"62 60 0:6 / /a/b/c rw - tmpfs stacked rw\n";
	static const int want[] = { 27, 40, 50, 60, 62, 61, 41 }, depth[] = { 0, 1, 2, 3, 4, 3, 1 };
	struct mounts ms = { 0 };
	size_t i;

	is_int(mounts_parse(&ms, text, 1, NULL), 0, "order: parsed");
	for (i = 0; i < 7; i++) {
		is_int(ms.row[i].id, want[i], "row %zu is %d", i, want[i]);
		is_int(ms.row[i].depth, depth[i], "its depth");
	}
	mounts_free(&ms);
	is_int(mounts_parse(&ms, "5 6 0:1 / /a rw - x y z\n6 5 0:1 / /b rw - x y z\n", 1, NULL),
	       0, "a ring of parents ends");
	is_int(ms.n, 2, "and keeps its rows");
	mounts_free(&ms);
}

#define RESCUE_MOUNTS \
	"1 1 0:2 / / rw - rootfs rootfs rw\n" \
	"20 1 0:21 / /proc rw - proc proc rw\n" \
	"21 1 0:22 / /sys rw - sysfs sysfs rw\n" \
	"22 1 0:6 / /dev rw - devtmpfs devtmpfs rw\n" \
	"23 1 0:40 / /run/careen rw - tmpfs careen rw\n"

/* From the rescue: the same mount points twice. */
static void test_two_trees(void)
{
	static const char text[] = RESCUE_MOUNTS
		"27 1 254:1 / / rw shared:1 - ext4 /dev/vda1 rw\n"
		"30 27 0:21 / /proc rw - proc proc rw\n"
		"31 27 0:6 / /dev rw - devtmpfs udev rw\n"
		"32 27 254:2 / /var rw - ext4 /dev/vda2 rw\n"
		"33 32 0:50 / /var/tmp rw - tmpfs tmpfs rw\n";
	struct mounts ms = { 0 };

	is_int(mounts_parse(&ms, text, 1, NULL), 0, "two trees: parsed");
	ok(!by_target(&ms, "/", 0)->old, "rootfs is ours");
	is_int(mounts_old_top(&ms)->id, 27, "the mount over it is the old root");
	ok(!mounts_by_id(&ms, 20)->old && mounts_by_id(&ms, 30)->old,
	   "two /proc: one ours, one old");
	ok(!mounts_by_id(&ms, 22)->old && mounts_by_id(&ms, 31)->old,
	   "two /dev of one superblock: one ours, one old");
	ok(mounts_by_id(&ms, 33)->old, "what is deeper below is old too");
	is_str(mount_path(mounts_by_id(&ms, 33)), "/var/tmp", "its path");
	is_str(mount_path(mounts_old_top(&ms)), "/", "the old root's path");
	mounts_free(&ms);
}

static void test_moved(void)
{
	static const char text[] = RESCUE_MOUNTS
		"27 1 254:1 / /oldroot rw shared:1 - ext4 /dev/vda1 rw\n"
		"32 27 254:2 / /oldroot/var/lib rw - ext4 /dev/vda2 rw\n"
		"35 27 254:3 / /oldroot/oldroot rw - ext4 /dev/vda3 rw\n"
		"36 1 254:4 / /mnt rw - ext4 /dev/vda4 rw\n";
	struct mounts ms = { 0 };

	is_int(mounts_parse(&ms, text, 1, NULL), 0, "moved: parsed");
	is_int(mounts_old_top(&ms)->id, 27, "the old root is on /oldroot");
	is_str(mount_path(mounts_old_top(&ms)), "/", "shown as /");
	is_str(mount_path(mounts_by_id(&ms, 32)), "/var/lib", "/var/lib shown as before");
	is_str(mount_path(mounts_by_id(&ms, 35)), "/oldroot", "only one /oldroot is left out");
	ok(!mounts_by_id(&ms, 36)->old, "the operator's own mount is not old");
	mounts_free(&ms);
	is_int(mounts_parse(&ms, RESCUE_MOUNTS, 1, NULL), 0, "off: parsed");
	ok(mounts_old_top(&ms) == NULL, "the old root is off");
	mounts_free(&ms);
}

static void test_normal(void)
{
	static const char text[] =
		"27 1 254:1 / / rw shared:1 - ext4 /dev/vda1 rw\n"
		"30 27 0:21 / /proc rw - proc proc rw\n"
		"31 27 254:5 / /oldroot rw - ext4 /dev/vdb rw\n";
	struct mounts ms = { 0 };

	is_int(mounts_parse(&ms, text, 1, NULL), 0, "normal: parsed");
	is_int(mounts_old_top(&ms)->id, 27, "the system's own / is the old root");
	is_str(mount_path(mounts_by_id(&ms, 31)), "/oldroot",
	       "a directory of that name in a normal system is itself");
	is_int(mounts_parse(&ms, "90 80 254:1 / / rw - ext4 /dev/vda1 rw\n", 9, NULL), 0,
	       "a second namespace");
	is_int(ms.n_own, 3, "is not our own");
	ok(!ms.row[3].old, "and its rows are not the old root's tree");
	mounts_free(&ms);
}

/* The pivot route: a tmpfs plays rootfs's part, its parent cannot be seen. */
static void test_pivot(void)
{
	static const char text[] =
		"80 1 0:60 / / rw - tmpfs careen rw\n"
		"81 80 0:21 / /proc rw - proc proc rw\n"
		"27 80 254:1 / /oldroot rw - ext4 /dev/vda1 rw\n"
		"30 27 0:21 / /oldroot/proc rw - proc proc rw\n";
	struct mounts ms = { 0 };

	is_int(mounts_parse(&ms, text, 1, NULL), 0, "pivot: parsed");
	is_int(mounts_old_top(&ms)->id, 27, "the old root");
	ok(!mounts_by_id(&ms, 80)->old && !mounts_by_id(&ms, 81)->old, "ours");
	is_str(mount_path(mounts_by_id(&ms, 30)), "/proc", "its proc");
	mounts_free(&ms);
}

/* 2,000 mounts in 20 namespaces must be quick; here it must only be right. */
static void test_many(void)
{
	struct mounts ms = { 0 };
	char *text = malloc(2000 * 64), *at = text;
	int i, ns;

	at += sprintf(at, "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n");
	for (i = 2; i <= 2000; i++)
		at += sprintf(at, "%d %d 0:%d / /m/%d rw - tmpfs x rw\n", i, i / 2, i, i);
	for (ns = 1; ns <= 20; ns++)
		if (mounts_parse(&ms, text, ns, NULL) < 0)
			break;
	is_int(ms.n, 40000, "2,000 mounts in 20 namespaces");
	is_int(ms.n_own, 2000, "of which ours");
	mounts_free(&ms);
	free(text);
}

/* The ids that statx(2) gives for the same mounts, where it gives any. */
static void test_unique(const struct mounts *ms)
{
	const struct mount *top = mounts_old_top(ms);
	struct statx sx;

	if (!top || statx(AT_FDCWD, "/", 0, 0x4000 /* STATX_MNT_ID_UNIQUE */, &sx) < 0 ||
	    !(sx.stx_mask & 0x4000)) {
		ok(true, "unique ids # SKIP not on this kernel");
		return;
	}
	is_int(top->unique_id, sx.stx_mnt_id, "the unique id of / is what statx says");
	ok(ms->row[ms->n_own - 1].unique_id != 0, "the last one has one, too");
}

static void test_real(void)
{
	struct mounts ms = { 0 };
	struct error err = { 0 };
	size_t i;

	is_int(mounts_read(&ms, &err), 0, "this machine's mounts are read");
	ok(ms.n_own > 0 && ms.n >= ms.n_own, "there are some");
	for (i = 1; i < ms.n; i++)
		if (ms.row[i].ns != ms.row[i - 1].ns && ms.row[i].ns == ms.own_ns)
			break;
	is_int(i, ms.n, "each namespace's rows are together, ours first");
	test_unique(&ms);
	mounts_free(&ms);
}

int main(void)
{
	test_fields();
	test_bad_lines();
	test_order();
	test_two_trees();
	test_moved();
	test_normal();
	test_pivot();
	test_many();
	test_real();
	return done_testing();
}
