/* copy_plan.c - tools that copy: from where to where, packed or not, and read back */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "paths.h"
#include "plan/repair.h"

#define ALIGN 4096	/* of an offset: whatever the device's sectors are, its pages too */

static const char *set(const struct repair *rp, const char *key)
{
	char buf[8];	/* for facts, of which none is asked here */
	const char *value = repair_value(rp, key, buf, sizeof(buf));

	return value ? value : "";
}

/* The file it reads from or writes to; NULL for a device or a stream. */
static const char *file_of(const struct repair *rp)
{
	if (rp->stream || (rp->tool->copy != COPY_IN && rp->tool->copy != COPY_OUT))
		return NULL;
	return set(rp, rp->tool->copy == COPY_IN ? "src" : "dst");
}

/* What packs or unpacks it on its way; NULL: nothing. */
static const struct tool_unpack *packed(const struct repair *rp)
{
	const char *said = set(rp, "compress"), *file = file_of(rp);

	if (*said)
		return tool_unpack_by_program(said);
	return file ? tool_unpack_by_name(file) : NULL;
}

/* dd reads and writes no file itself: its neighbour in the pipeline, or the connection, does. */
static bool piped(const struct repair *rp)
{
	return rp->stream || packed(rp);
}

/* A stream is sent from there on; what is here is gone forward in. */
static const char *skip(const struct repair *rp)
{
	return rp->tool->copy == COPY_IN && rp->stream ? "" : set(rp, "offset");
}

static const char *iflag(const struct repair *rp)
{
	bool pipe = rp->tool->copy == COPY_IN && piped(rp), at = *skip(rp) != '\0';

	if (rp->tool->copy == COPY_WIPE)
		return "count_bytes";
	return pipe && at ? "fullblock,skip_bytes" : pipe ? "fullblock" : at ? "skip_bytes" : "";
}

/* Where on the device it begins to write. */
static const char *seek(const struct repair *rp)
{
	return rp->tool->copy == COPY_OUT ? "" : set(rp, "offset");
}

/*
 * What a stream has brought is on the device block by block, so that it is known how far
 * it came, even if the device then fails.
 */
static const char *oflag(const struct repair *rp)
{
	if (rp->tool->copy == COPY_IN && rp->stream)
		return *seek(rp) ? "direct,seek_bytes" : "direct";
	return *seek(rp) ? "seek_bytes" : "";
}

/* Of this source and this target, never of another disk that has their names. */
static const char *map(const struct repair *rp, char *buf, size_t len)
{
	const struct blockdev *from = blockdevs_named(&rp->s->devs, set(rp, "src"));

	return text_fmt(buf, len, CAREEN_RUN "/rescue-%s.%llu-%s.%llu.map",
			from ? from->name : "", from ? (unsigned long long)from->diskseq : 0,
			rp->dev->name, (unsigned long long)rp->dev->diskseq);
}

static const char *size(const struct repair *rp, char *buf, size_t len)
{
	return text_fmt(buf, len, "%llu", (unsigned long long)rp->dev->size);
}

static const char *count(const struct repair *rp, char *buf, size_t len)
{
	return rp->tool->copy == COPY_WIPE ? size(rp, buf, len) : "";
}

static const char *in(const struct repair *rp)
{
	switch (rp->tool->copy) {
	case COPY_WIPE: return "/dev/zero";
	case COPY_OUT: return rp->dev->path;
	case COPY_IN: return piped(rp) ? "" : set(rp, "src");
	default: return set(rp, "src");
	}
}

static const char *out(const struct repair *rp)
{
	return rp->tool->copy != COPY_OUT ? rp->dev->path : piped(rp) ? "" : set(rp, "dst");
}

static const char *conv(const struct repair *rp)
{
	return rp->tool->copy != COPY_OUT ? "fsync,nocreat" : piped(rp) ? "" : "excl,fsync";
}

static const char *packer(const struct repair *rp)
{
	const struct tool_unpack *u = packed(rp);

	return u ? u->program : "";
}

