/*
 * run-init.c - drop-in for the initramfs's run-init that keeps rootfs alive:
 * fresh proc, sys, dev and run for the rescue, the lifeline, then the real root
 * over "/" and the init in it. See usage of the stock one: klibc usr/kinit/
 * run-init, busybox util-linux/switch_root.c.
 *
 * All that can fail comes before the real root is moved. Whatever fails is
 * undone and the stock run-init goes on: the machine must boot.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"

#define RESCUE_ETC	"/etc/careen/rescue"
#define LOG_FILE	RUN_DIR "/run-init.log"

struct request {
	char **argv;		/* as we got it, for the stock one */
	const char *root;
	const char *console;
	char **init;		/* its argv */
	bool check_only;
	bool drop_caps;
};

struct mount_row {
	const char *source, *type, *dir;
	mode_t mode;		/* of the directory, if it is missing */
	unsigned long flags;
	const char *options;
	const char *fallback;	/* options of an older kernel */
	bool optional;
};

static const struct mount_row mounts[] = {
	{ "proc", "proc", "/proc", 0555, MS_NOSUID | MS_NODEV | MS_NOEXEC, "", NULL, false },
	{ "sysfs", "sysfs", "/sys", 0555, MS_NOSUID | MS_NODEV | MS_NOEXEC, "", NULL, false },
	/* The hierarchy exists once; this is a view of it, for a cgroup of our own. */
	{ "cgroup2", "cgroup2", CGROUP_DIR, 0, MS_NOSUID | MS_NODEV | MS_NOEXEC, "", NULL, true },
	/* Likewise the one devtmpfs there is, so options would be ignored. */
	{ "udev", "devtmpfs", "/dev", 0755, MS_NOSUID, "", NULL, false },
	{ "devpts", "devpts", "/dev/pts", 0755, MS_NOSUID | MS_NOEXEC,
	  "gid=5,mode=0620,ptmxmode=0666", NULL, false },
	{ "tmpfs", "tmpfs", "/tmp", 01777, MS_NOSUID | MS_NODEV, "mode=1777", NULL, false },
	/* noswap came with Linux 6.4: these pages must not go to the disk being freed. */
	{ "careen", "tmpfs", RUN_DIR, 0700, MS_NOSUID | MS_NODEV,
	  "mode=0700,size=64m,noswap", "mode=0700,size=64m", false },
};

#define N_MOUNTS (sizeof(mounts) / sizeof(*mounts))

static struct {
	bool mounted[N_MOUNTS];
	char dev_link[256];	/* what udev's /dev pointed to */
	pid_t lifeline;
} done;

static int mount_one(size_t i)
{
	const struct mount_row *m = &mounts[i];
	int ret;

	if (m->mode && mkdir(m->dir, m->mode) && errno != EEXIST)
		return -errno;
	ret = mount(m->source, m->dir, m->type, m->flags, m->options);
	if (ret && errno == EINVAL && m->fallback)
		ret = mount(m->source, m->dir, m->type, m->flags, m->fallback);
	if (ret)
		return -errno;
	done.mounted[i] = true;
	return 0;
}

static int mount_all(void)
{
	for (size_t i = 0; i < N_MOUNTS; i++) {
		int ret = mount_one(i);

		if (!ret)
			continue;
		note("%s a fresh %s on %s: %s", mounts[i].optional ? "going on without" : "cannot mount",
		     mounts[i].type, mounts[i].dir, strerror(-ret));
		if (!mounts[i].optional)
			return ret;
	}
	return 0;
}

/* udev's init-bottom script leaves /dev as a link into the real root. */
static int clear_dev_link(void)
{
	ssize_t len = readlink("/dev", done.dev_link, sizeof(done.dev_link) - 1);

	if (len < 0)
		return 0;
	done.dev_link[len] = '\0';
	if (!unlink("/dev"))
		return 0;
	done.dev_link[0] = '\0';
	note("cannot remove the link /dev: %s", strerror(errno));
	return -errno;
}

static void undo(void)
{
	/* The group: the lifeline and its standby; dropbear follows by itself. */
	if (done.lifeline > 0) {
		kill(-done.lifeline, SIGKILL);
		while (waitpid(-1, NULL, 0) > 0)
			;
	}
	note_log(NULL, 0);
	for (size_t i = N_MOUNTS; i-- > 0;)
		if (done.mounted[i])
			umount2(mounts[i].dir, MNT_DETACH);
	if (done.dev_link[0] && !rmdir("/dev"))
		symlink(done.dev_link, "/dev");
	memset(&done, 0, sizeof(done));
}

