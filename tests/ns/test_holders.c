/*
 * test_holders.c - one real process for each way to hold a file system, in a
 * mount namespace of the test's own; each must be found, and named rightly
 *
 * A tmpfs plays the old root: first as if a disk were behind it (told by the
 * device, too), then as the pseudo file system that it is (told by mount id
 * alone). The processes are compared with what fuser(1) finds.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model/holders.h"
#include "base/error.h"
#include "tap.h"

static char top[] = "/tmp/careen-ns.XXXXXX";
static char old[64];		/* plays the old root */
static char ours[64];		/* another mount of the same tmpfs: the rescue's */
static char self[4096];

/* What each child does before it says that it is ready. */
static void hold_cwd(void) { if (chdir(old)) _exit(9); }
static void hold_root(void) { if (chroot(old)) _exit(9); }
static void hold_nothing(void) { }

static void hold_fd(void)
{
	if (open("old/file", O_RDONLY) < 0)
		_exit(9);
}

static void hold_many_fds(void)
{
	int i;

	for (i = 0; i < 300; i++)
		hold_fd();
}

static void hold_opath(void)
{
	if (open("old/file", O_PATH) < 0)
		_exit(9);
}

static void hold_map(void)
{
	int fd = open("old/doomed", O_RDWR | O_CREAT, 0600);

	if (fd < 0 || ftruncate(fd, 4096) ||
	    mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ||
	    close(fd) || unlink("old/doomed"))
		_exit(9);
}

static void hold_exe(void)
{
	execl("old/prog", "prog", "wait", NULL);
	_exit(9);
}

static void hold_ns(void)
{
	if (unshare(CLONE_NEWNS))
		_exit(9);
}

static void hold_ours(void)
{
	if (chdir(ours))
		_exit(9);
}

static int ready[2];

/* Keep a namespace that nobody is in any more, by a descriptor. */
static void hold_ns_fd(void)
{
	char path[64], c;
	pid_t in_it;

	if (pipe(ready))
		_exit(9);
	in_it = fork();
	if (!in_it) {
		if (!unshare(CLONE_NEWNS) && write(ready[1], "n", 1) == 1)
			for (;;)
				pause();
		_exit(9);
	}
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", in_it);
	if (read(ready[0], &c, 1) != 1 || open(path, O_RDONLY | O_CLOEXEC) < 0)
		_exit(9);
	kill(in_it, SIGKILL);
	waitpid(in_it, NULL, 0);
}

static void *thread_cwd(void *arg)
{
	if (unshare(CLONE_FS) || chdir(old))
		_exit(9);
	(void)!write(ready[1], "t", 1);
	for (;;)
		pause();
	return arg;
}

static void *thread_fd(void *arg)
{
	if (unshare(CLONE_FILES))
		_exit(9);
	hold_fd();
	(void)!write(ready[1], "t", 1);
	for (;;)
		pause();
	return arg;
}

static void *thread_ns(void *arg)
{
	if (unshare(CLONE_NEWNS))
		_exit(9);
	(void)!write(ready[1], "t", 1);
	for (;;)
		pause();
	return arg;
}

static void start_thread(void *(*fn)(void *))
{
	pthread_t t;
	char c;

	if (pipe(ready) || pthread_create(&t, NULL, fn, NULL) || read(ready[0], &c, 1) != 1)
		_exit(9);
}

static void hold_thread_cwd(void) { start_thread(thread_cwd); }
static void hold_thread_fd(void) { start_thread(thread_fd); }
static void hold_thread_ns(void) { start_thread(thread_ns); }

static void *outlive(void *arg)
{
	(void)!write(ready[1], "t", 1);
	for (;;)
		pause();
	return arg;
}

/* The leader ends, a thread goes on: /proc/PID shows a zombie. */
static void hold_dead_leader(void)
{
	hold_fd();
	start_thread(outlive);
}

