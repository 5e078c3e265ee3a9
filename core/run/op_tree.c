/*
 * op_tree.c - the rescue's tree in a running system: made, started, ended
 *
 * It is a tmpfs on a mount point of its own that is private: pivot_root(2) refuses
 * a shared one, and services with a mount namespace of their own would get copies.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/magic.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "model/host.h"
#include "model/procfile.h"
#include "model/rescue.h"
#include "model/snapshot.h"
#include "paths.h"
#include "run/arm.h"
#include "run/exec.h"
#include "run/spawn.h"

enum { MIB = 1 << 20, SPARE = 96 * MIB };	/* for jobs, a session, a repair tool */

/* Beside the running program: /usr/sbin/careen, /usr/lib/careen/enter-tree. */
static int script_path(char *buf, size_t size, struct error *err)
{
	char exe[256], *slash;
	int i, r = link_read(AT_FDCWD, "/proc/self/exe", exe, sizeof(exe));

	for (i = 0; r == 0 && i < 2; i++) {
		slash = strrchr(exe, '/');
		if (slash)
			*slash = '\0';
	}
	text_fmt(buf, size, "%s/lib/careen/enter-tree", r == 0 ? exe : "/usr");
	if (access(buf, X_OK) == 0)
		return 0;
	return error_set(err, errno, "enter", buf, NULL, "Is careen installed here? make install puts it there.");
}

/* What the script leaves beside the tree's place between its two runs. */
static void drop_list(const char *dir)
{
	char path[300];

	text_fmt(path, sizeof(path), "%s.files", dir);
	unlink(path);
}

/* `enter-tree WORD DIR`: its last line in @o. */
static int run_script(struct op_ctx *ctx, const struct op *op, const char *word, struct said *o,
		      struct error *err)
{
	char path[300], *argv[] = { path, (char *)word, op->dst, NULL };
	struct spawn sp = {
		.ctx = ctx, .argv = argv, .output = said_take, .arg = o,
		.until = now_ms() + 1000 * (int64_t)op->deadline_s,
	};
	int status, r = script_path(path, sizeof(path), err);

	if (r == 0)
		r = spawn_run(&sp, &status, err);
	if (r < 0)
		return r;
	if (sp.stopped || sp.timed_out)
		return error_set(err, sp.stopped ? ECANCELED : ETIMEDOUT, "enter", word,
				 sp.stopped ? "stopped" : "not done in time",
				 "careen leave takes away what is there.");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return error_set(err, EIO, "enter", word, *o->line ? o->line : "it failed",
			 "Mend that, then run careen enter again.");
}

static bool is_mount_point(const char *path)
{
	char up[300];

	text_fmt(up, sizeof(up), "%s/..", path);
	return path_mount_id(path) >= 0 && path_mount_id(path) != path_mount_id(up);
}

/* Lazily: it is RAM, and whoever was in it has been ended. */
static int unmount_tree(const char *dir, struct error *err)
{
	int i, r = 0;

	for (i = 0; i < 8 && r == 0 && is_mount_point(dir); i++)
		r = sys->umount(dir, MNT_DETACH | UMOUNT_NOFOLLOW);
	if (is_mount_point(dir))
		return error_set(err, r < 0 ? r : EBUSY, "unmount", dir, NULL, "By hand: umount -R %s", dir);
	if (rmdir(dir) < 0 && errno != ENOENT)
		return error_set(err, errno, "remove", dir, NULL, NULL);
	return 0;
}

/* A mount point that is private, whatever /run is. */
static int make_place(const char *dir, struct error *err)
{
	int r = sys->mkdir(dir, 0700);

	if (r == 0 || r == -EEXIST)
		r = sys->mount(dir, dir, NULL, MS_BIND, NULL);
	if (r == 0)
		r = sys->mount(NULL, dir, NULL, MS_PRIVATE, NULL);
	return r < 0 ? error_set(err, r, "mount", dir, NULL, NULL) : 0;
}

static int mount_tree(const char *dir, uint64_t size, struct error *err)
{
	char options[96];
	int r = make_place(dir, err);

	if (r < 0)
		return r;
	/* noswap came with Linux 6.4; before, the detach's swapoff brings it back */
	text_fmt(options, sizeof(options), "mode=0755,size=%llu,noswap", (unsigned long long)size);
	r = sys->mount("careen", dir, "tmpfs", MS_NOSUID | MS_NODEV, options);
	if (r == -EINVAL) {
		options[strlen(options) - strlen(",noswap")] = '\0';
		r = sys->mount("careen", dir, "tmpfs", MS_NOSUID | MS_NODEV, options);
	}
	return r < 0 ? error_set(err, r, "mount a tmpfs on", dir, NULL, NULL) : 0;
}

