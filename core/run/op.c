/* op.c - the table of executors, and how they talk to their job */
#include "run/op.h"

#include <stdarg.h>
#include <stdio.h>

#include "run/exec.h"

const struct op_exec op_execs[OP_KINDS] = {
	[OP_TRIAL]		= { "trial", op_trial },
	[OP_ARM]		= { "arm", op_arm },
	[OP_DISARM]		= { "disarm", op_disarm },
	[OP_RELOGIN]		= { "relogin", op_relogin },
	[OP_UNWRITTEN]		= { "unwritten", op_unwritten },
	[OP_RECORD]		= { "record", op_record },
	[OP_STOP_UNITS]		= { "stop-units", op_stop_units },
	[OP_SWAPOFF]		= { "swapoff", op_swapoff },
	[OP_NET_KEEP]		= { "net-keep", op_net_keep },
	[OP_NET_RELEASE]	= { "net-release", op_net_release },
	[OP_MOVE]		= { "move", op_move },
	[OP_PIVOT]		= { "pivot", op_pivot },
	[OP_HANDOVER]		= { "handover", op_handover },
	[OP_PROVE_DETACHED]	= { "prove-detached", op_prove_detached },
	[OP_KILL]		= { "kill", op_kill },
	[OP_RESCAN]		= { "rescan", op_rescan },
	[OP_LOOP_DETACH]	= { "loop-detach", op_loop_detach },
	[OP_DM_REMOVE]		= { "dm-remove", op_dm_remove },
	[OP_MD_STOP]		= { "md-stop", op_md_stop },
	[OP_NFSD_STOP]		= { "nfsd-stop", op_nfsd_stop },
	[OP_BINFMT]		= { "binfmt", op_binfmt },
	[OP_COPY_TREE]		= { "copy-tree", op_copy_tree },
	[OP_COLDPLUG]		= { "coldplug", op_coldplug },
	[OP_STACK]		= { "stack", op_stack },
	[OP_UMOUNT]		= { "umount", op_umount },
	[OP_PROVE_OFF]		= { "prove-off", op_prove_off },
	[OP_WRITTEN]		= { "written", op_written },
	[OP_CHECK_COPY]		= { "check-copy", op_check_copy },
	[OP_VAULT]		= { "vault", op_vault },
	[OP_TOOL]		= { "tool", op_tool },
	[OP_TERMINAL]		= { "terminal", op_terminal },
	[OP_COMMAND]		= { "command", op_command },
	[OP_REMEMBER]		= { "remember", op_remember },
	[OP_FORGET]		= { "forget", op_forget },
	[OP_RETARGET]		= { "retarget", op_retarget },
	[OP_REBOOT]		= { "reboot", op_reboot },
	[OP_POWEROFF]		= { "poweroff", op_poweroff },
	[OP_KEXEC]		= { "kexec", op_kexec },
	[OP_VERIFY]		= { "verify", op_verify },
	[OP_VAULT_FORGET]	= { "vault-forget", op_vault_forget },
	[OP_VAULT_RESTORE]	= { "vault-restore", op_vault_restore },
	[OP_MOUNT]		= { "mount", op_mount },
	[OP_CHECK_INIT]		= { "check-init", op_check_init },
	[OP_GO]			= { "go", op_go },
	[OP_WAIT_RUNNING]	= { "wait-running", op_wait_running },
	[OP_SAVE_LOG]		= { "save-log", op_save_log },
	[OP_TREE_MOUNT]		= { "tree-mount", op_tree_mount },
	[OP_TREE_FILL]		= { "tree-fill", op_tree_fill },
	[OP_TREE_START]		= { "tree-start", op_tree_start },
	[OP_TREE_LEAVE]		= { "tree-leave", op_tree_leave },
};

void ctx_note(struct op_ctx *ctx, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (!ctx || !ctx->note)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ctx->note(ctx->job, text);
}

void ctx_progress(struct op_ctx *ctx, double fraction, const char *fmt, ...)
{
	char text[96];
	va_list ap;

	if (!ctx || !ctx->progress)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* programs say what they like, "nan" too */
	ctx->progress(ctx->job, !(fraction >= 0) ? -1 : fraction > 1 ? 1 : fraction, text);
}

bool ctx_stop(struct op_ctx *ctx)
{
	return ctx && ctx->stop_asked && ctx->stop_asked(ctx->job);
}

int ops_run(const struct plan *plan, struct op_ctx *ctx,
	    void (*tell)(size_t i, int r, const struct error *err), struct error *err)
{
	size_t i;
	int r = 0;

	for (i = 0; i < plan->n && r >= 0; i++) {
		tell(i, 1, NULL);
		r = op_execs[plan->ops[i].kind].run(ctx, &plan->ops[i], err);
		tell(i, r < 0 ? r : 0, err);
	}
	return r < 0 ? r : 0;
}
