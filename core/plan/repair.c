/* repair.c - one tool on one device that nobody uses */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/stack.h"
#include "model/unfinished.h"
#include "plan/common.h"
#include "plan/repair.h"

static void repair_state(const struct snapshot *s, struct step_state *ret)
{
	if (state_blocked(s, ret))
		return;
	if (!snapshot_unmounted(s))
		state_set(ret, STEP_WAITING, 0, "devices", "Needs Unmount first.");
	else if (s->old.written)
		state_set(ret, STEP_READY, 0, "devices",
			  "A disk has been written to. Choose a device, or go on with Resume.");
	else
		state_set(ret, STEP_READY, 0, "devices", "Choose a device: check, fix, copy, make.");
}

const struct blockdev *repair_disk(const struct snapshot *s, const struct blockdev *b)
{
	while (b->parent >= 0)
		b = &s->devs.row[b->parent];
	return b;
}

/*
 * The word to type: from the target, so that it differs from disk to disk and
 * cannot become a habit.
 */
void repair_token(struct plan *plan, const struct snapshot *s, const struct blockdev *dev)
{
	const struct blockdev *disk = repair_disk(s, dev);
	const char *serial = disk->serial ? disk->serial : "";
	const char *uuid = dev->uuid ? dev->uuid : "";
	size_t len = strlen(serial);
	char size[16];

	if (len) {
		plan_set(plan, &plan->token, "%s-%s", stack_called(dev), serial + (len > 4 ? len - 4 : 0));
		plan_set(plan, &plan->token_what, "the device and the last 4 characters of its disk's serial number");
	} else if (*uuid) {
		plan_set(plan, &plan->token, "%s-%.4s", stack_called(dev), uuid);
		plan_set(plan, &plan->token_what, "the device and the first 4 characters of its UUID");
	} else {
		plan_set(plan, &plan->token, "%s-%s", stack_called(dev),
			 text_size(size, sizeof(size), dev->size));
		plan_set(plan, &plan->token_what, "the device and its size");
	}
}

struct dev_id repair_dev_id(const struct snapshot *s, const struct blockdev *dev)
{
	const struct blockdev *disk = s ? repair_disk(s, dev) : dev;
	struct dev_id id = { .dev = dev->dev, .diskseq = dev->diskseq };

	text_fmt(id.serial, sizeof(id.serial), "%s", disk->serial ? disk->serial : "");
	return id;
}

static int refuse_in_use(const struct snapshot *s, const struct blockdev *b, bool stacked_ok,
			 struct error *err)
{
	bool ours = mounted_by_us(s, b), layered = stacked_ok && b->stacked;
	const struct holder *h;

	if ((!b->mounted || ours) && !b->swap && (layered || (!b->stacked && (!b->busy_open || ours))))
		return 0;
	h = b->mounted || b->swap || b->stacked ? NULL : tool_at_work(s, b);
	if (h)
		return error_set(err, EBUSY, "repair", b->path, "a tool is at work on its disk",
				 "%s, pid %d: wait until it has come to its end, then look again.",
				 h->command, (int)h->pid);
	return error_set(err, EBUSY, "repair", b->path, "the device is in use",
			 "Used by: %s. Free it first.",
			 b->used_by && *b->used_by ? b->used_by : "the kernel");
}

int tool_refuse_silent(const struct snapshot *s, const struct blockdev *b, const char *step,
		       struct error *err)
{
	static const char unseen[] = "it could not be looked at in time, so that what is on it is not known";
	const struct holder *h = tool_at_work(s, b);
	const struct blockdev *c = NULL;
	size_t i;

	for (i = 0; i < s->devs.n && !c; i++)
		if (s->devs.row[i].silent && stack_is_on(&s->devs, &s->devs.row[i], b))
			c = &s->devs.row[i];
	if (!c)
		return 0;
	if (h)
		return error_set(err, ETIMEDOUT, step, c->path, unseen, "%s, pid %d, is at work on its disk: wait "
				 "until that has come to its end, then look again.", h->command, (int)h->pid);
	return error_set(err, ETIMEDOUT, step, c->path, unseen, "Look again in a moment; if it stays so, the "
			 "kernel's log says if the disk fails (dmesg).");
}

/* Something below @b (a partition, a volume) in use makes @b in use too. */
int repair_refuse_busy(const struct snapshot *s, const struct blockdev *b, bool stacked_ok,
		       struct error *err)
{
	int r = tool_refuse_silent(s, b, "repair", err);
	size_t i;

