/*
 * test_devices.c - a real disk (a loop device with ext4 on it) through its
 * life: mounted, held in the kernel's ways, lazily detached, free
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "model/blockprobe.h"
#include "model/snapshot.h"
#include "model/snapshot_internal.h"
#include "model/sysblock.h"
#include "tap.h"

static char top[] = "/tmp/careen-dev.XXXXXX";
static char loop[64], inner[64];	/* "/dev/loop3" */
static dev_t dev;

static int run(const char *command)
{
	return system(command);
}

/* First line that @command prints. */
static bool line_of(const char *command, char *buf, size_t size)
{
	FILE *out = popen(command, "r");
	bool got = out && fgets(buf, size, out);

	if (out && pclose(out))
		got = false;
	buf[strcspn(buf, "\n")] = '\0';
	return got;
}

static const char *stage(void)
{
	struct stat st;

	if (geteuid())
		return "needs root";
	if (run("command -v losetup mkfs.ext4 >/dev/null"))
		return "no losetup or mkfs.ext4";
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return "no mount namespace of our own";
	if (!mkdtemp(top) || chdir(top))
		return "no directory";
	if (mkdir("mnt", 0755) || run("truncate -s 32M disk"))
		return "no image";
	if (!line_of("losetup --find --show disk 2>/dev/null", loop, sizeof(loop)))
		return "no loop device";
	if (stat(loop, &st))
		return "no node of the loop device";
	dev = st.st_rdev;
	return NULL;
}

/* A snapshot in which the loop device at mnt plays the old root. */
static struct snapshot *take(void)
{
	struct snapshot *s = calloc(1, sizeof(*s));
	struct error err = { 0 };
	char target[96];
	size_t i;

	snprintf(target, sizeof(target), "%s/mnt", top);
	is_int(mounts_read(&s->mounts, &err), 0, "mounts");
	for (i = 0; i < s->mounts.n; i++) {
		struct mount *m = &s->mounts.row[i];

		m->old = m->ns == s->mounts.own_ns && !strcmp(m->target, target);
	}
	is_int(holders_read(&s->holders, &s->mounts, &dev, 1, &err), 0, "holders");
	is_int(blockdevs_read(&s->devs, &s->mounts, &dev, 1, &err), 0, "devices");
	is_int(snapshot_name_users(s), 0, "who uses them");
	return s;
}

static const struct blockdev *device(const struct snapshot *s)
{
	static const struct blockdev none = { .used_by = (char *)"?" };
	const struct blockdev *d = blockdevs_find(&s->devs, loop);

	ok(d != NULL, "%s is listed", loop);
	return d ? d : &none;
}

/*
 * A machine may have processes that not even root can look at, or that send
 * each other descriptors at this moment: not our subject.
 */
static bool is_unread(const struct holder *h)
{
	return h->holds && !(h->holds & ~(HOLD_UNKNOWN | HOLD_SCM | HOLD_URING));
}

static size_t count_holders(const struct snapshot *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->holders.n; i++)
		n += !is_unread(&s->holders.row[i]);
	return n;
}

static const struct holder *holder(const struct snapshot *s, enum holder_kind kind)
{
	size_t i;

	for (i = 0; i < s->holders.n; i++)
		if (s->holders.row[i].kind == kind && !is_unread(&s->holders.row[i]))
			return &s->holders.row[i];
	return NULL;
}

static void test_free(void)
{
	struct snapshot *s = take();
	const struct blockdev *d = device(s);

	is_str(d->fstype, "", "nothing is on it");
	is_str(d->type, "loop", "its type");
	is_int(d->size, 32 << 20, "its size");
	is_str(d->used_by, "", "nobody uses it");
	ok(!d->mounted && !d->busy_open, "it is free");
	is_int(count_holders(s), 0, "no holder");
	snapshot_free(s);
}

static void test_mounted(void)
{
	struct snapshot *s;
	const struct blockdev *d;
	char target[96];

	snprintf(target, sizeof(target), "%s/mnt", top);
	is_int(mount(loop, target, "ext4", 0, NULL), 0, "mounted");
	s = take();
	d = device(s);
	is_str(d->fstype, "ext4", "type");
	is_str(d->label, "hull \"1\"", "label");
	is_str(d->uuid, "11111111-2222-3333-4444-555555555555", "uuid");
	is_str(d->used_by, target, "used by its mount");
	ok(d->mounted && d->busy_open && d->old_root, "mounted, busy, the old root's");
	is_int(count_holders(s), 0, "and nobody holds it");
	snapshot_free(s);
}

