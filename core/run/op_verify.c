/*
 * op_verify.c - what was copied is read back from the device
 *
 * From the device: its last close throws the pages away that were written through it, and
 * BLKFLSBUF those that another open would have kept [block/bdev.c].
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "plan/tool.h"
#include "run/exec.h"
#include "run/spawn.h"
#include "run/tool_copy.h"

struct verify {
	struct op_ctx *ctx;
	struct said said;
	uint64_t total;		/* bytes its last program will read */
	int64_t began;
	char *words[32], bytes[24];
};

static int drop_cache(void *arg, struct error *err)
{
	int fd = open(arg, O_RDONLY | O_CLOEXEC), r = 0;

	/* a file, in the tests */
	if (fd < 0 || (ioctl(fd, BLKFLSBUF, 0) < 0 && errno != ENOTTY))
		r = error_set(err, errno, "read back", arg, NULL, "Is the disk still there?");
	if (fd >= 0)
		close(fd);
	return r;
}

static void on_output(void *arg, const char *buf, size_t n)
{
	said_take(&((struct verify *)arg)->said, buf, n);
}

/* proc(5) io: all that it has read so far. */
static void on_tick(void *arg, pid_t pid)
{
	struct verify *v = arg;
	char path[40], text[256], done[16], all[16];
	unsigned long long n;
	double fraction, elapsed = (double)(now_ms() - v->began) / 1000;

	text_fmt(path, sizeof(path), "/proc/%d/io", (int)pid);
	if (!v->total || elapsed < 0.1 || read_text(path, text, sizeof(text)) <= 0 ||
	    sscanf(text, "rchar: %llu", &n) != 1)
		return;
	fraction = (double)n / (double)v->total;
	if (fraction > 1)
		fraction = 1;
	ctx_progress(v->ctx, fraction, "%s of %s, %.0f %%, %.0f MB/s",
		     text_size(done, sizeof(done), (uint64_t)(fraction * (double)copy_end)),
		     text_size(all, sizeof(all), copy_end), fraction * 100,
		     fraction * (double)copy_end / 1e6 / elapsed);
}

static void fill_words(struct verify *v, const struct op *op)
{
	size_t n = 0;
	char **w;

	text_fmt(v->bytes, sizeof(v->bytes), "%llu", (unsigned long long)copy_end);
	for (w = op->argv; *w && n + 1 < sizeof(v->words) / sizeof(v->words[0]); w++) {
		if (!strcmp(*w, "cmp"))
			v->total = 2 * copy_end;
		v->words[n++] = strcmp(*w, "{bytes}") ? *w : v->bytes;
	}
	if (!v->total)
		v->total = copy_end;
}

static int judge_sum(struct verify *v, const struct op *op, struct error *err)
{
	char sum[65];

	text_fmt(sum, sizeof(sum), "%.64s", v->said.line);
	if (op->options && *op->options && strcmp(sum, op->options))
		return error_set(err, EIO, "read back", op->dst, "its SHA-256 is not the one that was given",
				 "What is on the device has %s. Write it again.", sum);
	ctx_note(v->ctx, "%llu bytes of %s read back; %s: sha256sum of the image must say %s",
		 (unsigned long long)copy_end, op->dst,
		 op->options && *op->options ? "as was given" : "compare", sum);
	return 0;
}

static int judge(struct verify *v, const struct op *op, const struct spawn *sp, int status,
		 struct error *err)
{
	if (sp->stopped)
		return error_set(err, ECANCELED, "read back", op->dst,
				 "stopped by the operator: all was written, not all was compared",
				 "Nothing is known to be wrong.");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
		return error_set(err, EIO, "read back", op->dst, v->said.line, "%s",
				 op->tool->copy == COPY_WIPE ? "It is not all zero: use Wipe with zeros." :
				 "What was written is not what can be read. Do not trust this disk.");
	if (status || sp->before)
		return error_set(err, EIO, "read back", op->dst, v->said.line,
				 "It cannot be read back: do not trust this disk.");
	if (!strcmp(v->words[0], "head"))
		return judge_sum(v, op, err);
	ctx_note(v->ctx, "all %llu bytes read back: %s", (unsigned long long)copy_end,
		 op->tool->copy == COPY_WIPE ? "zero" : "the same");
	return 0;
}

int op_verify(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	struct verify v = { .ctx = ctx, .said = { .ctx = ctx }, .began = now_ms() };
	struct spawn sp = {
		.ctx = ctx, .argv = v.words, .pipeline = true, .output = on_output, .tick = on_tick,
		.arg = &v,
	};
	int status, r = 0;

	if (op->tool->copy == COPY_WIPE)
		copy_end = file_size(op->dst);
	if (op->dev.dev)
		r = device_identity(op->dst, &op->dev, err);
	if (r == 0 && op->from.dev)
		r = device_identity(op->src, &op->from, err);
	if (r == 0)
		r = run_with_deadline(120, drop_cache, op->dst, err);
	if (r < 0)
		return r;
	fill_words(&v, op);
	r = spawn_run(&sp, &status, err);
	return r < 0 ? r : judge(&v, op, &sp, status, err);
}