	if (r == 0)
		r = refuse_in_use(s, b, stacked_ok, err);
	for (i = 0; r == 0 && i < s->devs.n; i++)
		if (stack_is_on(&s->devs, &s->devs.row[i], b))
			r = refuse_in_use(s, &s->devs.row[i], stacked_ok, err);
	return r;
}

int tool_refuse_busy(const struct snapshot *s, const struct blockdev *dev, const struct tool *tool,
		     struct error *err)
{
	return repair_refuse_busy(s, dev, !tool || tool->stacked_ok, err);
}

int repair_refuse_unknown(const struct snapshot *s, const char *op, const char *name, const char *why,
			  struct error *err)
{
	char here[200] = "none";
	size_t i, len = 0;

	for (i = 0; i < s->devs.n && len + 80 < sizeof(here); i++) {
		text_fmt(here + len, sizeof(here) - len, "%s%.64s", i ? ", " : "", stack_called(&s->devs.row[i]));
		len = strlen(here);
	}
	return error_set(err, ENODEV, op, name, why, "There are: %s%s.", here, i < s->devs.n ? ", and others" : "");
}

static int refuse_source(const struct repair *rp, const char *src, struct error *err)
{
	const struct blockdev *from = blockdevs_named(&rp->s->devs, src);

	if (!from)
		return repair_refuse_unknown(rp->s, "repair", src, "no such device to copy from", err);
	if (from == rp->dev)
		return error_set(err, EINVAL, "repair", src, "source and target are the same device",
				 "Choose another source.");
	if (from->size > rp->dev->size)
		return error_set(err, ENOSPC, "repair", rp->dev->path,
				 "the target is smaller than the source",
				 "Choose a target of at least %llu bytes.",
				 (unsigned long long)from->size);
	return repair_refuse_busy(rp->s, from, false, err);
}

static int refuse_path(const char *path, struct error *err)
{
	static const char *const kernel_dirs[] = { "/dev/", "/proc/", "/sys/" };
	size_t i;

	for (i = 0; i < sizeof(kernel_dirs) / sizeof(kernel_dirs[0]); i++)
		if (!strncmp(path, kernel_dirs[i], strlen(kernel_dirs[i])))
			return error_set(err, EINVAL, "repair", path, "that is not a file",
					 "Name a file; for a device use Copy another device onto it.");
	if (path[0] != '/' || strstr(path, "/../"))
		return error_set(err, EINVAL, "repair", path, "the path must be absolute, without ..",
				 "Mount the disk it is on with the shell (!), then name the file there.");
	return 0;
}

/* No name, size or path that is meant has one; what was pasted by mistake does. */
static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return true;
	return false;
}

static int check_answers(const struct repair *rp, struct error *err)
{
	const struct tool_question *q;
	const char *value;
	char buf[320];
	int r = 0;
	size_t i;

	for (i = 0; r == 0 && i < TOOL_QUESTIONS && rp->tool->ask[i].key; i++) {
		q = &rp->tool->ask[i];
		value = repair_value(rp, q->key, buf, sizeof(buf));
		if (q->type == ASK_PATH && rp->stream)
			continue;
		if (!value || (!*value && !q->fallback))
			return error_set(err, EINVAL, "repair", q->key, "a question is not answered",
					 "%s: give it with --set %s=...", q->ask, q->key);
		if (strlen(value) > TOOL_ANSWER)
			return error_set(err, EINVAL, "repair", q->key, "the answer is too long",
					 "%s: at most %d bytes.", q->ask, TOOL_ANSWER);
		if (has_control(value))
			return error_set(err, EINVAL, "repair", q->key, "the answer has a line's end or another "
					 "control character in it", "%s: say it anew, without.", q->ask);
		if (value[0] == '-')
			return error_set(err, EINVAL, "repair", value,
					 "an answer cannot begin with '-'", "%s.", q->ask);
		if (q->type == ASK_DEVICE)
			r = refuse_source(rp, value, err);
		else if (q->type == ASK_PATH)
			r = refuse_path(value, err);
	}
	return r == 0 && rp->tool->copy ? copy_refuse(rp, err) : r;
}

/* A repair that has begun goes on as it began. */
static int check_same(const struct repair *rp, struct error *err)
{
	const char *const *a;
	const char *value;
	char key[32];

	for (a = rp->answers; a && *a; a++) {
		text_fmt(key, sizeof(key), "%.*s", (int)strcspn(*a, "="), *a);
		value = unfinished_answer(&rp->s->unfinished, rp->tool->name, rp->dev, key);
		if (value && strcmp(value, repair_given(rp, key)))
			return error_set(err, EINVAL, "repair", *a,
					 "this repair has begun with another answer",
					 "It began with %s=%s: go on with that. To give it up: rm %s", key,
					 value, CAREEN_RECIPE);
	}
	return 0;
}

