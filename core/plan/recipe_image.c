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
	static const char *const keys[] = {
		"src", "compress", "sha256", "size", "verify", "part", "kernel", "initrd", "words",
	};
	const char *answers[2 * sizeof(keys) / sizeof(keys[0]) + 1], *value;
	size_t i, n = 0;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		value = repair_given(rp, keys[i]);
		answers[n++] = keys[i];
		answers[n++] = value ? value : "";
	}
	answers[n] = NULL;
	recipe_begins(plan, rp, answers);
}

/* One operation with its comparison: what was not found to be right is written again. */
static void write_image(struct plan *plan, const struct repair *rp)
{
	bool done = recipe_did(rp, 1);
	size_t at = plan->n;

	if (!done)
		recipe_writes(plan, rp->dev);
	for (at = plan->n, repair_tool(plan, rp, tool_find("write-image"), rp->dev); at < plan->n; at++) {
		plan->ops[at].done = done;
		plan->ops[at].once = at + 1 == plan->n;
	}
	if (done)
		plan->stream = STREAM_NONE;
}

/* kexec loads it while its file system is mounted, in a namespace that ends with the program. */
static const char load_kernel[] =
	"mkdir -p " CAREEN_WORK " && mount -o ro \"$1\" " CAREEN_WORK " && cd " CAREEN_WORK " && "
	"kexec --load --initrd=\".$3\" --command-line=\"root=UUID=$(blkid -p -s UUID -o value \"$1\") ro $4\" \".$2\"";

static void start_kernel(struct plan *plan, const struct repair *rp)
{
	char part[16], root[64], kernel[320], initrd[320], words[320];
	size_t len = strlen(rp->dev->path);
	bool digit = rp->dev->path[len - 1] >= '0' && rp->dev->path[len - 1] <= '9';
	struct op *op;

	text_fmt(root, sizeof(root), "%s%s%s", rp->dev->path, digit ? "p" : "",
		 repair_value(rp, "part", part, sizeof(part)));
	op = repair_command(plan, NULL, DANGER_UNDOABLE, "load the kernel of the new system",
			    WORDS("sh", "-c", load_kernel, "sh", root,
				  repair_value(rp, "kernel", kernel, sizeof(kernel)),
				  repair_value(rp, "initrd", initrd, sizeof(initrd)),
				  repair_value(rp, "words", words, sizeof(words))));
	op->apart = true;
	op = plan_add(plan, OP_KEXEC, DANGER_LOSES, 0, "start it");
	plan_command(plan, op, "sync; kexec --exec");
}

int recipe_image(const struct repair *rp, struct plan *plan, struct error *err)
{
	const struct blockdev *disk = recipe_root_disk(rp->s);
	const char *part;
	char buf[8];

	if (disk ? rp->dev != disk : !rp->dev->old_root)
		return error_set(err, EINVAL, "new-system", rp->dev->path, "the old root was not on this disk",
				 "It was on %s. For another disk: Write an image onto it.",
				 disk ? disk->path : rp->s->old.source);
	part = repair_value(rp, "part", buf, sizeof(buf));
	if (part && (!*part || strspn(part, "0123456789") != strlen(part)))
		return error_set(err, EINVAL, "new-system", part, "that is no number of a partition", NULL);
	plan_set(plan, &plan->undo, "No undo: %s is overwritten, and the machine starts from it. Resume is over.",
		 rp->dev->path);
	copy_check(plan, rp);
	begins(plan, rp);
	write_image(plan, rp);
	/* an image that is no disk of a PC or server has no table: the operator may know that it starts */
	repair_command(plan, rp->dev, DANGER_UNDOABLE, "the kernel reads the new partition table",
		       WORDS("partx", "-u", rp->dev->path))->skippable = true;
	if (!strcmp(rp->tool->program, "kexec"))
		start_kernel(plan, rp);
	else
		plan_machine_end(plan, "reboot");
	return 0;
}
