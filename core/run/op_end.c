/* op_end.c - the machine starts anew, or another kernel, or is off: reboot(2), once everything is on its disks */
#include <errno.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "run/exec.h"

/*
 * The kernel does not sync by itself [reboot(2)]. Nothing else is left to be stopped:
 * PID 1 is our stub, and the file systems of the old root are unmounted.
 */
static int end(struct op_ctx *ctx, const struct op *op, int how, struct error *err)
{
	ctx_note(ctx, "sync");
	sync();
	if (!pid1_is_stub())
		return error_set(err, EPERM, op->title, "", "PID 1 is not in RAM",
				 "The system runs: use its own reboot or poweroff.");
	return reboot(how) < 0 ? error_set(err, errno, op->title, "", NULL, NULL) : 0;
}

int op_reboot(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	return end(ctx, op, RB_AUTOBOOT, err);
}

int op_poweroff(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	return end(ctx, op, RB_POWER_OFF, err);
}

int op_kexec(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	return end(ctx, op, RB_KEXEC, err);
}