/* A program that is not in the rescue, of the tool or of one that its plan has, too. */
int repair_refuse_absent(const struct repair *rp, const struct tool *tool, struct error *err)
{
	const char *const others[] = { tool->before, tool->after };
	size_t i;
	int r = 0;

	if (!tool_is_here(tool, &rp->s->programs))
		return error_set(err, ENOENT, "repair", tool->program, "it is not in this rescue",
				 "In the normal system: apt install %s (if it is: tools=full in "
				 "careen.conf takes it along); update-initramfs -u (or careen enter "
				 "--replace).", tool->package);
	for (i = 0; r == 0 && i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i])
			r = repair_refuse_absent(rp, tool_find(others[i]), err);
	return r;
}

static int find_target(struct repair *rp, const struct plan_opts *opts, struct error *err)
{
	bool goes_on;
	int r;

	if (!opts || !opts->device || !opts->tool)
		return error_set(err, EINVAL, "repair", "", "it needs a device and a tool",
				 "Say --device and --tool; careen help lists the tools.");
	rp->dev = blockdevs_named(&rp->s->devs, opts->device);
	if (!rp->dev)
		return repair_refuse_unknown(rp->s, "repair", opts->device, "no such block device", err);
	rp->tool = tool_find(opts->tool);
	if (!rp->tool)
		return error_set(err, EINVAL, "repair", opts->tool, "no such tool",
				 "careen help lists the tools.");
	r = tool_refuse_silent(rp->s, rp->dev, "repair", err);
	if (r < 0)
		return r;
	goes_on = unfinished_is(&rp->s->unfinished, rp->tool->name, rp->dev);
	if (!goes_on && !tool_suits(rp->tool, rp->dev))
		return error_set(err, EINVAL, "repair", rp->dev->path,
				 "the tool is not for what is on this device",
				 "%s is for %s; this device holds %s.", rp->tool->name,
				 rp->tool->fstypes, rp->dev->fstype && *rp->dev->fstype ?
				 rp->dev->fstype : "nothing that is known");
	if (rp->dev->readonly && rp->tool->danger == DANGER_DESTROYS)
		return error_set(err, EROFS, "repair", rp->dev->path, NULL,
				 "Make it writable with: blockdev --setrw %s", rp->dev->path);
	rp->answers = opts->answers;
	rp->stream = opts->stream;
	rp->connection = opts->connection;
	if (rp->stream && rp->tool->copy != COPY_IN && rp->tool->copy != COPY_OUT)
		return error_set(err, EINVAL, "repair", rp->tool->name,
				 "only an image comes or goes through the connection",
				 "That is write-image and save-image.");
	return goes_on ? check_same(rp, err) : repair_refuse_absent(rp, rp->tool, err);
}

/* The device as one would know it again. */
static void fill_target(struct plan *plan, const struct repair *rp)
{
	const struct blockdev *b = rp->dev, *disk = repair_disk(rp->s, b);
	bool known = b->fstype && *b->fstype, labelled = known && b->label && *b->label;
	bool named = *stack_dm_name(b);
	char size[16];

	plan_set(plan, &plan->target, "On %s%s%s%s: %s, %s%s%s%s; %s%s%s%s%s.", b->path,
		 named ? " (" : "", stack_dm_name(b), named ? ")" : "",
		 text_size(size, sizeof(size), b->size), known ? b->fstype : "nothing that is known",
		 labelled ? " \"" : "", labelled ? b->label : "", labelled ? "\"" : "",
		 disk == b ? "" : disk->path, disk == b ? "" : " ",
		 disk->model && *disk->model ? disk->model : "no model",
		 disk->serial && *disk->serial ? ", serial " : ", no serial number",
		 disk->serial ? disk->serial : "");
}

#define TB (1ull << 40)

/* At most, about, for a device of this size. */
static uint64_t ram_of(const struct tool *tool, const struct blockdev *b)
{
	return ((uint64_t)tool->ram_mb << 20) + (tool->ram_mb_per_tb * (b->size >> 20) / (TB >> 20) << 20);
}

static void fill_needs(struct plan *plan, const struct repair *rp)
{
	uint64_t want = ram_of(rp->tool, rp->dev), have = rp->s->host.mem_available;
	char a[16], b[16];

	if (!want)
		return;
	plan->scarce = want > have;
	plan_set(plan, &plan->needs, "Memory: %s at most, about; %s are free.%s",
		 text_size(a, sizeof(a), want), text_size(b, sizeof(b), have), want <= have ? "" :
		 " If it is killed for want of it: add swap on another disk (Make swap space, "
		 "swapon), then run it again.");
}