/* Without the stock one: what it would do, less freeing the memory. */
static void move_plainly(const struct request *req)
{
	if (chdir(req->root) || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		note("cannot move %s over /: %s", req->root, strerror(errno));
	else
		execv(req->init[0], req->init);
	note("cannot execute %s: %s", req->init[0], strerror(errno));
}

static int run_stock(const struct request *req)
{
	/* busybox, if that is what it is, looks for its applet in argv[0] */
	req->argv[0] = "run-init";
	execv(STOCK_RUN_INIT, req->argv);
	note("cannot execute " STOCK_RUN_INIT ": %s", strerror(errno));
	if (!req->root || !req->init[0])
		return 1;
	if (req->check_only)
		return chroot(req->root) || chdir("/") || access(req->init[0], X_OK);
	move_plainly(req);
	return 1;
}

/* "careen=off" as a word of its own; the last one counts, as elsewhere. */
static bool switched_off(void)
{
	static char line[4096];
	char *save = NULL, *word;
	bool off = false;

	if (read_line("/proc/cmdline", line, sizeof(line)) < 0)
		return false;
	for (word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save))
		if (!strncmp(word, "careen=", 7))
			off = !strcmp(word + 7, "off");
	return off;
}

static int check_programs(void)
{
	static const char *const needed[] = { STUB, ESCAPE, LIFELINE };

	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (access(needed[i], X_OK)) {
			note("%s: %s", needed[i], strerror(errno));
			return -errno;
		}
	return 0;
}

/* Late, because dropbear-initramfs has its own passwd until its work is done. */
static int install_etc(void)
{
	static const char *const files[] = { "passwd", "group", "shells", "nsswitch.conf", "profile" };
	char from[64], to[64];

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(from, sizeof(from), RESCUE_ETC "/%s", files[i]);
		snprintf(to, sizeof(to), "/etc/%s", files[i]);
		if (rename(from, to)) {
			note("cannot rename %s to %s: %s", from, to, strerror(errno));
			return -errno;
		}
	}
	return 0;
}

/* Its failure is told through the pipe that a successful exec closes. */
static void lifeline_child(int report)
{
	char *const argv[] = { "@careen-lifeline", NULL };
	char *const env[] = { NULL };
	int err;

	setsid();
	execve(LIFELINE, argv, env);
	err = errno;
	_exit(write(report, &err, sizeof(err)) == sizeof(err));
}

static int start_lifeline(void)
{
	int report[2], err = 0;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid)
		lifeline_child(report[1]);
	if (pid < 0)
		err = errno;
	close(report[1]);
	if (pid > 0 && read(report[0], &err, sizeof(err)) != sizeof(err))
		err = 0;
	close(report[0]);
	if (!err)
		done.lifeline = pid;
	return -err;
}

/* Everything that can fail. */
static int prepare(const struct request *req)
{
	int ret = check_programs();

	if (!ret)
		ret = clear_dev_link();
	if (!ret)
		ret = mount_all();
	if (ret)
		return ret;
	note_log(LOG_FILE, 65536);
	if (switched_off()) {
		note("careen=off on the kernel's command line");
		return -ECANCELED;
	}
	if (mkdir("/oldroot", 0755) && errno != EEXIST)
		return -errno;
	ret = install_etc();
	if (ret)
		return ret;
	ret = start_lifeline();
	/* A system without the way in is still a system. */
	if (ret)
		note("cannot start " LIFELINE ": %s; going on without a way in", strerror(-ret));
	note("rescue ready; moving %s over / and starting %s", req->root, req->init[0]);
	return 0;
}

static void use_console(const char *console)
{
	int ret = stdio_on(console);

	if (ret)
		note("cannot open %s: %s", console, strerror(-ret));
}

/* Returns only if the init could not be started, with the root back where it was. */
static int switch_root(const struct request *req)
{
	int rescue = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (rescue < 0)
		return -errno;
	if (mount(req->root, "/", NULL, MS_MOVE, NULL)) {
		err = errno;
		close(rescue);
		return -err;
	}
	/* ".." of the root is the root, and what is stacked over it is crossed
	 * after that; "/" alone is never crossed. */
	if (!chroot("/..") && !chdir("/")) {
		if (req->console)
			use_console(req->console);
		execv(req->init[0], req->init);
	}
	err = errno;
	if (fchdir(rescue) || chroot(".") || mount("/..", req->root, NULL, MS_MOVE, NULL))
		note("cannot move the root back: %s", strerror(errno));
	close(rescue);
	return -err;
}

static bool parse(int argc, char **argv, struct request *req)
{
	int opt;

	/* '+': what follows INIT is the init's */
	while ((opt = getopt(argc, argv, "+c:d:n")) != -1) {
		if (opt == 'c')
			req->console = optarg;
		else if (opt == 'd')
			req->drop_caps = true;
		else if (opt == 'n')
			req->check_only = true;
		else
			return false;
	}
	if (argc - optind < 2)
		return false;
	req->root = argv[optind];
	req->init = argv + optind + 1;
	return true;
}

int main(int argc, char **argv)
{
	struct request req = { .argv = argv };
	int ret;

	note_init("careen");
	opterr = 0;	/* the stock one complains, in its own words */
	if (!parse(argc, argv, &req) || req.check_only || getpid() != 1)
		return run_stock(&req);
	if (req.drop_caps) {
		note("run-init -d is the stock one's work; careen stays out of this boot");
		return run_stock(&req);
	}
	ret = prepare(&req);
	if (!ret) {
		ret = switch_root(&req);
		note("cannot start %s: %s", req.init[0], strerror(-ret));
	}
	undo();
	note("careen stays out of this boot, the stock run-init goes on");
	return run_stock(&req);
}
