/*
 * tool_copy.c - tools that copy: both ends checked before, the truth told after
 *
 * The programs copy; what is here knows how far they came. dd counts what it has written
 * [coreutils dd.c print_stats, after SIGINT, too]. What it has written through the page cache
 * is on the device once fsync(2) says so, and nobody but dd is told of an error that came
 * before it; what it has written with O_DIRECT is with the device, block by block.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "plan/tool.h"
#include "run/exec.h"
#include "run/spawn.h"
#include "run/tool_copy.h"

#define ALIGN 4096u		/* of an offset [plan/copy_plan.c] */
#define FLUSH_S 600
#define CUT_MS 2000		/* between the ends of a connection that goes away */

uint64_t copy_end;

uint64_t file_size(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);

	if (fd >= 0)
		close(fd);
	return end > 0 ? (uint64_t)end : 0;
}

/* Up to @size bytes of what the stream will bring, without taking them from it. */
static size_t peek(int fd, char *buf, size_t size)
{
	int link[2];
	ssize_t n = recv(fd, buf, size, MSG_PEEK);

	if (n >= 0 || pipe2(link, O_CLOEXEC) < 0)
		return n > 0 ? (size_t)n : 0;
	n = tee(fd, link[1], size, 0);
	n = n > 0 ? read(link[0], buf, size) : pread(fd, buf, size, 0);
	close(link[0]);
	close(link[1]);
	return n > 0 ? (size_t)n : 0;
}

static const struct tool_unpack *looks_packed(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char begin[8];
	ssize_t n = fd < 0 ? 0 : pread(fd, begin, sizeof(begin), 0);

	if (fd >= 0)
		close(fd);
	return n > 0 ? tool_unpack_by_magic(begin, (size_t)n) : NULL;
}

static int check_image(const struct op *op, struct error *err)
{
	const struct tool_unpack *u = op->options ? NULL : looks_packed(op->src);
	uint64_t size = file_size(op->src), room = file_size(op->dst);
	struct stat st;

	if (stat(op->src, &st) < 0)
		return error_set(err, errno, "open", op->src, NULL,
				 "Nothing was done. Is the disk it is on mounted?");
	if (!S_ISREG(st.st_mode))
		return error_set(err, EINVAL, "open", op->src, "it is no file", "Nothing was done.");
	if (!size || op->number >= size)
		return error_set(err, EINVAL, "open", op->src, "there is nothing in it to write",
				 "Nothing was done.");
	if (u)
		return error_set(err, EINVAL, "open", op->src, "it is compressed, and its name does not say so",
				 "Nothing was done. Say --set compress=%s, or none to write it as it is.",
				 u->program);
	if ((!op->options || !strcmp(op->options, "none")) && size > room)
		return error_set(err, ENOSPC, "check", op->dst, "the image is larger than the device",
				 "Nothing was done. It has %llu bytes, the device %llu.",
				 (unsigned long long)size, (unsigned long long)room);
	return 0;
}

/* Bytes; 0 unknown. */
static int sector_size(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), size = 0;

	if (fd < 0 || ioctl(fd, BLKSSZGET, &size) < 0)
		size = 0;
	if (fd >= 0)
		close(fd);
	return size;
}

static int check_new_file(const struct op *op, struct error *err)
{
	char **w;

	for (w = op->argv; w && *w; w++)
		if (!strncmp(*w, "of=", 3) && access(*w + 3, F_OK) == 0)
			return error_set(err, EEXIST, "make", *w + 3, NULL,
					 "Nothing was done. Name another file.");
	return 0;
}

static int check_ends(const struct op *op, struct error *err)
{
	int r = 0;

	/* device 0: a file, which only the tests work on */
	if (op->dev.dev)
		r = device_identity(op->dst, &op->dev, err);
	if (r == 0 && op->dev.dev)
		r = device_free(op->dst, &op->dev, false, err);
	if (r == 0 && op->from.dev)
		r = device_identity(op->src, &op->from, err);
	if (r == 0 && op->from.dev)
		r = device_free(op->src, &op->from, false, err);
	return r;
}