static void fill_device(struct plan *plan, struct op *op, const struct snapshot *s,
			const struct blockdev *dev)
{
	op->dev = repair_dev_id(s, dev);
	plan_set(plan, &op->dst, "%s", dev->path);
}

void repair_tool(struct plan *plan, const struct repair *rp, const struct tool *tool,
		 const struct blockdev *dev)
{
	struct repair this = {
		.s = rp->s, .tool = tool, .dev = dev, .answers = rp->answers, .stream = rp->stream,
		.recipe = rp,
	};
	struct op *op = plan_add(plan, tool->terminal ? OP_TERMINAL : OP_TOOL, tool->danger, 0,
				 "%s: %s", tool->title, dev->path);
	char buf[320];

	op->tool = tool;
	if (tool->copy) {
		copy_fill(plan, op, &this);
		copy_verify(plan, &this);
		return;
	}
	fill_device(plan, op, rp->s, dev);
	if (tool->mounts)
		plan_set(plan, &op->fstype, "%s", dev->fstype);
	if (tool->proves)
		plan_set(plan, &op->options, "%s=%s", tool->proves,
			 repair_value(&this, tool->proves, buf, sizeof(buf)));
	repair_argv(plan, op, &this);
	if (tool->secret) {
		op->needs_secret = true;
		plan->secret_is_new = tool->secret_is_new;
		plan_set(plan, &plan->secret_what, "%s of %s", tool->secret, dev->path);
	}
}

struct op *repair_command(struct plan *plan, const struct blockdev *dev, enum danger danger,
			  const char *title, const char *const *words)
{
	struct op *op = plan_add(plan, OP_COMMAND, danger, 0, "%s", title);

	if (dev)
		fill_device(plan, op, NULL, dev);
	plan_words(plan, op, words);
	return op;
}

static int build(const struct repair *rp, struct plan **ret, struct error *err)
{
	const struct tool *tool = rp->tool;
	char title[160];
	struct plan *plan;
	int r = 0;

	text_fmt(title, sizeof(title), "Repair: %s, %s", tool->title, rp->dev->path);
	plan = plan_new("repair", title);
	if (!plan)
		return plan_finish(plan, ret, err);
	fill_target(plan, rp);
	fill_needs(plan, rp);
	plan_our_mounts(plan, rp->s);
	if (tool->copy && !tool->recipe)
		copy_check(plan, rp);
	if (tool->danger == DANGER_DESTROYS) {
		plan_set(plan, &plan->undo, "No undo: %s is written to.", rp->dev->path);
		repair_token(plan, rp->s, rp->dev);
		if (!tool->recipe)
			repair_written(plan, rp->dev);
	} else {
		plan_set(plan, &plan->undo, tool->undo ? "%s" : "Only reads %s.",
			 tool->undo ? tool->undo : rp->dev->path);
	}
	if (tool->recipe)
		r = tool->recipe(rp, plan, err);
	if (tool->before)
		repair_tool(plan, rp, tool_find(tool->before), rp->dev);
	if (!tool->recipe)
		repair_tool(plan, rp, tool, rp->dev);
	if (tool->after)
		repair_tool(plan, rp, tool_find(tool->after), rp->dev);
	if (r == 0)
		return plan_finish(plan, ret, err);
	plan_free(plan);
	return r;
}

static int repair_plan(const struct snapshot *s, const struct plan_opts *opts,
		       struct plan **ret, struct error *err)
{
	struct repair rp = { .s = s };
	struct step_state st;
	int r = plan_allowed(s, "repair", err);

	if (r < 0)
		return r;
	repair_state(s, &st);
	if (st.status != STEP_READY)
		return error_set(err, EPERM, "repair", "", "the old root is not off its disks",
				 "Run Detach, Kill and Unmount first.");
	if (opts && opts->entry)
		return vault_plan(s, opts->entry, ret, err);
	r = find_target(&rp, opts, err);
	if (r < 0)
		return r;
	r = tool_refuse_busy(s, rp.dev, rp.tool, err);
	if (r < 0)
		return r;
	r = check_answers(&rp, err);
	if (r < 0)
		return r;
	return build(&rp, ret, err);
}

const struct step step_repair = {
	.name = "repair", .title = "Repair",
	.about = "Check, fix, make or copy file systems on devices nobody uses.",
	.parts = SNAP_HOLDERS | SNAP_DEVICES,
	.state = repair_state, .plan = repair_plan,
};
