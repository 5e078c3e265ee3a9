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
#include "setup.h"

#define LOG_FILE	RUN_DIR "/run-init.log"

struct request {
	char **argv;		/* as we got it, for the stock one */
	const char *root;
	const char *console;
	char **init;		/* its argv */
	bool check_only;
	bool drop_caps;
};

static char dev_link[256];	/* what udev's /dev pointed to */

/* udev's init-bottom script leaves /dev as a link into the real root. */
static int clear_dev_link(void)
{
	ssize_t len = readlink("/dev", dev_link, sizeof(dev_link) - 1);

	if (len < 0)
		return 0;
	dev_link[len] = '\0';
	if (!unlink("/dev"))
		return 0;
	dev_link[0] = '\0';
	note("cannot remove the link /dev: %s", strerror(errno));
	return -errno;
}

static void undo(void)
{
	setup_undo();
	if (dev_link[0] && !rmdir("/dev"))
		symlink(dev_link, "/dev");
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

/* Everything that can fail. */
static int prepare(const struct request *req)
{
	int ret = setup_check();

	if (!ret)
		ret = clear_dev_link();
	if (!ret)
		ret = setup_mounts();
	if (ret)
		return ret;
	note_log(LOG_FILE, 65536);
	if (switched_off()) {
		note("careen=off on the kernel's command line");
		return -ECANCELED;
	}
	ret = setup_files();
	if (ret)
		return ret;
	ret = setup_lifeline();
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
