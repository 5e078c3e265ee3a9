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
#include "model/snapshot.h"
#include "plan/tool.h"
#include "run/exec.h"
#include "run/spawn.h"
#include "run/tool_copy.h"

/* dd's end: what was said, or its source, a device or a file, or what it counts to. */
static uint64_t total_bytes(const struct op *op)
{
	uint64_t size = op->bytes;
	char **w;

	if (op->tool->progress != PROGRESS_DD)
		return 0;
	for (w = op->argv; *w && !size; w++)
		if (!strncmp(*w, "if=", 3))
			size = file_size(*w + 3);
		else if (!strncmp(*w, "count=", 6))
			size = strtoull(*w + 6, NULL, 10);
	return size > op->number ? size - op->number : 0;
}

static void on_progress(void *arg, const char *buf, size_t n)
{
	tool_watch_fd(arg, buf, n);
}

/* How many processes the kernel has killed for want of memory [mm/oom_kill.c]; -1 unknown. */
static long oom_kills(void)
{
	char *text = read_whole("/proc/vmstat");
	const char *at = text ? strstr(text, "\noom_kill ") : NULL;
	long n = at ? strtol(at + strlen("\noom_kill "), NULL, 10) : -1;

	free(text);
	return n;
}

/* A dead disk cannot be opened any more, a moment before its node goes [block/bdev.c]. */
static bool is_there(const struct op *op)
{
	int fd = open(op->dst, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return false;
	close(fd);
	return device_identity(op->dst, &op->dev, NULL) == 0;
}

/* A tool's own words are no help when its disk has gone. */
static int vanished(const struct op *op, struct error *err)
{
	if (!op->dev.dev || is_there(op))
		return 0;
	return error_set(err, ENODEV, op->tool->program, op->dst,
			 "the disk went away while it worked", "%s",
			 op->tool->danger == DANGER_DESTROYS ?
			 "What was written by then is on it. Attach it again, look at the Devices "
			 "view, and make the plan again." :
			 "Nothing was written to it. Attach it again, and make the plan again.");
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

const char *tool_killed(int sig, long kills_before, char *buf, size_t size)
{
	if (sig == SIGKILL && oom_kills() > kills_before)
		return text_fmt(buf, size, "killed by the kernel, which ran out of memory");
	return text_fmt(buf, size, "killed by signal %d (%s)", sig, strsignal(sig));
}

static int judge(struct op_ctx *ctx, const struct op *op, const struct spawn *sp,
		 const struct tool_watch *w, int status, long kills, struct error *err)
{
	const struct tool_exit *e;
	char why[250];
	int r;

	if (sp->stopped)
		return ended_early(op, w, ECANCELED, "stopped by the operator", err);
	if (sp->timed_out)
		return ended_early(op, w, ETIMEDOUT, "not done in time", err);
	if (WIFSIGNALED(status))
		return ended_early(op, w, EIO, tool_killed(WTERMSIG(status), kills, why, sizeof(why)), err);
	e = tool_exit_meaning(op->tool, WEXITSTATUS(status));
	if (e->result == TOOL_GOOD || e->result == TOOL_FIXED) {
		ctx_note(ctx, "%s: %s", op->tool->program, e->text);
		return 0;
	}
	r = vanished(op, err);
	if (r < 0)
		return r;
	text_fmt(why, sizeof(why), "%s (status %d)%s%.120s", e->text, WEXITSTATUS(status),
		 w->last[0] ? ": " : "", w->last);
	return error_set(err, EIO, op->tool->program, op->dst, why, "%s", e->next ? e->next : "");
}

/* "label=data", as libblkid reads it from the device now. */
static int prove(const struct op *op, struct error *err)
{
	const char *want = op->options ? strchr(op->options, '=') : NULL, *is = "";
	const struct blockdev *d;
	struct snapshot *s = NULL;
	char why[160];
	int r;

	if (!want)
		return 0;
	r = snapshot_take(SNAP_MOUNTS | SNAP_DEVICES, &s, err);
	if (r < 0)
		return r;
	d = blockdevs_find(&s->devs, op->dst);
	if (d)
		is = !strncmp(op->options, "uuid", 4) ? d->uuid : d->label;
	if (strcmp(is, want + 1)) {
		text_fmt(why, sizeof(why), "it has not taken it: %.*s is \"%.60s\"",
			 (int)(want - op->options), op->options, is);
		r = error_set(err, EIO, op->tool->program, op->dst, why,
			      "The log has its own words.");
	}
	snapshot_free(s);
	return r;
}

/* device 0: a file, which only the tests work on */
static int check_device(const struct op *op, struct error *err)
{
	int r = op->dev.dev ? device_identity(op->dst, &op->dev, err) : 0;

	if (r == 0 && op->dev.dev)
		r = device_free(op->dst, &op->dev, op->tool->stacked_ok, err);
	return r;
}

/* The console runs it as soon as this job has come to its end. */
int op_terminal(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	int r = check_device(op, err);

	if (r == 0)
		ctx_note(ctx, "%s is free, and the one that was meant: %s follows at the terminal",
			 op->dst, op->tool->program);
	return r;
}

static int begin(struct copy_run *c, struct error *err)
{
	int r = c->op->tool->copy ? copy_begin(c, err) : check_device(c->op, err);

	return r;
}

int op_tool(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	struct tool_watch w = {
		.ctx = ctx, .progress = op->tool->progress,
	};
	struct spawn sp = {
		.ctx = ctx, .argv = op->argv, .output = tool_watch_output, .arg = &w,
		.until = op->deadline_s ? now_ms() + 1000 * (int64_t)op->deadline_s : 0,
		.mount_dev = op->fstype ? op->dst : NULL, .mount_type = op->fstype,
		.input = op->secret, .input_len = op->secret_len,
	};
	struct copy_run c = { .ctx = ctx, .op = op, .sp = &sp, .w = &w, .kills = oom_kills() };
	int status, r = begin(&c, err);
	char size[16];

	if (r < 0)
		return r;
	if (op->tool->progress == PROGRESS_E2FSCK)
		sp.progress = on_progress;
	w.total = total_bytes(op);
	/* what was checked until now is no part of the time that the bytes take */
	w.started = now_ms();
	if (w.total)
		ctx_progress(ctx, 0, "0B of %s, 0 %%", text_size(size, sizeof(size), w.total));
	r = spawn_run(&sp, &status, err);
	/* a check before a stream of a recipe leaves it alone */
	if (op->tool->copy)
		job_stream_close();
	if (r < 0)
		return r;
	tool_watch_end(&w);
	if (op->tool->copy)
		return copy_judge(&c, status, err);
	r = judge(ctx, op, &sp, &w, status, c.kills, err);
	return r < 0 ? r : prove(op, err);
}