static int size_and_mount(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	struct said o = { .ctx = NULL };
	char need[16], have[16], why[120];
	struct host host = { 0 };
	uint64_t size;
	int r = run_script(ctx, op, "size", &o, err);

	if (r < 0)
		return r;
	size = strtoull(o.line, NULL, 10);
	if (!size)
		return error_set(err, EIO, "enter", "size", o.line, "enter-tree size must print bytes.");
	host_read(&host);
	text_size(need, sizeof(need), size + SPARE);
	text_size(have, sizeof(have), host.mem_available);
	if (size + SPARE > host.mem_available) {
		text_fmt(why, sizeof(why), "the rescue takes %s of RAM, and %s are available", need, have);
		return error_set(err, ENOMEM, "enter", op->dst, why,
				 "Stop something that uses memory, then run careen enter again.");
	}
	/* left by an attempt that was cut off */
	r = unmount_tree(op->dst, err);
	if (r == 0)
		r = mount_tree(op->dst, size + size / 8 + (uint64_t)16 * MIB, err);
	if (r == 0)
		ctx_note(ctx, "%s of the tree's files, %s of RAM available", text_size(need, sizeof(need), size), have);
	return r;
}

int op_tree_mount(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	int r = size_and_mount(ctx, op, err);

	if (r < 0)
		drop_list(op->dst);
	return r;
}

int op_tree_fill(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	struct said o = { .ctx = ctx };
	int r = run_script(ctx, op, "fill", &o, err);

	drop_list(op->dst);
	return r;
}

/* Does an ssh server greet there? */
static bool greets(const struct addrinfo *ai)
{
	struct timeval limit = { .tv_sec = 5 };
	char greeting[4] = "";
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	ok = connect(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	     recv(fd, greeting, sizeof(greeting), MSG_WAITALL) == (ssize_t)sizeof(greeting) &&
	     !memcmp(greeting, "SSH-", 4);
	close(fd);
	return ok;
}

static int wait_greeting(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	int64_t until = now_ms() + 1000 * (int64_t)op->deadline_s;
	struct addrinfo *ai = NULL;
	char host[64], port[8];
	bool ok = false;

	if (rescue_address(op->dst, host, sizeof(host), port) < 0 || getaddrinfo(host, port, &hints, &ai))
		return error_set(err, EINVAL, "start", "the ssh server", "its address is unclear",
				 "Look at %s/etc/careen/dropbear.argv.", op->dst);
	while (!(ok = greets(ai)) && now_ms() < until)
		sleep_ms(100);
	freeaddrinfo(ai);
	if (!ok)
		return error_set(err, ETIMEDOUT, "start", "the ssh server", "it does not answer",
				 "Look at %s" CAREEN_RUN "/dropbear.log: is port %s taken?", op->dst, port);
	ctx_note(ctx, "Log in now, from where you are: ssh -p %s root@this-host", port);
	return 0;
}

/* With port_open=armed it is opened for that long only. */
static int prove_greeting(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	int r = arm_port(op->deadline_s, err);

	if (r < 0 && r != -EALREADY)
		return r;
	r = wait_greeting(ctx, op, err);
	if (r == 0 && arm_port(0, NULL) == 0)
		ctx_note(ctx, "The port is closed again: careen arm opens it.");
	return r;
}

int op_tree_start(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	char *argv[] = { CAREEN_LIB "/rescue-start", NULL };
	struct said o = { .ctx = ctx };
	struct spawn sp = {
		.ctx = ctx, .argv = argv, .root = op->dst, .output = said_take, .arg = &o,
		.until = now_ms() + 1000 * (int64_t)op->deadline_s,
	};
	int status, r = spawn_run(&sp, &status, err);

	if (r < 0)
		return r;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return error_set(err, EIO, "start", "the rescue", *o.line ? o.line : "it failed",
				 "careen leave takes it away again.");
	return prove_greeting(ctx, op, err);
}

/* The rescue that is there: an O_PATH descriptor of its root, or -ENOENT. */
static int open_rescue(const char *dir)
{
	char path[300];
	int fd;

	text_fmt(path, sizeof(path), "/proc/%d/root", (int)rescue_lifeline());
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && is_mount_point(dir))
		fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int fd_mount_id(int fd)
{
	struct statx sx;

	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &sx) < 0 ? -errno :
	       (int)sx.stx_mnt_id;
}