static const struct kind {
	const char *name;
	void (*fn)(void);
	unsigned disk, pseudo;	/* what must be found, in each of the two roles */
	bool fuser;		/* fuser(1) sees it too */
} kinds[] = {
	{ "cwd", hold_cwd, HOLD_CWD, HOLD_CWD, true },
	{ "root", hold_root, HOLD_ROOT, HOLD_ROOT, true },
	{ "fd", hold_fd, HOLD_FD, HOLD_FD, true },
	{ "manyfd", hold_many_fds, HOLD_FD, HOLD_FD, true },
	{ "opath", hold_opath, HOLD_FD, HOLD_FD, true },
	{ "map", hold_map, HOLD_MAP, HOLD_MAP, true },
	{ "exe", hold_exe, HOLD_EXE | HOLD_MAP, HOLD_EXE | HOLD_MAP, true },
	{ "ns", hold_ns, HOLD_NS, 0, false },
	{ "nsfd", hold_ns_fd, HOLD_NS, HOLD_NS, false },
	{ "threadcwd", hold_thread_cwd, HOLD_CWD, HOLD_CWD, false },
	{ "threadfd", hold_thread_fd, HOLD_FD, HOLD_FD, false },
	{ "threadns", hold_thread_ns, HOLD_NS, 0, false },
	{ "deadlead", hold_dead_leader, HOLD_FD, HOLD_FD, false },
	{ "ours", hold_ours, 0, 0, false },
	{ "nothing", hold_nothing, 0, 0, false },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };
static pid_t pid[KINDS];

static void child(const struct kind *k, int out)
{
	char comm[16];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(comm, sizeof(comm), ") (%s", k->name);
	prctl(PR_SET_NAME, comm);
	if (k->fn == hold_exe) {
		dup2(out, 1);
		close(out);
	}
	k->fn();
	(void)!write(out, "r", 1);
	close(out);
	if (k->fn == hold_dead_leader)
		pthread_exit(NULL);
	for (;;)
		pause();
}

static void start_children(void)
{
	size_t i;
	char c;

	for (i = 0; i < KINDS; i++) {
		int p[2];

		if (pipe2(p, O_CLOEXEC) < 0)
			exit(9);
		pid[i] = fork();
		if (!pid[i])
			child(&kinds[i], p[1]);
		close(p[1]);
		ok(read(p[0], &c, 1) == 1, "process %s is there", kinds[i].name);
		close(p[0]);
	}
	usleep(50000);	/* the dead leader's end */
}

static const struct holder *by_pid(const struct holders *hs, pid_t want)
{
	size_t i;

	for (i = 0; i < hs->n; i++)
		if (hs->row[i].pid == want)
			return &hs->row[i];
	return NULL;
}

/* Only the tmpfs at @old is the old root now. */
static int cast(struct mounts *ms, bool disk)
{
	size_t i;
	int found = 0;

	for (i = 0; i < ms->n; i++) {
		struct mount *m = &ms->row[i];

		m->old = m->ns == ms->own_ns && !strcmp(m->target, old);
		m->skip = 0;
		if (m->old) {
			m->pseudo = !disk;
			found++;
		}
	}
	return found;
}

static void check_children(const struct holders *hs, bool disk)
{
	char got[48], want[48];
	size_t i;

	for (i = 0; i < KINDS; i++) {
		const struct holder *h = by_pid(hs, pid[i]);
		unsigned bits = disk ? kinds[i].disk : kinds[i].pseudo;

		/* A second mount of the same device holds the device, too. */
		if (disk && kinds[i].fn == hold_ours)
			bits = HOLD_CWD;
		is_str(holds_text(h ? h->holds : 0, got, sizeof(got)),
		       holds_text(bits, want, sizeof(want)), "%s: %s", kinds[i].name,
		       disk ? "as a disk" : "as a pseudo file system");
		if (!h)
			continue;
		ok(h->start == process_start(pid[i]), "%s: its start time",
		   kinds[i].name);
		ok(h->out == OUT_TERM, "%s: its way out", kinds[i].name);
		ok(h->what[0], "%s: what it holds: %s", kinds[i].name, h->what);
	}
}

/* All pids that fuser prints for @old. */
static bool fuser_has(pid_t want)
{
	char command[128];
	bool found = false;
	FILE *out;
	int got;

	snprintf(command, sizeof(command), "fuser -m %s 2>/dev/null", old);
	out = popen(command, "r");
	while (out && fscanf(out, "%d", &got) == 1)
		if (got == want)
			found = true;
	if (out)
		pclose(out);
	return found;
}

static void compare_with_fuser(const struct holders *hs)
{
	size_t i;

	if (system("command -v fuser >/dev/null") != 0) {
		ok(true, "comparison with fuser # SKIP no fuser");
		return;
	}
	for (i = 0; i < KINDS; i++) {
		if (kinds[i].fuser)
			ok(fuser_has(pid[i]) && by_pid(hs, pid[i]), "%s: fuser and we agree",
			   kinds[i].name);
		else if (fuser_has(pid[i]))
			ok(by_pid(hs, pid[i]), "%s: fuser sees it, and so do we", kinds[i].name);
	}
}

