/* recipe_image.c - a whole new system onto the disk that the root was on, and the machine starts from it */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "plan/common.h"
#include "plan/recipe.h"

const struct blockdev *recipe_root_disk(const struct snapshot *s)
{
	const struct blockdev *b = blockdevs_find(&s->devs, s->old.source);

	return b ? repair_disk(s, b) : NULL;
}

/* What a plan made anew has to know of the image: its bytes come from the same place again. */
static void begins(struct plan *plan, const struct repair *rp)
{
	static const char *const keys[] = { "src", "compress", "sha256", "verify" };
	char answers[900] = "";
	const char *value;
	size_t i, len;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		value = repair_given(rp, keys[i]);
		len = strlen(answers);
		if (value && *value)
			text_fmt(answers + len, sizeof(answers) - len, "set %s=%s\n", keys[i], value);
	}
	recipe_begins(plan, rp, answers);
}

/* One operation with its comparison: what was not found to be right is written again. */
static void write_image(struct plan *plan, const struct repair *rp)
{
	bool done = recipe_did(rp, 1);
	size_t at = plan->n;

	if (!done)
		repair_written(plan, rp->dev);
	for (at = plan->n, repair_tool(plan, rp, tool_find("write-image"), rp->dev); at < plan->n; at++) {
		plan->ops[at].done = done;
		plan->ops[at].once = at + 1 == plan->n;
	}
	if (done)
		plan->stream = STREAM_NONE;
}

int recipe_image(const struct repair *rp, struct plan *plan, struct error *err)
{
	const struct blockdev *disk = recipe_root_disk(rp->s);

	if (disk ? rp->dev != disk : !rp->dev->old_root)
		return error_set(err, EINVAL, "new-system", rp->dev->path, "the old root was not on this disk",
				 "It was on %s. For another disk: Write an image onto it.",
				 disk ? disk->path : rp->s->old.source);
	plan_set(plan, &plan->undo, "No undo: %s is overwritten, and the machine starts from it. Resume is over.",
		 rp->dev->path);
	copy_check(plan, rp);
	begins(plan, rp);
	write_image(plan, rp);
	/* an image that is no disk of a PC or server has no table: the operator may know that it starts */
	repair_command(plan, rp->dev, DANGER_UNDOABLE, "the kernel reads the new partition table",
		       WORDS("partx", "-u", rp->dev->path))->skippable = true;
	plan_machine_end(plan, "reboot");
	return 0;
}
