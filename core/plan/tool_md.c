/*
 * tool_md.c - Linux software RAID
 *
 * mdadm(8) MISC MODE: 1 of --detail and --examine is an error, 0 is good news; that an
 * array is degraded is in what they print. A check's result is in md/mismatch_cnt [kernel
 * Documentation/admin-guide/md.rst].
 */
#include "plan/tool.h"

#include <stddef.h>

static const struct tool_exit md_exits[] = {
	{ 2, TOOL_FAILED, "mdadm refused it", "Look at the log for its own words." },
	{ 1, TOOL_FAILED, "mdadm refused it", "Look at the log for its own words." },
	{ 0, TOOL_GOOD, "it was done", NULL },
	{ .text = NULL }
};

static const struct tool_exit compare_exits[] = {
	{ 4, TOOL_LEFT, "the copies on its disks are not the same",
	  "Check the file system on it; then run Make the copies equal." },
	{ 1, TOOL_FAILED, "mdadm refused it", "Look at the log: an array with a missing disk has "
	  "nothing to compare." },
	{ 0, TOOL_GOOD, "the copies on its disks are the same", NULL },
	{ .text = NULL }
};

/* --wait says 1 when there was nothing to wait for. */
#define SYNC(action) "sh", "-ec", "mdadm --action=" action " \"$1\"; mdadm --wait \"$1\" || :; " \
	"read -r n <\"/sys/class/block/$2/md/mismatch_cnt\"; echo \"$n sectors differ\"; "
#define MEMBER .fstypes = "linux_raid_member", .program = "mdadm", .package = "mdadm", \
	.exits = md_exits
#define ARRAY .devtypes = "md", .program = "mdadm", .package = "mdadm"

const struct tool tools_md[] = {
	{
		.name = "md-examine", .title = "Look at its superblock",
		.about = "Of which array it is, and how far (mdadm --examine).",
		MEMBER, .argv = WORDS("mdadm", "--examine", "{dev}"), .stacked_ok = true,
		.danger = DANGER_NONE,
	}, {
		.name = "md-open", .title = "Assemble its array",
		.about = "From all disks of it that are found (mdadm --assemble).",
		MEMBER, .argv = WORDS("mdadm", "--assemble", "--scan", "--run", "--uuid={uuid}"),
		.danger = DANGER_UNDOABLE, .undo = "Undo: Stop the array.",
	}, {
		.name = "md-add", .title = "Add it to an array",
		.about = "The device becomes a copy or a spare: what is on it is lost (mdadm --add).",
		.program = "mdadm", .package = "mdadm", .exits = md_exits,
		.argv = WORDS("mdadm", "--manage", "{array}", "--add", "{dev}"),
		.ask = { { .key = "array", .ask = "Array that gets it, as /dev/md0", .type = ASK_TEXT } },
		.danger = DANGER_DESTROYS,
	}, {
		.name = "md-detail", .title = "Look at the array",
		.about = "Its state and its disks (mdadm --detail).",
		ARRAY, .argv = WORDS("mdadm", "--detail", "{dev}"), .exits = md_exits,
		.stacked_ok = true, .danger = DANGER_NONE,
	}, {
		.name = "md-check", .title = "Compare the copies",
		.about = "Reads all its disks, and counts what differs; changes nothing.",
		ARRAY, .argv = WORDS(SYNC("check") "[ \"$n\" = 0 ] || exit 4", "sh", "{dev}", "{kernel}"),
		.exits = compare_exits, .stacked_ok = true, .danger = DANGER_NONE,
	}, {
		.name = "md-repair", .title = "Make the copies equal",
		.about = "Where they differ, the first disk's copy wins, or parity is made anew.",
		ARRAY, .argv = WORDS(SYNC("repair"), "sh", "{dev}", "{kernel}"),
		.exits = md_exits, .after = "md-check", .danger = DANGER_DESTROYS,
	}, {
		.name = "md-grow", .title = "Grow to the size of its disks",
		.about = "Then grow what is on it (mdadm --grow --size=max).",
		ARRAY, .argv = WORDS("mdadm", "--grow", "{dev}", "--size=max"), .exits = md_exits,
		.stacked_ok = true, .danger = DANGER_DESTROYS,
	}, {
		.name = "md-close", .title = "Stop the array",
		.about = "Its disks come free; their data stays (mdadm --stop).",
		ARRAY, .argv = WORDS("mdadm", "--stop", "{dev}"), .exits = md_exits,
		.danger = DANGER_UNDOABLE, .undo = "Undo: Assemble its array.",
	},
	{ .name = NULL }
};
