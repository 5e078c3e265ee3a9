/*
 * tool.c - the programs Repair calls
 *
 * The exit statuses are those of e2fsck(8), mke2fs(8), xfs_repair(8) and
 * btrfs-check(8).
 */
#include "plan/tool.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "model/blockdevs.h"

/* e2fsck(8) EXIT CODE is a sum of bits: the gravest is looked for first. */
#define E2FSCK_BROKEN \
	{ 128, TOOL_FAILED, "a library e2fsck needs could not be loaded", \
	  "Look at the log for its name." }, \
	{ 32, TOOL_FAILED, "e2fsck was stopped before it finished", \
	  "Run it again: an unfinished check proves nothing." }, \
	{ 16, TOOL_FAILED, "e2fsck did not accept its arguments", NULL }, \
	{ 8, TOOL_FAILED, "e2fsck could not work on the device", \
	  "Look at the log: the device may be unreadable, or hold no ext file system." }

static const struct tool_exit e2fsck_check_exits[] = {
	/* -n could not go on past an error that it may not correct */
	{ 8 | 4, TOOL_LEFT, "the file system has grave errors; nothing was changed",
	  "Run Repair everything." },
	E2FSCK_BROKEN,
	{ 4, TOOL_LEFT, "the file system has errors; nothing was changed",
	  "Run Check and fix." },
	{ 1, TOOL_GOOD, "the file system is good", NULL },
	{ 0, TOOL_GOOD, "the file system is good", NULL },
	{ .text = NULL }
};

static const struct tool_exit e2fsck_fix_exits[] = {
	E2FSCK_BROKEN,
	{ 4, TOOL_LEFT, "errors are left that need a decision",
	  "Run Repair everything, which answers yes to every question." },
	{ 1, TOOL_FIXED, "errors were found and corrected", NULL },
	{ 2, TOOL_FIXED, "errors were found and corrected", NULL },
	{ 0, TOOL_GOOD, "the file system is good", NULL },
	{ .text = NULL }
};

static const struct tool_exit e2fsck_yes_exits[] = {
	E2FSCK_BROKEN,
	{ 4, TOOL_LEFT, "errors are left that e2fsck cannot correct",
	  "Save an image of the device before anything else; then make a new file system "
	  "and restore a backup." },
	{ 1, TOOL_FIXED, "errors were found and corrected", NULL },
	{ 2, TOOL_FIXED, "errors were found and corrected", NULL },
	{ 0, TOOL_GOOD, "the file system is good", NULL },
	{ .text = NULL }
};

static const struct tool_exit mke2fs_exits[] = {
	{ 0, TOOL_GOOD, "the file system was made", NULL },
	{ .text = NULL }
};

static const struct tool_exit xfs_check_exits[] = {
	{ 1, TOOL_LEFT, "the file system has errors; nothing was changed",
	  "Run Repair everything." },
	{ 0, TOOL_GOOD, "the file system is good", NULL },
	{ .text = NULL }
};

static const struct tool_exit xfs_repair_exits[] = {
	{ 2, TOOL_FAILED, "its journal has changes in it that must be replayed first; nothing was changed",
	  "Resume, or mount it by hand and unmount it; then repair it." },
	{ 1, TOOL_FAILED, "the file system could not be repaired",
	  "Save an image of the device before anything else; then restore a backup." },
	{ 0, TOOL_GOOD, "the file system is good now", NULL },
	{ .text = NULL }
};

static const struct tool_exit btrfs_check_exits[] = {
	{ 1, TOOL_LEFT, "the file system has errors; nothing was changed",
	  "Save an image of the device; read btrfs-check(8) before any repair." },
	{ 0, TOOL_GOOD, "the file system is good", NULL },
	{ .text = NULL }
};

/* Any status that no row names. */
static const struct tool_exit exit_unknown = {
	-1, TOOL_FAILED, "it failed", "Look at the log for its own words."
};

static const struct tool tools_filesystem[] = {
	{
		.name = "ext4-check", .title = "Check",
		.about = "Look for errors and change nothing (e2fsck -n).",
		.fstypes = "ext2 ext3 ext4", .program = "e2fsck", .package = "e2fsprogs",
		.argv = WORDS("e2fsck", "-f", "-n", "-C", "9", "{dev}"),
		.exits = e2fsck_check_exits, .danger = DANGER_NONE,
		.progress = PROGRESS_E2FSCK,
	}, {
		.name = "ext4-fix", .title = "Check and fix",
		.about = "Correct what can be corrected without a decision (e2fsck -p).",
		.fstypes = "ext2 ext3 ext4", .program = "e2fsck", .package = "e2fsprogs",
		.argv = WORDS("e2fsck", "-f", "-p", "-C", "9", "{dev}"),
		.exits = e2fsck_fix_exits, .danger = DANGER_DESTROYS,
		.progress = PROGRESS_E2FSCK,
	}, {
		.name = "ext4-repair", .title = "Repair everything",
		.about = "Correct every error, answering yes to every question (e2fsck -y).",
		.fstypes = "ext2 ext3 ext4", .program = "e2fsck", .package = "e2fsprogs",
		.argv = WORDS("e2fsck", "-f", "-y", "-C", "9", "{dev}"),
		.exits = e2fsck_yes_exits, .danger = DANGER_DESTROYS,
		.progress = PROGRESS_E2FSCK,
	}, {
		.name = "ext4-make", .title = "Make an ext4 file system",
		.about = "Everything on the device is lost; the UUID can be kept.",
		.fstypes = NULL, .program = "mke2fs", .package = "e2fsprogs",
		.argv = WORDS("mke2fs", "-t", "ext4", "-F", "-U", "{uuid}",
			      "-L", "{label}", "{dev}"),
		.ask = {
			{ .key = "uuid", .ask = "UUID of the new file system",
			  .fallback = "{uuid}", .type = ASK_TEXT },
			{ .key = "label", .ask = "Label of the new file system",
			  .fallback = "{label}", .type = ASK_TEXT },
		},
		.exits = mke2fs_exits, .danger = DANGER_DESTROYS,
		.progress = PROGRESS_MKE2FS,
	}, {
		.name = "xfs-check", .title = "Check",
		.about = "Look for errors and change nothing (xfs_repair -n).",
		.fstypes = "xfs", .program = "xfs_repair", .package = "xfsprogs",
		.argv = WORDS("xfs_repair", "-n", "{dev}"),
		.exits = xfs_check_exits, .danger = DANGER_NONE,
	}, {
		.name = "xfs-repair", .title = "Repair everything",
		.about = "Correct every error that can be corrected (xfs_repair).",
		.fstypes = "xfs", .program = "xfs_repair", .package = "xfsprogs",
		.argv = WORDS("xfs_repair", "{dev}"),
		.exits = xfs_repair_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "btrfs-check", .title = "Check",
		.about = "Look for errors and change nothing (btrfs check --readonly).",
		.fstypes = "btrfs", .program = "btrfs", .package = "btrfs-progs",
		.argv = WORDS("btrfs", "check", "--readonly", "{dev}"),
		.exits = btrfs_check_exits, .danger = DANGER_NONE,
	},
	{ .name = NULL }
};

static const struct tool *const families[] = { tools_filesystem, tools_copy, tools_recipe, NULL };

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
	return !tool->fstypes || text_has_word(tool->fstypes, dev->fstype ? dev->fstype : "");
}

const struct tool_exit *tool_exit_meaning(const struct tool *tool, int status)
{
	const struct tool_exit *e;

	for (e = tool->exits; e->text; e++)
		if (e->mask ? (status & e->mask) == e->mask : status == 0)
			return e;
	return &exit_unknown;
}