static bool lives_in(pid_t pid, const struct stat *root, struct proc_stat *st)
{
	char path[48];
	struct stat at;

	text_fmt(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (pid == 1 || pid == getpid() || proc_stat_read(AT_FDCWD, path, st) < 0 ||
	    (st->flags & PROC_PF_KTHREAD))
		return false;
	text_fmt(path, sizeof(path), "/proc/%d/root", (int)pid);
	return stat(path, &at) == 0 && at.st_dev == root->st_dev && at.st_ino == root->st_ino;
}

/* Its lifeline, its ssh server, its sessions and what runs in them: all at once. */
static int end_processes(struct op_ctx *ctx, const struct op *op, int rescue, struct error *err)
{
	struct kill_how how = { .until = now_ms() + 1000 * (int64_t)op->deadline_s, .freeze = true };
	struct victim *v;
	struct proc_stat st;
	struct stat root;
	pid_t *pid;
	size_t i, n, nv = 0;
	int r;

	if (fstat(rescue, &root) < 0)
		return error_set(err, errno, "look at", "the rescue", NULL, NULL);
	r = pids_list(AT_FDCWD, "/proc", &pid, &n);
	if (r < 0)
		return error_set(err, r, "list", "/proc", NULL, NULL);
	v = calloc(n + 1, sizeof(*v));
	for (i = 0; v && i < n; i++)
		if (lives_in(pid[i], &root, &st))
			v[nv++] = (struct victim){ .pid = pid[i], .start = st.start, .name = "rescue",
						   .kill_now = true };
	free(pid);
	r = v ? 0 : -ENOMEM;
	if (v && nv)
		r = kill_victims(ctx, v, nv, &how, err);
	free(v);
	return r;
}

struct lift {
	char rescue[48];	/* a path to its root, through our own descriptor */
	const char *dir;
};

/*
 * After a trip the tree lies under the root. From inside it, the root (which "/.."
 * crosses to) takes its place back, and the tree goes to @dir in it. Nobody has the
 * tree as its root any more, so nobody is taken along.
 */
static int lift_child(void *arg, struct error *err)
{
	const struct lift *l = arg;
	char put[300];
	int r;

	text_fmt(put, sizeof(put), "/..%s", l->dir);
	if (chdir(l->rescue) < 0 || chroot(".") < 0)
		return error_set(err, errno, "enter", "the rescue's tree", NULL, NULL);
	r = sys->pivot_root("/..", put);
	return r < 0 ? error_set(err, r, "pivot", "/", NULL, "The tree stays under the root, unused, "
				 "until the next boot; nothing else is wrong.") : 0;
}

static int lift(const struct op *op, int rescue, struct error *err)
{
	struct lift l = { .dir = op->dst };
	int r = make_place(op->dst, err);

	if (r < 0)
		return r;
	/* run_with_deadline()'s child inherits no descriptor */
	text_fmt(l.rescue, sizeof(l.rescue), "/proc/%d/fd/%d", (int)getpid(), rescue);
	r = run_with_deadline(10, lift_child, &l, err);
	if (r < 0)
		unmount_tree(op->dst, NULL);
	return r;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	if (ftw->level)
		(void)remove(path);	/* a directory that something is mounted on stays */
	return 0;
}

/*
 * Services with a mount namespace of their own that began after a trip have a copy
 * of the mount below the root: the RAM comes back only with the files.
 */
static void empty_tree(const char *dir)
{
	char mark[300];
	struct statfs fs;

	text_fmt(mark, sizeof(mark), "%s" CAREEN_ENTERED, dir);
	if (statfs(dir, &fs) == 0 && fs.f_type == TMPFS_MAGIC && access(mark, F_OK) == 0)
		nftw(dir, remove_one, 16, FTW_DEPTH | FTW_MOUNT | FTW_PHYS);
}

int op_tree_leave(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	int rescue = open_rescue(op->dst), r;
	bool entered;

	if (rescue < 0) {
		ctx_note(ctx, "no rescue is there");
		return unmount_tree(op->dst, err);
	}
	entered = faccessat(rescue, &CAREEN_ENTERED[1], F_OK, 0) == 0;
	r = end_processes(ctx, op, rescue, err);
	/* a rescue of the initramfs stays in rootfs, asleep */
	if (r == 0 && entered && fd_mount_id(rescue) != path_mount_id(op->dst))
		r = lift(op, rescue, err);
	close(rescue);
	if (r < 0 || !entered)
		return r;
	empty_tree(op->dst);
	return unmount_tree(op->dst, err);
}