static int check_all(void *arg, struct error *err)
{
	const struct op *op = *(const struct op **)arg;
	int r = check_ends(op, err);

	if (r < 0 || !op->src)
		return r;
	if (op->tool->copy == COPY_IN)
		return check_image(op, err);
	if (op->from.dev && op->options && sector_size(op->src) != sector_size(op->dst))
		return error_set(err, EINVAL, "check", op->dst,
				 "its sectors have another size: the partition table would be wrong there",
				 "Nothing was done. The source has sectors of %d bytes, this one of %d.",
				 sector_size(op->src), sector_size(op->dst));
	if (op->from.dev && file_size(op->src) > file_size(op->dst))
		return error_set(err, ENOSPC, "check", op->dst, "it is smaller than the source",
				 "Nothing was done. Choose a larger one.");
	return 0;
}

int op_check_copy(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	int r = run_with_deadline(op->deadline_s, check_all, &op, err);
	char size[16];

	if (r == 0 && op->src && op->tool->copy == COPY_IN)
		ctx_note(ctx, "%s: %s", op->src, text_size(size, sizeof(size), file_size(op->src)));
	return r;
}

/* Until the stream brings something, or its end, or the operator has had enough. */
static void wait_stream(struct copy_run *c)
{
	struct pollfd p = { .fd = job_stream.fd, .events = POLLIN };

	while (poll(&p, 1, 250) == 0 && !ctx_stop(c->ctx))
		;
}

/* The words to execute: those of the plan, behind what unpacks a stream that is packed. */
static char *const *stream_words(struct copy_run *c)
{
	const struct tool_unpack *u;
	char begin[8], **w;
	size_t n;

	wait_stream(c);
	u = c->op->options ? NULL :
	    tool_unpack_by_magic(begin, peek(job_stream.fd, begin, sizeof(begin)));
	if (!u)
		return c->op->argv;
	ctx_note(c->ctx, "the stream is %s: it is unpacked; --set compress=none would write it as it is",
		 u->program);
	c->words[0] = (char *)u->program;
	c->words[1] = (char *)"-d";
	c->words[2] = (char *)"-c";
	c->words[3] = (char *)"|";
	for (n = 4, w = c->op->argv; *w && n + 1 < sizeof(c->words) / sizeof(c->words[0]); w++)
		c->words[n++] = *w;
	c->words[n] = NULL;
	return c->words;
}

int copy_begin(struct copy_run *c, struct error *err)
{
	const struct op *op = c->op;
	int r = check_ends(op, err);

	if (r == 0 && op->tool->copy == COPY_OUT)
		r = check_new_file(op, err);
	if (r < 0)
		return r;
	/* device 0: a test */
	if (op->dev.dev && op->tool->copy == COPY_IN && !op->src && job_stream.fd <= 0)
		return error_set(err, EPIPE, "read", "the image", "there is no connection it could come through",
				 "Nothing was written.");
	c->sp->pipeline = true;
	if (job_stream.fd <= 0)
		return 0;
	if (op->tool->copy == COPY_IN) {
		c->sp->in = job_stream.fd;
		c->sp->argv = stream_words(c);
	} else {
		c->sp->out = job_stream.fd;
	}
	return 0;
}

static int flush_child(void *arg, struct error *err)
{
	int fd = open(arg, O_RDONLY | O_CLOEXEC), r = 0;

	if (fd < 0 || fsync(fd) < 0)
		r = error_set(err, errno, "flush", arg, NULL, NULL);
	if (fd >= 0)
		close(fd);
	return r;
}

/*
 * When the client sends no more, dropbear closes our standard input and goes on; when the
 * connection is gone, it ends, and with it goes the other end of our standard output.
 */
static bool connection_cut(void)
{
	struct pollfd p = { .fd = job_stream.alive, .events = 0 };

	return job_stream.alive > 0 && poll(&p, 1, CUT_MS) > 0 && p.revents & (POLLERR | POLLHUP);
}

