/* repair.c - one tool on one device that nobody uses */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
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

/* The operator's answer to @key, or NULL when there is none. */
static const char *given(const struct repair *rp, const char *key)
{
	const char *const *a;
	size_t len = strlen(key);

	for (a = rp->answers; a && *a; a++)
		if (!strncmp(*a, key, len) && (*a)[len] == '=')
			return *a + len + 1;
	return NULL;
}

static const struct tool_question *question(const struct tool *tool, const char *key)
{
	size_t i;

	for (i = 0; i < sizeof(tool->ask) / sizeof(tool->ask[0]) && tool->ask[i].key; i++)
		if (!strcmp(tool->ask[i].key, key))
			return &tool->ask[i];
	return NULL;
}

const char *repair_value(const struct repair *rp, const char *key)
{
	const struct tool_question *q = question(rp->tool, key);
	const char *answer;

	if (!strcmp(key, "dev"))
		return rp->dev->path;
	answer = q ? unfinished_answer(&rp->s->unfinished, rp->tool->name, rp->dev, key) : NULL;
	if (q && !answer)
		answer = given(rp, key);
	if (answer)
		return answer;
	if (q && !q->fallback)
		return NULL;
	if (q && q->fallback[0] != '{')
		return q->fallback;
	if (!strcmp(key, "uuid"))
		return rp->dev->uuid ? rp->dev->uuid : "";
	if (!strcmp(key, "label"))
		return rp->dev->label ? rp->dev->label : "";
	return NULL;
}

/*
 * One word of argv with its {key} replaced. NULL and *ret_key when the key has
 * no value; NULL without memory. The value stays inside its word.
 */
static char *expand(const struct repair *rp, const char *word, bool *ret_empty)
{
	const char *open = strchr(word, '{');
	const char *end = open ? strchr(open, '}') : NULL;
	char key[32];
	const char *value;

	*ret_empty = false;
	if (!end)
		return strdup(word);
	text_fmt(key, sizeof(key), "%.*s", (int)(end - open - 1), open + 1);
	value = repair_value(rp, key);
	*ret_empty = !value || !*value;
	return text_dup("%.*s%s%s", (int)(open - word), word, value ? value : "", end + 1);
}

/* argv of @words; an option whose value is empty goes with its value. */
static void fill_argv(struct plan *plan, struct op *op, const struct repair *rp,
		      const char *const *words)
{
	const char *const *w;
	size_t n = 0;
	bool empty;
	char *word;

	for (w = words; *w; w++)
		n++;
	op->argv = calloc(n + 1, sizeof(*op->argv));
	if (!op->argv) {
		plan->oom = true;
		return;
	}
	n = 0;
	for (w = words; *w; w++) {
		word = expand(rp, *w, &empty);
		if (!word)
			plan->oom = true;
		if (!empty) {
			op->argv[n++] = word;
			continue;
		}
		free(word);
		if (n && op->argv[n - 1] && op->argv[n - 1][0] == '-') {
			free(op->argv[--n]);
			op->argv[n] = NULL;
		}
	}
}