static void test_kernel_holders(void)
{
	const struct holder *h;
	struct snapshot *s;

	run("truncate -s 1M mnt/inner");
	ok(line_of("losetup --find --show mnt/inner", inner, sizeof(inner)), "a loop on it");
	s = take();
	h = holder(s, HOLDER_LOOP);
	ok(h != NULL, "the loop device is named");
	is_str(h ? h->command : "", strrchr(inner, '/') + 1, "by its name");
	ok(h && strstr(h->what, "/mnt/inner"), "with its file: %s", h ? h->what : "");
	ok(h && h->dev == dev, "and the device that it holds");
	ok(h && h->out == OUT_LOOP_DETACH, "and how to detach it");
	ok(!holder(s, HOLDER_PROCESS), "no process is blamed");
	snapshot_free(s);
	run("losetup -d $(losetup -j mnt/inner -n -O NAME)");
}

/*
 * unshare --mount=FILE binds a namespace that nobody is in afterwards. The
 * kernel allows it to a namespace with a higher number only, against loops, and
 * hands the numbers out a batch to each processor: so several are tried.
 */
static void test_namespace_without_process(void)
{
	const struct holder *h;
	struct snapshot *s;

	run("mkdir nsdir && mount --bind nsdir nsdir && mount --make-private nsdir && touch nsdir/ns");
	if (run("for i in $(seq 50); do unshare --mount=nsdir/ns true 2>/dev/null && exit 0; done;"
		" exit 1")) {
		ok(true, "namespace without a process # SKIP unshare cannot");
	} else {
		s = take();
		h = holder(s, HOLDER_MOUNTNS);
		ok(h != NULL, "a namespace that no process is in is named");
		ok(h && strstr(h->what, "nsdir/ns"), "by its file: %s", h ? h->what : "");
		snapshot_free(s);
		run("umount nsdir/ns");
	}
	run("umount nsdir; rm -r nsdir");
}

static pid_t opener(int flags)
{
	int p[2];
	char c;
	pid_t pid;

	if (pipe(p))
		exit(9);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (open(loop, flags) < 0)
			_exit(9);
		(void)!write(p[1], "r", 1);
		for (;;)
			pause();
	}
	close(p[1]);
	ok(read(p[0], &c, 1) == 1, "a process has the device open");
	close(p[0]);
	return pid;
}

static void test_open(int flags, bool busy)
{
	pid_t pid = opener(flags);
	struct snapshot *s = take();
	const struct holder *h = holder(s, HOLDER_PROCESS);
	char want[32];

	snprintf(want, sizeof(want), "pid %d", pid);
	is_str(device(s)->used_by, want, "used by that process");
	is_int(device(s)->busy_open, busy, "exclusively or not");
	is_int(h ? h->pid : 0, pid, "it is a holder");
	is_int(h ? h->holds : 0, HOLD_DEV, "of the device");
	is_str(h ? h->what : "", loop, "by its name");
	snapshot_free(s);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* No time at all to look at them in, as with a disk that does not answer in time. */
static void test_silent(void)
{
	struct mounts ms = { 0 };
	struct blockdevs bs = { 0 };
	const struct blockdev *d;
	char link[80];

	is_int(mounts_read(&ms, NULL), 0, "mounts");
	blockdevs_deadline_ms = 0;
	is_int(blockdevs_read(&bs, &ms, &dev, 1, NULL), 0, "devices, which do not answer");
	blockdevs_deadline_ms = 10000;
	d = blockdevs_find(&bs, loop);
	ok(d && d->silent && d->busy_open, "it is said of the device that it was not looked at");
	is_str(d ? d->fstype : "", "", "and not what is on it");
	blockdevs_free(&bs);
	is_int(blockdevs_read(&bs, &ms, &dev, 1, NULL), 0, "devices, which answer");
	d = blockdevs_find(&bs, loop);
	ok(d && !d->silent, "the next time it was");
	is_str(d ? d->fstype : "", "ext4", "and what is on it is told");
	text_fmt(link, sizeof(link), "/dev/..%s/link", top);
	ok(symlink(d ? d->path : "", "link") == 0 && blockdevs_named(&bs, link) == d, "a link to it finds it");
	ok(!blockdevs_find(&bs, link), "for an operator alone");
	ok(!blockdevs_named(&bs, "/dev/null") && !blockdevs_named(&bs, "/dev/none"), "what is no block device does not");
	blockdevs_free(&bs);
	mounts_free(&ms);
}

/* A program called @name has the device open. */
static pid_t worker(const char *name)
{
	int p[2];
	char c;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC))
		_exit(9);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_NAME, name);
		if (open(loop, O_RDONLY | O_CLOEXEC) < 0 || write(p[1], "r", 1) != 1)
			_exit(9);
		close(p[1]);
		for (;;)
			pause();
	}
	close(p[1]);
	if (read(p[0], &c, 1) != 1)
		_exit(9);
	return pid;
}

