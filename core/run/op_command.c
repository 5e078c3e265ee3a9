/* op_command.c - one command of a recipe; 0 is its only good exit status */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "base/text.h"
#include "run/exec.h"
#include "run/journal.h"
#include "run/spawn.h"

static int judge(const struct op *op, const struct spawn *sp, const struct tool_watch *w, int status,
		 struct error *err)
{
	char why[250];

	if (sp->stopped || sp->timed_out)
		return error_set(err, sp->stopped ? ECANCELED : ETIMEDOUT, op->argv[0], op->dst,
				 sp->stopped ? "stopped by the operator" : "not done in time",
				 "What came before it is done. Make the plan again to go on.");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	/* cryptsetup(8) RETURN CODES: 2 is a wrong passphrase, and it may say nothing */
	if (op->needs_secret && WIFEXITED(status) && WEXITSTATUS(status) == 2)
		return error_set(err, EACCES, op->argv[0], op->dst,
				 "no key of it is opened by this passphrase",
				 "Make the plan again and type it once more.");
	if (WIFSIGNALED(status))
		text_fmt(why, sizeof(why), "killed by signal %d (%s)", WTERMSIG(status),
			 WTERMSIG(status) == SIGKILL ? "out of memory?" : strsignal(WTERMSIG(status)));
	else
		text_fmt(why, sizeof(why), "%s (status %d)", *w->last ? w->last : "it said nothing",
			 WEXITSTATUS(status));
	return error_set(err, EIO, op->argv[0], op->dst, why,
			 "What came before it is done. Mend the reason, then make the plan again: "
			 "it goes on from there.");
}

/* What tar goes through: an archive, or what is in a file system. */
static uint64_t total(const struct op *op)
{
	struct statvfs fs;
	struct stat st;

	if (op->progress != PROGRESS_TAR || stat(op->src, &st) < 0 || statvfs(op->src, &fs) < 0)
		return 0;
	return S_ISDIR(st.st_mode) ? (uint64_t)(fs.f_blocks - fs.f_bfree) * fs.f_frsize :
				     (uint64_t)st.st_size;
}

int op_command(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	struct tool_watch w = {
		.ctx = ctx, .progress = op->progress, .total = total(op), .started = now_ms(),
	};
	struct spawn sp = {
		.ctx = ctx, .argv = op->argv, .output = tool_watch_output, .arg = &w,
		.until = op->deadline_s ? now_ms() + 1000 * (int64_t)op->deadline_s : 0,
		.apart = op->apart, .input = op->input, .input_len = op->input ? strlen(op->input) : 0,
	};
	int status = 0, r = 0;

	if (op->needs_secret) {
		sp.input = op->secret;
		sp.input_len = op->secret_len;
	}
	if (op->stream == STREAM_IN)
		sp.in = job_stream.fd;
	if (op->stream == STREAM_OUT)
		sp.out = job_stream.fd;
	sp.pipeline = op->stream != STREAM_NONE;
	if (op->dev.dev)
		r = device_identity(op->dst, &op->dev, err);
	if (r == 0 && op->stream != STREAM_NONE && job_stream.fd <= 0)
		r = error_set(err, EPIPE, "send", op->argv[0], "there is no connection it could go through",
			      "Nothing was done.");
	if (r == 0)
		r = spawn_run(&sp, &status, err);
	if (op->stream != STREAM_NONE)
		job_stream_close();
	tool_watch_end(&w);
	return r < 0 ? r : judge(op, &sp, &w, status, err);
}

int op_remember(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	(void)ctx;
	return journal_remember(op->input, err);
}

int op_forget(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	(void)ctx;
	(void)op;
	return journal_forget(err);
}

int op_retarget(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	int r = device_identity(op->src, &op->dev, err);

	if (r == 0)
		r = journal_retarget(op->dst, op->src, err);
	if (r == 0)
		ctx_note(ctx, "Resume mounts %s", op->dst);
	return r;
}
