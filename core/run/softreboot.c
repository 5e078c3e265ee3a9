/*
 * softreboot.c - a soft reboot that ends in our program instead of systemd's
 *
 * systemd stops every unit in order, kills what is left and executes its own
 * binary [systemd src/core/main.c do_reexecute()], without changing its root
 * when there is no /run/nextroot. That directory is not used: systemd would
 * detach the old root lazily, and hide who still holds it.
 *
 * Told to systemd by drop-ins in /run, which it forgets by itself:
 * - the managers of the network are killed, not stopped: nothing is taken down;
 * - our bind mount is not unmounted as the other mounts are.
 * And to its last kill(2), by the attribute that SurviveFinalKillSignal= sets on
 * a unit's cgroup: the cgroup of our ssh server, its sessions and this job is
 * spared [src/shared/killall.c is_survivor_cgroup()].
 */
#include "run/softreboot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "paths.h"
#include "run/exec.h"
#include "run/spawn.h"

#define UNITS	CAREEN_OLDROOT "/run/systemd/system"
#define CGROUP	"/careen"		/* as the lifeline makes it */
#define CGROUPS	"/sys/fs/cgroup"

static const char killed[] = "[Service]\nExecStop=\nExecStopPost=\nKillSignal=SIGKILL\n";
static const char stays[] = "[Unit]\nDefaultDependencies=no\n";

static const char *const managers[] = {
	"systemd-networkd.service", "NetworkManager.service", "networking.service",
	"ifup@.service", "dhcpcd.service", "connman.service", "wpa_supplicant.service",
	"wpa_supplicant@.service", "iwd.service", "wicked.service",
};

#define N_MANAGERS (sizeof(managers) / sizeof(managers[0]))

/* systemd.unit(5), STRING ESCAPING: "/usr/lib/x" is "usr-lib-x". */
static void mount_unit(const char *path, char *buf, size_t size)
{
	size_t len = 0;

	for (path += *path == '/'; *path && len + 5 < size; path++) {
		bool plain = strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789:_.", *path) != NULL;

		if (*path == '/' || plain)
			buf[len++] = *path == '/' ? '-' : *path;
		else
			len += (size_t)snprintf(buf + len, size - len, "\\x%02x",
						(unsigned char)*path);
	}
	text_fmt(buf + len, size - len, ".mount");
}

static int put_dropin(const char *unit, const char *text, struct error *err)
{
	char path[400];
	int r;

	text_fmt(path, sizeof(path), UNITS "/%s.d", unit);
	r = sys->mkdir(path, 0755);
	if (r == 0 || r == -EEXIST) {
		text_fmt(path, sizeof(path), UNITS "/%s.d/90-careen.conf", unit);
		r = write_whole(path, text, strlen(text));
	}
	if (r < 0)
		return error_set(err, r, "write", path, NULL, "PID 1 is untouched.");
	return 0;
}

static void drop_dropin(const char *unit)
{
	char path[400];

	text_fmt(path, sizeof(path), UNITS "/%s.d/90-careen.conf", unit);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}

static int put_dropins(const char *init_path, struct error *err)
{
	char unit[300];
	size_t i;
	int r;

	r = sys->mkdir(UNITS, 0755);
	if (r < 0 && r != -EEXIST)
		return error_set(err, r, "make", UNITS, NULL, "PID 1 is untouched.");
	mount_unit(init_path, unit, sizeof(unit));
	r = put_dropin(unit, stays, err);
	for (i = 0; i < N_MANAGERS && r == 0; i++)
		r = put_dropin(managers[i], killed, err);
	return r;
}

/* Are we, and so our session and what it comes from, where systemd will not kill? */
static int spare_us(struct error *err)
{
	char text[256] = "";
	int r = 0;

	if (read_text("/proc/self/cgroup", text, sizeof(text)) <= 0 ||
	    !strstr(text, "::" CGROUP "\n"))
		return error_set(err, ENOTSUP, "soft-reboot", "this session",
				 "it is not in the cgroup " CGROUP ", and systemd would kill it",
				 "PID 1 is untouched: use another strategy.");
	/* user.* on cgroups came with Linux 5.7 */
	if (setxattr(CGROUPS CGROUP, "user.survive_final_kill_signal", "1", 1, 0) < 0)
		r = error_set(err, errno, "set user.survive_final_kill_signal on", CGROUPS CGROUP,
			      NULL, "PID 1 is untouched: use another strategy.");
	return r;
}

static int systemctl(struct op_ctx *ctx, char *const *argv, struct error *err)
{
	struct said w = { .ctx = NULL };
	char why[340];
	struct spawn sp = {
		.ctx = ctx, .argv = argv, .root = CAREEN_OLDROOT, .output = said_take, .arg = &w,
		.until = now_ms() + 60000,
	};
	int status, r = spawn_run(&sp, &status, err);

	if (r < 0 || (!sp.stopped && !sp.timed_out && status == 0))
		return r;
	text_fmt(why, sizeof(why), "systemctl %s: %s", argv[1],
		 sp.stopped ? "stopped by the operator" : sp.timed_out ? "no answer" : w.line);
	return error_set(err, EIO, "soft-reboot", "systemd", why,
			 "PID 1 is untouched: use another strategy.");
}

int soft_reboot_prepare(const char *init_path, struct error *err)
{
	int r = spare_us(err);

	return r < 0 ? r : put_dropins(init_path, err);
}

int soft_reboot_begin(struct op_ctx *ctx, struct error *err)
{
	static char *const reload[] = { "systemctl", "daemon-reload", NULL };
	/* by its target: systemctl soft-reboot would ask logind, which may not answer */
	static char *const go[] = { "systemctl", "start", "--no-block", "--job-mode=replace-irreversibly",
				    "soft-reboot.target", NULL };
	int r = systemctl(ctx, reload, err);

	if (r == 0)
		r = systemctl(ctx, go, err);
	if (r == 0)
		ctx_note(ctx, "systemd stops every unit, in its own order");
	return r;
}

void soft_reboot_end(const char *init_path)
{
	char unit[300];
	size_t i;

	mount_unit(init_path, unit, sizeof(unit));
	drop_dropin(unit);
	for (i = 0; i < N_MANAGERS; i++)
		drop_dropin(managers[i]);
}