static bool writes_device(const struct op *op)
{
	return op->tool->danger == DANGER_DESTROYS;
}

/* What is known of the bytes that were counted, and of those after them. */
enum known {
	EXACT,			/* these, and no others */
	AT_LEAST,		/* it was killed: some more, perhaps */
	UNKNOWN,		/* the device failed, and not said for which */
};

/* Where it stands, as one sentence; *@ret_go_on is where it can go on, 0 = nowhere. */
static void tell_truth(const struct copy_run *c, enum known known, char *buf, size_t size,
		       uint64_t *ret_go_on)
{
	const struct op *op = c->op;
	unsigned long long end = op->number + c->w->bytes;

	*ret_go_on = 0;
	if (op->tool->copy == COPY_OUT) {
		text_fmt(buf, size, "%llu bytes were %s; nothing was written to the device",
			 end - op->number, c->sp->out ? "sent" : "saved");
	} else if (op->tool->progress != PROGRESS_DD) {
		text_fmt(buf, size, "%s has been written to", op->dst);
	} else if (device_identity(op->dst, &op->dev, NULL) < 0 && op->dev.dev) {
		text_fmt(buf, size, "%s is gone from the machine; %llu bytes had been given to it",
			 op->dst, end);
	} else if (known == UNKNOWN || run_with_deadline(FLUSH_S, flush_child, op->dst, NULL) < 0) {
		text_fmt(buf, size, "not all of the first %llu bytes of %s are written, and it is not known which",
			 end, op->dst);
	} else {
		text_fmt(buf, size, "written safely up to byte %llu of %s; what follows %s", end, op->dst,
			 known == EXACT ? "is as it was" : "may have been written to, too");
		*ret_go_on = end - end % ALIGN;
	}
}

static bool can_go_on(const struct tool *tool)
{
	size_t i;

	for (i = 0; i < TOOL_QUESTIONS && tool->ask[i].key; i++)
		if (!strcmp(tool->ask[i].key, "offset"))
			return true;
	return false;
}

/* What the operator sends next, from byte @at on. */
static const char *rest_of(const struct copy_run *c, uint64_t at, char *buf, size_t size)
{
	const char *packer = c->op->options && strcmp(c->op->options, "none") ? c->op->options :
			     c->words[0];

	if (!c->sp->in)
		return "";
	if (packer)
		return text_fmt(buf, size, ", sending %s -dc IMAGE | tail -c +%llu | %s", packer,
				(unsigned long long)at + 1, packer);
	return text_fmt(buf, size, ", sending tail -c +%llu IMAGE", (unsigned long long)at + 1);
}

static int ended(const struct copy_run *c, int code, const char *why, const char *next,
		 enum known known, struct error *err)
{
	char truth[200], what[256], go_on[160] = "", rest[100];
	uint64_t at;

	tell_truth(c, known, truth, sizeof(truth), &at);
	ctx_note(c->ctx, "%s", truth);
	if (at && can_go_on(c->op->tool))
		text_fmt(go_on, sizeof(go_on), "%sGo on with --offset %llu%s.", next ? " " : "",
			 (unsigned long long)at, rest_of(c, at, rest, sizeof(rest)));
	text_fmt(what, sizeof(what), "%s; %s", why, truth);
	return error_set(err, code, c->op->tool->program, c->op->dst, what, "%s%s",
			 next ? next : "", *go_on ? go_on : next ? "" : "Run it again.");
}

static const char *how_it_ended(const struct copy_run *c, int status, char *buf, size_t size)
{
	if (WIFSIGNALED(status))
		return tool_killed(WTERMSIG(status), c->kills, buf, size);
	return text_fmt(buf, size, "it failed (status %d)%s%.90s", WEXITSTATUS(status),
			*c->w->last ? ": " : "", c->w->last);
}

