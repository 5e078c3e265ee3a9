/*
 * setup.c - what makes a tree in RAM the rescue: fresh proc, sys, dev and run,
 * its own /etc, the lifeline. In the initramfs run-init does it, in a running
 * system rescue-start; whatever fails is undone by setup_undo().
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
#include "setup.h"

#define RESCUE_ETC	"/etc/careen/rescue"

struct mount_row {
	const char *source, *type, *dir;
	mode_t mode;		/* of the directory, if it is missing */
	unsigned long flags;
	const char *options;	/* NULL: those that it has already */
	const char *fallback;	/* options of an older kernel */
	bool optional;
};

static const struct mount_row mounts[] = {
	{ "proc", "proc", "/proc", 0555, MS_NOSUID | MS_NODEV | MS_NOEXEC, "", NULL, false },
	{ "sysfs", "sysfs", "/sys", 0555, MS_NOSUID | MS_NODEV | MS_NOEXEC, "", NULL, false },
	/* The hierarchy exists once; this is a view of it, for a cgroup of our own. */
	{ "cgroup2", "cgroup2", CGROUP_DIR, 0, MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, NULL, true },
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
	pid_t lifeline;
} done;

/*
 * The hierarchy's options are set anew by each mount of it, for everybody (nsdelegate,
 * memory_recursiveprot): so they are given as they are where PID 1 sees it, which is
 * outside of our root [kernel/cgroup/cgroup.c apply_cgroup_root_flags(), proc_pid_mountinfo(5)].
 * "" if it is mounted nowhere: the init that mounts it sets them.
 */
static const char *cgroup_options(char *buf, size_t size)
{
	static const char type[] = " - cgroup2 ";
	char line[1024], *at;
	FILE *in = fopen("/proc/1/mountinfo", "re");

	*buf = '\0';
	while (in && !*buf && fgets(line, sizeof(line), in)) {
		at = strstr(line, type);
		if (!at)
			continue;
		at += sizeof(type) - 1;			/* its source, then "rw,nsdelegate,..." */
		at += strcspn(at, " ");
		at[strcspn(at, "\n")] = '\0';
		at = strchr(at, ',');
		snprintf(buf, size, "%s", at ? at + 1 : "");
	}
	if (in)
		fclose(in);
	return buf;
}

static int mount_one(size_t i)
{
	const struct mount_row *m = &mounts[i];
	char had[256];
	int ret;

	if (m->mode && mkdir(m->dir, m->mode) && errno != EEXIST)
		return -errno;
	ret = mount(m->source, m->dir, m->type, m->flags,
		    m->options ? m->options : cgroup_options(had, sizeof(had)));
	if (ret && errno == EINVAL && m->fallback)
		ret = mount(m->source, m->dir, m->type, m->flags, m->fallback);
	if (ret)
		return -errno;
	done.mounted[i] = true;
	return 0;
}

int setup_mounts(void)
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

int setup_check(void)
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

int setup_files(void)
{
	if (mkdir("/oldroot", 0755) && errno != EEXIST)
		return -errno;
	/* A tree of `careen enter` lies where every user of the system could walk into it. */
	if (chmod("/", 0700))
		return -errno;
	if (chmod("/tmp", 0700) && errno != ENOENT)
		return -errno;
	return install_etc();
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

int setup_lifeline(void)
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

void setup_undo(void)
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
	memset(&done, 0, sizeof(done));
}
