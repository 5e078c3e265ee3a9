/* tool.c - the programs Repair calls: the rows of every family */
#include "plan/tool.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "model/blockdevs.h"
#include "model/programs.h"

/* Any status that no row names. */
static const struct tool_exit exit_unknown = {
	-1, TOOL_FAILED, "it failed", "Look at the log for its own words."
};

static const struct tool *const families[] = {
	tools_ext, tools_xfs, tools_btrfs, tools_fat_f2fs, tools_swap, tools_luks, tools_lvm,
	tools_md, tools_table, tools_copy, tools_recipe, NULL
};

const struct tool *tool_next(const struct tool *after)
{
	const struct tool *const *family, *tool;
	bool passed = !after;

	for (family = families; *family; family++)
		for (tool = *family; tool->name; tool++) {
			if (passed)
				return tool;
			passed = tool == after;
		}
	return NULL;
}

const struct tool *tool_find(const char *name)
{
	const struct tool *tool;

	for (tool = tool_next(NULL); tool; tool = tool_next(tool))
		if (!strcmp(tool->name, name))
			return tool;
	return NULL;
}

bool tool_suits(const struct tool *tool, const struct blockdev *dev)
{
	const char *content = dev->fstype && *dev->fstype ? dev->fstype : "none";

	return (!tool->fstypes || text_has_word(tool->fstypes, content)) &&
	       (!tool->devtypes || text_has_word(tool->devtypes, dev->type));
}

bool tool_is_here(const struct tool *tool, const struct programs *programs)
{
	return !tool->package || programs_have(programs, tool->program);
}

const struct tool_exit *tool_exit_meaning(const struct tool *tool, int status)
{
	const struct tool_exit *e;

	for (e = tool->exits; e->text; e++)
		if (e->mask ? (status & e->mask) == e->mask : status == 0)
			return e;
	return &exit_unknown;
}