static int count_dir(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static char *slurp(const char *path)
{
	char *buf = calloc(1, 1 << 20);
	int fd = open(path, O_RDONLY);

	(void)!read(fd, buf, (1 << 20) - 1);
	close(fd);
	return buf;
}

static int count_children(void)
{
	char path[64], *text, *at;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	text = slurp(path);
	for (at = text; *at; at++)
		n += *at == ' ';
	free(text);
	return n;
}

static void scan(bool disk)
{
	struct mounts ms = { 0 };
	struct holders hs = { 0 };
	struct error err = { 0 };

	is_int(mounts_read(&ms, &err), 0, "mounts of all namespaces");
	is_int(cast(&ms, disk), 1, "one plays the old root");
	is_int(holders_read(&hs, &ms, NULL, 0, &err), 0, "holders");
	check_children(&hs, disk);
	ok(!by_pid(&hs, getpid()), "we hold nothing");
	ok(!by_pid(&hs, 1) || (by_pid(&hs, 1)->holds & HOLD_UNKNOWN), "nor does PID 1");
	is_int(hs.n, hs.n_process + hs.n_kernel, "the counts add up");
	if (disk)
		compare_with_fuser(&hs);
	holders_free(&hs);
	mounts_free(&ms);
}

/* A file given as the only holder after its mount was lazily detached. */
static void scan_detached(void)
{
	struct mounts ms = { 0 };
	struct holders hs = { 0 };
	struct stat st;
	size_t i;
	int n = 0;

	stat(old, &st);
	umount2(old, MNT_DETACH);
	umount2(ours, MNT_DETACH);
	mounts_read(&ms, NULL);
	for (i = 0; i < ms.n; i++)
		ms.row[i].old = false;
	is_int(holders_read(&hs, &ms, &st.st_dev, 1, NULL), 0,
	       "holders of a device that is lazily detached");
	for (i = 0; i < KINDS; i++)
		if (kinds[i].disk && kinds[i].disk != HOLD_NS)
			ok(by_pid(&hs, pid[i]) != NULL, "%s: still named", kinds[i].name), n++;
	ok(n > 5, "several kinds");
	holders_free(&hs);
	mounts_free(&ms);
}

static bool copy_self(void)
{
	char command[sizeof(self) + 256];

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return false;
	snprintf(command, sizeof(command), "cp '%s' %s/prog && echo x > %s/file", self, old, old);
	return system(command) == 0;
}

static const char *stage(void)
{
	if (geteuid())
		return "needs root";
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return "no mount namespace of our own";
	if (!mkdtemp(top) || chdir(top))
		return "no directory";
	snprintf(old, sizeof(old), "%s/old", top);
	snprintf(ours, sizeof(ours), "%s/ours", top);
	if (mkdir(old, 0755) || mkdir(ours, 0755) ||
	    mount("careen-test", old, "tmpfs", 0, NULL) ||
	    mount(old, ours, NULL, MS_BIND, NULL))
		return "cannot mount";
	return copy_self() ? NULL : "cannot copy";
}

static void strike(void)
{
	size_t i;

	for (i = 0; i < KINDS; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	if (chdir("/") == 0 && rmdir(old) == 0 && rmdir(ours) == 0)
		rmdir(top);
}

int main(int argc, char **argv)
{
	const char *why;
	char *before, *after;
	int fds, children;

	if (argc > 1 && !strcmp(argv[1], "wait")) {
		(void)!write(1, "r", 1);
		for (;;)
			pause();
	}
	why = stage();
	if (why) {
		printf("1..0 # SKIP %s\n", why);
		return 0;
	}
	start_children();
	before = slurp("/proc/self/mountinfo");
	fds = count_dir("/proc/self/fd");
	children = count_children();
	scan(true);
	scan(false);
	after = slurp("/proc/self/mountinfo");
	is_str(after, before, "the scans changed no mount");
	is_int(count_dir("/proc/self/fd"), fds, "left no descriptor");
	is_int(count_children(), children, "and no child");
	free(before);
	free(after);
	scan_detached();
	strike();
	return done_testing();
}
