/*
 * around.c - reach the old root, wherever it lies, and the pivot
 *
 * Seen from the rescue the old root is stacked over "/" (booted or resumed),
 * on /oldroot (detached), or, in a tree of `careen enter`, around it: the tree is
 * a mount inside the old root, and we are chrooted into it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys.h"
#include "paths.h"
#include "run/exec.h"

enum { MAX_DEPTH = 4096 };	/* PATH_MAX: no mount point lies deeper */

const char *old_root_path(void)
{
	if (old_root_stacked())
		return "/..";
	if (path_mount_id(CAREEN_OLDROOT) == path_mount_id("/") && !pid1_in_rescue())
		return "/proc/1/root";
	return CAREEN_OLDROOT;
}

/* ".." of the topmost directory is itself. */
static int climb(void)
{
	struct stat here, above;
	int i;

	for (i = 0; i < MAX_DEPTH; i++) {
		if (stat(".", &here) < 0 || stat("..", &above) < 0)
			return -errno;
		if (here.st_dev == above.st_dev && here.st_ino == above.st_ino)
			return 0;
		if (chdir("..") < 0)
			return -errno;
	}
	return -ELOOP;
}

int climb_out(void)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	/* chroot(2), NOTES: it does not change ".", so one can leave upwards */
	r = chroot("/proc") < 0 || fchdir(fd) < 0 ? -errno : climb();
	close(fd);
	if (r < 0)
		return r;
	return chroot(".") < 0 ? -errno : 0;
}

static int above_child(void *arg, struct error *err)
{
	int tree = path_mount_id("/"), r = climb_out();

	(void)arg;
	if (r < 0)
		return error_set(err, r, "look above", "/", NULL, NULL);
	return path_mount_id("/") == tree ? -ENOENT : 0;
}

bool old_root_around(void)
{
	return !old_root_stacked() && run_with_deadline(10, above_child, NULL, NULL) == 0;
}

/*
 * The tree and the mount under it were made private, but a systemd that was executed
 * since (an upgrade, a resume) has made all mounts shared again [src/shared/mount-setup.c].
 */
static int pivot(void)
{
	static const char *const above[] = { "/run", "/" };
	int r = sys->pivot_root(CAREEN_TREE, CAREEN_TREE CAREEN_OLDROOT);
	size_t i;

	for (i = 0; r == -EINVAL && i < sizeof(above) / sizeof(above[0]); i++)
		if (sys->mount(NULL, above[i], NULL, MS_REC | MS_PRIVATE, NULL) == 0)
			r = sys->pivot_root(CAREEN_TREE, CAREEN_TREE CAREEN_OLDROOT);
	return r;
}

static int pivot_child(void *arg, struct error *err)
{
	const struct op *op = arg;
	int tree = path_mount_id("/"), r = climb_out();

	if (r < 0)
		return error_set(err, r, "pivot", "/", "the old root cannot be reached from here",
				 "Nothing was changed.");
	if (path_mount_id("/") != op->mount_id || path_mount_id(op->src) != tree)
		return error_set(err, ESTALE, "pivot", op->src,
				 "another mount is there than when the plan was made",
				 "Make the plan again.");
	r = pivot();
	if (r < 0)
		return error_set(err, r, "pivot", op->src, NULL,
				 "Try it again, or Resume: the system starts anew where it is.");
	return 0;
}

/*
 * The tree takes the old root's place, which goes to /oldroot in it; every process
 * whose root was the old one is taken along [fs/namespace.c chroot_fs_refs()], but
 * not those chrooted in the tree: us.
 */
int op_pivot(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	int r;

	if (path_mount_id(CAREEN_OLDROOT) == op->mount_id) {
		ctx_note(ctx, "%s is there already", CAREEN_OLDROOT);
		return 0;
	}
	r = run_with_deadline(op->deadline_s, pivot_child, (void *)op, err);
	if (r < 0)
		return r;
	if (path_mount_id(CAREEN_OLDROOT) != op->mount_id)
		return error_set(err, EIO, "pivot", CAREEN_OLDROOT, "the old root is not there",
				 "Look at: cat /proc/self/mountinfo");
	return 0;
}