static int failed(const struct copy_run *c, int status, struct error *err)
{
	const struct tool_trouble *t = tool_trouble(c->w->trouble);
	/* O_DIRECT: what was counted before the error is with the device */
	bool buffered = !c->sp->in;
	enum known known = WIFSIGNALED(status) ? AT_LEAST :
			   buffered && t && (!strcmp(t->said, "error writing") ||
					     !strcmp(t->said, "fsync failed")) ? UNKNOWN : EXACT;
	const struct tool_exit *e = tool_exit_meaning(c->op->tool, WEXITSTATUS(status));
	char buf[160];

	if (t)
		return ended(c, EIO, t->why, t->next, known, err);
	if (!WIFSIGNALED(status) && e->next && e->result == TOOL_FAILED && e->mask > 0)
		return ended(c, EIO, e->text, e->next, known, err);
	return ended(c, EIO, how_it_ended(c, status, buf, sizeof(buf)), NULL, known, err);
}

static int ended_well(const struct copy_run *c, int status, struct error *err)
{
	const struct tool_exit *e;
	int code = WEXITSTATUS(status);

	if (c->op->tool->progress == PROGRESS_DDRESCUE && c->w->fraction < 1)
		code |= TOOL_INCOMPLETE;
	e = tool_exit_meaning(c->op->tool, code);
	if (e->result == TOOL_LEFT)
		return error_set(err, EIO, c->op->tool->program, c->op->dst, e->text, "%s", e->next);
	ctx_note(c->ctx, "%s: %s", c->op->tool->program, e->text);
	return 0;
}

/* All went well, but what came was not all of it, or nothing. */
static int too_short(const struct copy_run *c, struct error *err)
{
	char why[120];

	if (c->op->tool->progress != PROGRESS_DD)
		return 0;
	if (c->w->bytes < c->w->total) {
		text_fmt(why, sizeof(why), "it ended too early: %llu of %llu bytes came",
			 (unsigned long long)c->w->bytes, (unsigned long long)c->w->total);
		return ended(c, EIO, why, NULL, EXACT, err);
	}
	if (c->w->bytes || c->op->tool->copy != COPY_IN)
		return 0;
	return ended(c, ENODATA, "it ended before its first byte: there is no image",
		     "Is it empty? Was it given, as in: ssh ... < IMAGE?", EXACT, err);
}

/* A whole disk has other partitions now; what is no whole disk says EINVAL. */
static int reread_partitions(void *arg, struct error *err)
{
	int fd = open(arg, O_RDONLY | O_CLOEXEC);

	(void)err;
	if (fd >= 0)
		ioctl(fd, BLKRRPART, 0);
	return 0;
}

int copy_judge(const struct copy_run *c, int status, struct error *err)
{
	/* a dd that obeys SIGINT counts once more before it ends */
	enum known known = WIFSIGNALED(status) && WTERMSIG(status) == SIGINT ? EXACT : AT_LEAST;
	const struct tool_trouble *t = tool_trouble(c->w->trouble);
	int r;

	copy_end = c->op->number + c->w->bytes;
	if (writes_device(c->op) && c->op->dev.dev)
		run_with_deadline(60, reread_partitions, c->op->dst, NULL);
	if (c->sp->stopped)
		return ended(c, ECANCELED, "stopped by the operator", NULL, known, err);
	if (c->sp->timed_out)
		return ended(c, ETIMEDOUT, "not done in time", NULL, known, err);
	if (status)
		return failed(c, status, err);
	if (c->sp->in && connection_cut())
		return ended(c, ECONNRESET, "the connection was cut", NULL, EXACT, err);
	if (c->sp->before && (t || c->op->tool->copy != COPY_IN))
		return ended(c, EIO, t ? t->why : "a program on the way failed", t ? t->next :
			     "The log has its own words.", EXACT, err);
	if (c->sp->before)
		return ended(c, EIO, "the image is damaged or ends too early", "Look at the log for what "
			     "the program that unpacks it said.", EXACT, err);
	r = too_short(c, err);
	if (r < 0)
		return r;
	if (c->sp->in)
		ctx_note(c->ctx, "written safely up to byte %llu of %s", (unsigned long long)copy_end,
			 c->op->dst);
	return ended_well(c, status, err);
}
