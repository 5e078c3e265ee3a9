/* op_units.c - talk to the real system: stop services; ask systemd if it is running */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "paths.h"
#include "run/exec.h"
#include "run/spawn.h"
#include "run/units.h"

static int deadline_over(const struct spawn *sp, const char *what, struct error *err)
{
	if (sp->stopped)
		return error_set(err, ECANCELED, what, "", "stopped by the operator", NULL);
	return error_set(err, ETIMEDOUT, what, "", "not done in time", strcmp(sp->argv[0], "systemctl") ?
			 "See what still runs: chroot %s ps -ef" :
			 "See what it waits for: chroot %s systemctl list-jobs", old_root_path());
}

int op_stop_units(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	struct said w = { .ctx = ctx };
	struct spawn sp = {
		.ctx = ctx, .argv = op->argv, .root = old_root_path(), .output = said_take,
		.arg = &w, .until = now_ms() + 1000 * (int64_t)(op->deadline_s ? op->deadline_s : 180),
	};
	char why[250];
	int status, r;

	if (!op->argv || !op->argv[0] || !op->argv[1] || !op->argv[2]) {
		ctx_note(ctx, "no service has to be stopped");
		return 0;
	}
	r = spawn_run(&sp, &status, err);
	if (r < 0)
		return r;
	if (sp.stopped || sp.timed_out)
		return deadline_over(&sp, "stop services", err);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	text_fmt(why, sizeof(why), "%s did not succeed: %s", op->argv[0], w.line);
	return error_set(err, EIO, "stop services", "", why,
			 "Skip this: what still runs is stopped by Kill.");
}

/* `systemctl is-system-running --wait` once; its word in @w. */
static int ask_systemd(struct op_ctx *ctx, int64_t until, struct said *w, struct spawn *sp,
		       struct error *err)
{
	static char *const argv[] = { "systemctl", "is-system-running", "--wait", NULL };
	int status, r;

	*sp = (struct spawn){
		.ctx = ctx, .argv = argv, .root = old_root_path(), .output = said_take, .arg = w,
		.until = until,
	};
	w->line[0] = '\0';
	r = spawn_run(sp, &status, err);
	if (r == 0 && (sp->stopped || sp->timed_out))
		return deadline_over(sp, "wait for the system", err);
	return r;
}

static void note_failed_units(struct op_ctx *ctx)
{
	static char *const argv[] = { "systemctl", "--failed", "--plain", "--no-legend",
				      "--no-pager", NULL };
	struct said w = { .ctx = ctx };
	struct spawn sp = {
		.argv = argv, .root = old_root_path(), .output = said_take, .arg = &w,
		.until = now_ms() + 10000,
	};
	int status;

	ctx_note(ctx, "The system is up, but units have failed:");
	spawn_run(&sp, &status, NULL);
}

/* Where systemctl asks it; not there in systemd's first moments. */
static void wait_socket(int64_t until)
{
	while (access("/proc/1/root/run/systemd/private", F_OK) < 0 && now_ms() < until)
		sleep_ms(50);
}

/*
 * "offline" or a failed connection is an answer of the first moments, too: ask
 * again.
 */
int wait_systemd(struct op_ctx *ctx, int64_t until, struct error *err)
{
	struct said w = { .ctx = NULL };
	struct spawn sp;
	int r;

	wait_socket(until);
	for (;;) {
		r = ask_systemd(ctx, until, &w, &sp, err);
		if (r < 0)
			return r;
		if (!strcmp(w.line, "running")) {
			ctx_note(ctx, "The system is running; no unit has failed");
			return 0;
		}
		if (!strcmp(w.line, "degraded")) {
			note_failed_units(ctx);
			return 0;
		}
		if (!strcmp(w.line, "maintenance") || !strcmp(w.line, "stopping"))
			return error_set(err, EIO, "wait for the system", "", w.line,
					 "See: chroot %s journalctl -b -p err", old_root_path());
		sleep_ms(200);
		if (now_ms() >= until) {
			sp.timed_out = true;
			return deadline_over(&sp, "wait for the system", err);
		}
	}
}