static const struct {
	const char *key;
	const char *(*value)(const struct repair *rp);
	const char *(*make)(const struct repair *rp, char *buf, size_t len);
} values[] = {
	{ "in", in, NULL }, { "out", out, NULL }, { "iflag", iflag, NULL }, { "oflag", oflag, NULL },
	{ "skip", skip, NULL }, { "seek", seek, NULL }, { "conv", conv, NULL },
	{ "packer", packer, NULL }, { "map", NULL, map }, { "size", NULL, size },
	{ "count", NULL, count },
};

const char *copy_value(const struct repair *rp, const char *key, char *buf, size_t len)
{
	size_t i;

	for (i = 0; rp->tool->copy && i < sizeof(values) / sizeof(values[0]); i++)
		if (!strcmp(values[i].key, key))
			return values[i].make ? values[i].make(rp, buf, len) : values[i].value(rp);
	return NULL;
}

static bool is_number(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s) && strlen(s) < 19;
}

static uint64_t number(const char *s)
{
	uint64_t n = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (uint64_t)(*s - '0');
	return n;
}

static int refuse_offset(const struct repair *rp, struct error *err)
{
	const char *at = set(rp, "offset");

	if (!*at)
		return 0;
	if (!is_number(at) || (rp->tool->copy != COPY_OUT && number(at) % ALIGN))
		return error_set(err, EINVAL, "repair", at, "that is no multiple of 4096 bytes",
				 "Give --offset the number that the job before has named.");
	if (number(at) >= rp->dev->size)
		return error_set(err, EINVAL, "repair", at, "that is not within the device",
				 "%s has %llu bytes.", rp->dev->path,
				 (unsigned long long)rp->dev->size);
	if (rp->tool->copy == COPY_OUT && !rp->stream)
		return error_set(err, EINVAL, "repair", at, "a file is always saved whole",
				 "Leave --offset out.");
	return 0;
}

static int refuse_size(const struct repair *rp, struct error *err)
{
	const char *size = rp->tool->copy == COPY_IN ? set(rp, "size") : "";

	if (!*size)
		return 0;
	if (!is_number(size) || number(size) <= number(set(rp, "offset")))
		return error_set(err, EINVAL, "repair", size, "that is no size of an image",
				 "Give --set size= the bytes of the whole image, unpacked: "
				 "stat -c %%s FILE.");
	if (number(size) > rp->dev->size)
		return error_set(err, ENOSPC, "repair", size, "the image is larger than the device",
				 "%s has %llu bytes.", rp->dev->path,
				 (unsigned long long)rp->dev->size);
	return 0;
}

int copy_refuse(const struct repair *rp, struct error *err)
{
	const char *said = set(rp, "compress"), *verify = set(rp, "verify"),
		   *sha = set(rp, "sha256"), *retries = set(rp, "retries");
	int r;

	if (*said && strcmp(said, "none") && !tool_unpack_by_program(said))
		return error_set(err, EINVAL, "repair", said, "no such compression",
				 "Known are gzip, zstd, xz and none.");
	if (*verify && strcmp(verify, "yes") && strcmp(verify, "no"))
		return error_set(err, EINVAL, "repair", verify, "verify is yes or no", NULL);
	if (*sha && (strlen(sha) != 64 || strspn(sha, "0123456789abcdef") != 64))
		return error_set(err, EINVAL, "repair", sha, "that is no SHA-256",
				 "It has 64 hexadecimal digits: sha256sum FILE.");
	if (*retries && !is_number(retries))
		return error_set(err, EINVAL, "repair", retries, "that is no number", NULL);
	r = refuse_offset(rp, err);
	return r < 0 ? r : refuse_size(rp, err);
}

/* What the acts on both ends have to know of them. */
static void set_ends(struct plan *plan, struct op *op, const struct repair *rp)
{
	const char *src = rp->tool->copy == COPY_OUT ? rp->dev->path : set(rp, "src");
	const struct blockdev *from = rp->tool->copy == COPY_ONTO ?
				      blockdevs_named(&rp->s->devs, src) : NULL;

	op->tool = rp->tool;
	op->dev = repair_dev_id(rp->s, rp->dev);
	if (from)
		op->from = repair_dev_id(rp->s, from);
	op->number = number(set(rp, "offset"));
	if (rp->tool->copy == COPY_IN)
		op->bytes = number(set(rp, "size"));
	plan_set(plan, &op->dst, "%s", rp->dev->path);
	if (*src)
		plan_set(plan, &op->src, "%s", from ? from->path : src);
	/* said: nothing is guessed from what it begins with */
	if (*set(rp, "compress") || packed(rp))
		plan_set(plan, &op->options, "%s", packed(rp) ? packed(rp)->program : "none");
}