static void fill_command(struct plan *plan, struct op *op)
{
	char *text = NULL;
	size_t size = 0, i;
	FILE *f = open_memstream(&text, &size);

	if (!f) {
		plan->oom = true;
		return;
	}
	for (i = 0; op->argv && op->argv[i]; i++) {
		/* its progress goes to a pipe of ours; a shell has none there */
		if (!strcmp(op->argv[i], "-C") && op->argv[i + 1]) {
			i++;
			continue;
		}
		if (i)
			fputc(' ', f);
		text_shell(f, op->argv[i]);
	}
	fclose(f);
	free(op->command);
	op->command = text;
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
static void fill_token(struct plan *plan, const struct repair *rp)
{
	const struct blockdev *disk = repair_disk(rp->s, rp->dev);
	const char *serial = disk->serial ? disk->serial : "";
	const char *uuid = rp->dev->uuid ? rp->dev->uuid : "";
	size_t len = strlen(serial);
	char size[16];

	if (len) {
		plan_set(plan, &plan->token, "%s-%s", rp->dev->name, serial + (len > 4 ? len - 4 : 0));
		plan_set(plan, &plan->token_what, "the device and the last 4 characters of its disk's serial number");
	} else if (*uuid) {
		plan_set(plan, &plan->token, "%s-%.4s", rp->dev->name, uuid);
		plan_set(plan, &plan->token_what, "the device and the first 4 characters of its UUID");
	} else {
		plan_set(plan, &plan->token, "%s-%s", rp->dev->name,
			 text_size(size, sizeof(size), rp->dev->size));
		plan_set(plan, &plan->token_what, "the device and its size");
	}
}

static int refuse_in_use(const struct snapshot *s, const struct blockdev *b, struct error *err)
{
	bool ours = mounted_by_us(s, b);

	if ((!b->mounted || ours) && !b->swap && !b->stacked && (!b->busy_open || ours))
		return 0;
	return error_set(err, EBUSY, "repair", b->path, "the device is in use",
			 "Used by: %s. Free it first.",
			 b->used_by && *b->used_by ? b->used_by : "the kernel");
}

/* Something below @b (a partition, a volume) in use makes @b in use too. */
int repair_refuse_busy(const struct snapshot *s, const struct blockdev *b, struct error *err)
{
	const struct blockdev *c;
	size_t i;
	int r = refuse_in_use(s, b, err);
	long up;

	for (i = 0; r == 0 && i < s->devs.n; i++) {
		for (c = &s->devs.row[i], up = c->parent; up >= 0; up = s->devs.row[up].parent)
			if (&s->devs.row[up] == b)
				r = refuse_in_use(s, c, err);
	}
	return r;
}

static int refuse_source(const struct repair *rp, const char *src, struct error *err)
{
	const struct blockdev *from = blockdevs_find(&rp->s->devs, src);

	if (!from)
		return error_set(err, ENOENT, "repair", src, "no such device to copy from",
				 "See careen status for the devices.");
	if (from == rp->dev)
		return error_set(err, EINVAL, "repair", src, "source and target are the same device",
				 "Choose another source.");
	if (from->size > rp->dev->size)
		return error_set(err, ENOSPC, "repair", rp->dev->path,
				 "the target is smaller than the source",
				 "Choose a target of at least %llu bytes.",
				 (unsigned long long)from->size);
	return repair_refuse_busy(rp->s, from, err);
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

static int check_answers(const struct repair *rp, struct error *err)
{
	const struct tool_question *q;
	const char *value;
	int r = 0;
	size_t i;

	for (i = 0; r == 0 && i < 4 && rp->tool->ask[i].key; i++) {
		q = &rp->tool->ask[i];
		value = repair_value(rp, q->key);
		if (!value || (!*value && !q->fallback))
			return error_set(err, EINVAL, "repair", q->key, "a question is not answered",
					 "%s: give it with --set %s=...", q->ask, q->key);
		if (value[0] == '-')
			return error_set(err, EINVAL, "repair", value,
					 "an answer cannot begin with '-'", "%s.", q->ask);
		if (q->type == ASK_DEVICE)
			r = refuse_source(rp, value, err);
		else if (q->type == ASK_PATH)
			r = refuse_path(value, err);
	}
	return r;
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
		if (value && strcmp(value, given(rp, key)))
			return error_set(err, EINVAL, "repair", *a,
					 "this repair has begun with another answer",
					 "It began with %s=%s: go on with that. To give it up: rm %s", key,
					 value, CAREEN_RECIPE);
	}
	return 0;
}

static int find_target(struct repair *rp, const struct plan_opts *opts, struct error *err)
{
	bool goes_on;

	if (!opts || !opts->device || !opts->tool)
		return error_set(err, EINVAL, "repair", "", "it needs a device and a tool",
				 "Say --device and --tool; careen help lists the tools.");
	rp->dev = blockdevs_find(&rp->s->devs, opts->device);
	if (!rp->dev)
		return error_set(err, ENODEV, "repair", opts->device, "no such block device",
				 "See careen status for the devices.");
	rp->tool = tool_find(opts->tool);
	if (!rp->tool)
		return error_set(err, EINVAL, "repair", opts->tool, "no such tool",
				 "careen help lists the tools.");
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
	return goes_on ? check_same(rp, err) : 0;
}

void repair_written(struct plan *plan, const struct blockdev *dev)
{
	struct op *op = plan_add(plan, OP_WRITTEN, DANGER_UNDOABLE, 10, "journal: %s is written to",
				 dev->path);

	plan_set(plan, &op->dst, "%s", dev->path);
	plan_set(plan, &op->command, "echo %s >> %s", dev->path, CAREEN_WRITTEN);
}

static void fill_device(struct plan *plan, struct op *op, const struct blockdev *dev)
{
	op->dev = (struct dev_id){ .dev = dev->dev, .diskseq = dev->diskseq };
	text_fmt(op->dev.serial, sizeof(op->dev.serial), "%s", dev->serial ? dev->serial : "");
	plan_set(plan, &op->dst, "%s", dev->path);
}

struct op *repair_tool(struct plan *plan, const struct repair *rp, const struct tool *tool,
		       const struct blockdev *dev)
{
	struct repair this = { rp->s, tool, dev, rp->answers };
	struct op *op = plan_add(plan, OP_TOOL, tool->danger, 0, "%s: %s", tool->title, dev->path);

	op->tool = tool;
	fill_device(plan, op, dev);
	fill_argv(plan, op, &this, tool->argv);
	fill_command(plan, op);
	return op;
}

struct op *repair_command(struct plan *plan, const struct blockdev *dev, enum danger danger,
			  const char *title, const char *const *words)
{
	struct op *op = plan_add(plan, OP_COMMAND, danger, 0, "%s", title);

	if (dev)
		fill_device(plan, op, dev);
	plan_words(plan, op, words);
	return op;
}

static int build(const struct repair *rp, struct plan **ret, struct error *err)
{
	char title[160];
	struct plan *plan;
	int r = 0;

	text_fmt(title, sizeof(title), "Repair: %s, %s", rp->tool->title, rp->dev->path);
	plan = plan_new("repair", title);
	if (!plan)
		return plan_finish(plan, ret, err);
	plan_our_mounts(plan, rp->s);
	if (rp->tool->danger == DANGER_DESTROYS) {
		plan_set(plan, &plan->undo, "No undo: %s is written to.", rp->dev->path);
		fill_token(plan, rp);
		if (!rp->tool->recipe)
			repair_written(plan, rp->dev);
	} else {
		plan_set(plan, &plan->undo, "Only reads %s.", rp->dev->path);
	}
	if (rp->tool->recipe)
		r = rp->tool->recipe(rp, plan, err);
	else
		repair_tool(plan, rp, rp->tool, rp->dev);
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
	r = find_target(&rp, opts, err);
	if (r < 0)
		return r;
	r = repair_refuse_busy(s, rp.dev, err);
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
