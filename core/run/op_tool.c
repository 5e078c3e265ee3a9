/* op_tool.c - one of the tools table's programs on one device nobody uses */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "plan/tool.h"
#include "run/exec.h"
#include "run/spawn.h"

static uint64_t size_of(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);

	if (fd >= 0)
		close(fd);
	return end > 0 ? (uint64_t)end : 0;
}

/* dd's end, for percent and ETA: its source, a device or a file. */
static uint64_t total_bytes(const struct op *op)
{
	char **w;

	if (op->tool->progress != PROGRESS_DD)
		return 0;
	for (w = op->argv; *w; w++)
		if (!strncmp(*w, "if=", 3))
			return size_of(*w + 3);
	return 0;
}

static void on_output(void *arg, const char *buf, size_t n)
{
	tool_watch_output(arg, buf, n);
}

static void on_progress(void *arg, const char *buf, size_t n)
{
	tool_watch_fd(arg, buf, n);
}

/* What is true of the device after a tool was ended before its time. */
static int ended_early(const struct op *op, const struct tool_watch *w, int code,
		       const char *why, struct error *err)
{
	char what[200];
	bool writes = op->tool->danger == DANGER_DESTROYS;
	bool check = op->tool->progress == PROGRESS_E2FSCK;

	text_fmt(what, sizeof(what), "%s%s%s", why, w->told[0] ? ", at " : "", w->told);
	return error_set(err, code, op->tool->program, op->dst, what, "%s",
			 !writes ? "Nothing was written to the device." :
			 check ? "What it had corrected by then is on the device; the file system is "
				 "not known to be good. Run it again." :
			 "The device has been written to and is incomplete. Run it again.");
}

static int judge(struct op_ctx *ctx, const struct op *op, const struct spawn *sp,
		 const struct tool_watch *w, int status, struct error *err)
{
	const struct tool_exit *e;
	char why[250];

	if (sp->stopped)
		return ended_early(op, w, ECANCELED, "stopped by the operator", err);
	if (sp->timed_out)
		return ended_early(op, w, ETIMEDOUT, "not done in time", err);
	if (WIFSIGNALED(status)) {
		text_fmt(why, sizeof(why), "killed by signal %d (%s)", WTERMSIG(status),
			 WTERMSIG(status) == SIGKILL ? "out of memory?" :
			 strsignal(WTERMSIG(status)));
		return ended_early(op, w, EIO, why, err);
	}
	e = tool_exit_meaning(op->tool, WEXITSTATUS(status));
	if (e->result == TOOL_GOOD || e->result == TOOL_FIXED) {
		ctx_note(ctx, "%s: %s", op->tool->program, e->text);
		return 0;
	}
	text_fmt(why, sizeof(why), "%s (status %d)%s%.120s", e->text, WEXITSTATUS(status),
		 w->last[0] ? ": " : "", w->last);
	return error_set(err, EIO, op->tool->program, op->dst, why, "%s", e->next ? e->next : "");
}

int op_tool(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	struct tool_watch w = {
		.ctx = ctx, .tool = op->tool, .started = now_ms(),
	};
	struct spawn sp = {
		.ctx = ctx, .argv = op->argv, .output = on_output, .arg = &w,
		.until = op->deadline_s ? now_ms() + 1000 * (int64_t)op->deadline_s : 0,
	};
	int status, r = 0;

	/* device 0: a file, which only the tests work on */
	if (op->dev.dev)
		r = device_identity(op->dst, &op->dev, err);
	if (r == 0 && op->dev.dev)
		r = device_free(op->dst, err);
	if (r < 0)
		return r;
	if (op->tool->progress == PROGRESS_E2FSCK)
		sp.progress = on_progress;
	w.total = total_bytes(op);
	r = spawn_run(&sp, &status, err);
	if (r < 0)
		return r;
	tool_watch_end(&w);
	return judge(ctx, op, &sp, &w, status, err);
}