void copy_check(struct plan *plan, const struct repair *rp)
{
	struct op *op;

	if (rp->tool->copy == COPY_WIPE || rp->tool->copy == COPY_OUT)
		return;
	op = plan_add(plan, OP_CHECK_COPY, DANGER_NONE, 30, "is it there, and does it fit: %s",
		      rp->dev->path);
	set_ends(plan, op, rp);
	plan_command(plan, op, "blockdev --getsize64 %s", rp->dev->path);
}

static void unpack_first(struct plan *plan, struct op *op, const struct repair *rp)
{
	repair_words(plan, op, rp, WORDS("{packer}"));
	repair_words(plan, op, rp, rp->stream ? WORDS("-d", "-c", "|") :
						WORDS("-d", "-c", "{src}", "|"));
}

static void pack_last(struct plan *plan, struct op *op, const struct repair *rp)
{
	repair_words(plan, op, rp, WORDS("|", "{packer}", "-c"));
	if (!rp->stream)
		repair_words(plan, op, rp, WORDS("|", "dd", "of={dst}", "bs=4M", "iflag=fullblock",
						 "conv=excl,fsync", "status=none"));
}

void copy_fill(struct plan *plan, struct op *op, const struct repair *rp)
{
	set_ends(plan, op, rp);
	if (rp->stream)
		plan->stream = rp->tool->copy == COPY_IN ? STREAM_IN : STREAM_OUT;
	if (packed(rp) && rp->tool->copy == COPY_IN)
		unpack_first(plan, op, rp);
	repair_words(plan, op, rp, rp->tool->argv);
	if (packed(rp) && rp->tool->copy == COPY_OUT)
		pack_last(plan, op, rp);
	repair_show(plan, op, rp);
}

static const char *const zeros[] = { "cmp", "-n", "{size}", "/dev/zero", "{dev}", NULL };
static const char *const same_as_source[] = { "cmp", "-n", "{bytes}", "{src}", "{dev}", NULL };
static const char *const same_as_image[] = { "cmp", "-n", "{bytes}", "{dev}", "{dst}", NULL };
static const char *const same_as_packed[] = {
	"{packer}", "-d", "-c", "{src}", "|", "cmp", "-n", "{bytes}", "-", "{dev}", NULL
};
static const char *const same_as_packed_image[] = {
	"{packer}", "-d", "-c", "{dst}", "|", "cmp", "-n", "{bytes}", "-", "{dev}", NULL
};
static const char *const sum[] = { "head", "-c", "{bytes}", "{dev}", "|", "sha256sum", NULL };

/* What reads it back, and against what. */
static const char *const *verify_words(const struct repair *rp)
{
	switch (rp->tool->copy) {
	case COPY_WIPE:
		return zeros;
	case COPY_OUT:
		return packed(rp) ? same_as_packed_image : same_as_image;
	case COPY_IN:
		if (rp->stream || *set(rp, "sha256"))
			return sum;
		return packed(rp) ? same_as_packed : same_as_source;
	default:
		return same_as_source;
	}
}

void copy_verify(struct plan *plan, const struct repair *rp)
{
	struct op *op;

	if (strcmp(set(rp, "verify"), "yes") || (rp->tool->copy == COPY_OUT && rp->stream))
		return;
	op = plan_add(plan, OP_VERIFY, DANGER_NONE, 0, "read back and compare: %s",
		      rp->tool->copy == COPY_OUT ? set(rp, "dst") : rp->dev->path);
	set_ends(plan, op, rp);
	plan_set(plan, &op->options, "%s", set(rp, "sha256"));
	repair_words(plan, op, rp, verify_words(rp));
	repair_show(plan, op, rp);
}