/* The same, of a job, which is called careen. */
static void job(void)
{
	int p[2];
	char c;

	if (pipe(p))
		_exit(9);
	if (!fork()) {
		prctl(PR_SET_NAME, "careen");
		worker("e2fsck");
		(void)!write(p[1], "r", 1);
		for (;;)
			pause();
	}
	if (read(p[0], &c, 1) != 1)
		_exit(9);
}

/* PID 1 of a rescue: who has the device open there, and what is to become of them. */
static void rescue(int out)
{
	struct mounts ms = { 0 };
	struct holders hs = { 0 };
	const struct holder *h;
	size_t i;

	if (mount("rescue", "mnt", "tmpfs", 0, NULL) ||
	    run("mkdir -p mnt/proc mnt/dev mnt/usr/lib/careen && touch mnt/usr/lib/careen/stub") ||
	    mount("proc", "mnt/proc", "proc", 0, NULL) ||
	    mount("/dev", "mnt/dev", NULL, MS_BIND, NULL) || chroot("mnt") || chdir("/"))
		_exit(9);
	worker("resize2fs");
	worker("careen");
	job();
	if (mounts_read(&ms, NULL))
		_exit(9);
	for (i = 0; i < ms.n; i++)
		ms.row[i].old = false;
	if (holders_read(&hs, &ms, &dev, 1, NULL))
		_exit(9);
	for (i = 0; i < hs.n; i++) {
		h = &hs.row[i];
		if (h->holds & HOLD_DEV)
			dprintf(out, "%s %s %s\n", h->command, way_out_name(h->out), h->what);
	}
	_exit(0);
}

static void test_tools(void)
{
	char got[1024] = "", want[1024];
	size_t len = 0;
	ssize_t n;
	int p[2];

	if (pipe2(p, O_CLOEXEC))
		exit(9);
	if (!fork()) {
		if (unshare(CLONE_NEWNS | CLONE_NEWPID))
			_exit(9);
		if (!fork())
			rescue(p[1]);
		_exit(0);
	}
	close(p[1]);
	while (len + 1 < sizeof(got) && (n = read(p[0], got + len, sizeof(got) - len - 1)) > 0)
		len += n;
	close(p[0]);
	wait(NULL);
	snprintf(want, sizeof(want), "resize2fs wait a tool at work, its job has died: %s\n"
		 "careen keep it looks at the disk: %s\n"
		 "e2fsck wait a tool at work, of a job: %s\n", loop, loop, loop);
	is_str(got, want, "tools in a rescue are waited for, none is stopped");
}

/* Send our only descriptor of a file there to nobody: no process shows it. */
static void test_unseen(void)
{
	int sv[2], fd = open("mnt/file", O_RDWR | O_CREAT, 0600);
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	const struct holder *h;
	struct snapshot *s;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	is_int(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0, "a socket pair");
	is_int(sendmsg(sv[0], &msg, 0), 1, "a descriptor in flight");
	close(fd);
	is_int(umount2("mnt", MNT_DETACH), 0, "lazily unmounted");
	s = take();
	h = holder(s, HOLDER_UNSEEN);
	ok(h != NULL, "in use, and nothing shows by whom: that is said");
	is_str(h ? h->command : "", strrchr(loop, '/') + 1, "of the device");
	ok(device(s)->busy_open, "an exclusive open fails");
	snapshot_free(s);
	close(sv[0]);
	close(sv[1]);
}

static void test_clean(void)
{
	struct snapshot *s = take();
	const struct blockdev *d = device(s);

	ok(!d->busy_open && !d->mounted, "free again");
	ok(d->old_root, "and still known as the old root's");
	is_str(d->fstype, "ext4", "with its file system");
	is_int(count_holders(s), 0, "no holder");
	snapshot_free(s);
}

static void strike(void)
{
	char command[128];

	umount2("mnt", MNT_DETACH);
	snprintf(command, sizeof(command), "losetup -d %s", loop);
	if (loop[0])
		run(command);
	if (chdir("/") == 0) {
		snprintf(command, sizeof(command), "rm -rf --one-file-system %s", top);
		run(command);
	}
}

int main(void)
{
	const char *why = stage();
	char command[160];

	if (why) {
		printf("1..0 # SKIP %s\n", why);
		strike();
		return 0;
	}
	test_free();
	snprintf(command, sizeof(command), "mkfs.ext4 -q -L 'hull \"1\"' "
		 "-U 11111111-2222-3333-4444-555555555555 %s", loop);
	is_int(run(command), 0, "mkfs");
	test_mounted();
	test_kernel_holders();
	test_namespace_without_process();
	test_unseen();
	test_clean();
	test_open(O_RDONLY, false);
	test_open(O_RDONLY | O_EXCL, true);
	test_clean();
	test_silent();
	test_tools();
	strike();
	return done_testing();
}
