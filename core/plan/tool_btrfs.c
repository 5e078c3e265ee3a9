/*
 * tool_btrfs.c - btrfs
 *
 * Exit statuses: 0 or 1, but btrfs-scrub(8) EXIT STATUS has 3 for what it could not
 * correct. btrfs-check(8) reads all metadata into memory unless told not to; there is no
 * figure in it: that of the row is 1 % of metadata, doubled. A file system of several
 * devices wants all of them to be there, and is resized by hand.
 */
#include "plan/tool.h"

#include <stddef.h>

static const struct tool_exit check_exits[] = {
	{ 1, TOOL_LEFT, "the file system has errors; nothing was changed",
	  "Save an image of the device. Run Check and fix, which takes good copies where there are "
	  "some; read btrfs-check(8) before a repair of the metadata." },
	{ 0, TOOL_GOOD, "the file system is good", NULL },
	{ .text = NULL }
};

static const struct tool_exit scrub_exits[] = {
	{ 3, TOOL_LEFT, "errors are left that no good copy can correct",
	  "Look at dmesg in a shell (!) for the files; restore those from a backup." },
	{ 1, TOOL_FAILED, "it could not be done", "Look at the log, and run Check." },
	{ 0, TOOL_GOOD, "all data and metadata are as their checksums say, or were corrected", NULL },
	{ .text = NULL }
};

/* [cmds/rescue-super-recover.c] */
static const struct tool_exit super_exits[] = {
	{ 4, TOOL_FAILED, "it was stopped", NULL },
	{ 3, TOOL_FAILED, "no good superblock was found", "Save an image of the device before anything else." },
	{ 2, TOOL_FIXED, "bad superblocks were recovered from good ones", NULL },
	{ 1, TOOL_FAILED, "it could not be done", "Look at the log for its own words." },
	{ 0, TOOL_GOOD, "all superblocks are good", NULL },
	{ .text = NULL }
};

static const struct tool_exit repair_exits[] = {
	{ 1, TOOL_FAILED, "the file system could not be repaired",
	  "Save an image of the device before anything else; then restore a backup." },
	{ 0, TOOL_GOOD, "it has come to its end", NULL },
	{ .text = NULL }
};

static const struct tool_exit change_exits[] = {
	{ 1, TOOL_FAILED, "it was not changed", "Look at the log for its own words." },
	{ 0, TOOL_GOOD, "it was changed", NULL },
	{ .text = NULL }
};

static const struct tool_exit make_exits[] = {
	{ 1, TOOL_FAILED, "no file system was made", "Look at the log: the device may be too "
	  "small (109 MB at least), or not writable." },
	{ 0, TOOL_GOOD, "the file system was made", NULL },
	{ .text = NULL }
};

#define BTRFS .fstypes = "btrfs", .program = "btrfs", .package = "btrfs-progs"
#define CHECK_RAM .ram_mb = 50, .ram_mb_per_tb = 20000

const struct tool tools_btrfs[] = {
	{
		.name = "btrfs-check", .title = "Check",
		.about = "Look for errors and change nothing (btrfs check --readonly).",
		BTRFS, .argv = WORDS("btrfs", "check", "--readonly", "--progress", "{dev}"),
		.exits = check_exits, .danger = DANGER_NONE,
		.progress = PROGRESS_LINE, CHECK_RAM,
	}, {
		.name = "btrfs-check-lowmem", .title = "Check with little memory",
		.about = "The same, slower (btrfs check --mode=lowmem).",
		BTRFS, .argv = WORDS("btrfs", "check", "--readonly", "--mode=lowmem", "--progress",
				     "{dev}"),
		.exits = check_exits, .danger = DANGER_NONE,
		.progress = PROGRESS_LINE, .ram_mb = 50,
	}, {
		.name = "btrfs-scrub", .title = "Check and fix",
		.about = "Read everything, compare it with its checksums, and take the good copy "
			 "where there is one (btrfs scrub). It is mounted for that.",
		BTRFS, .argv = WORDS("btrfs", "scrub", "start", "-B", "{dir}"), .mounts = true,
		.after = "btrfs-check",
		.exits = scrub_exits, .danger = DANGER_DESTROYS, .ram_mb = 50,
	}, {
		.name = "btrfs-super", .title = "Recover the superblock",
		.about = "From its copies further back (btrfs rescue super-recover).",
		.fstypes = "btrfs none", .program = "btrfs", .package = "btrfs-progs",
		.argv = WORDS("btrfs", "rescue", "super-recover", "-v", "-y", "{dev}"),
		.after = "btrfs-check",
		.exits = super_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "btrfs-zero-log", .title = "Throw the journal away",
		.about = "Only when it cannot be mounted because of its log tree: the last seconds "
			 "of what was synced are lost (btrfs rescue zero-log).",
		BTRFS, .argv = WORDS("btrfs", "rescue", "zero-log", "{dev}"), .after = "btrfs-check",
		.exits = repair_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "btrfs-repair", .title = "Repair the metadata",
		.about = "The last resort, which may make it worse: save an image first "
			 "(btrfs check --repair).",
		BTRFS, .argv = WORDS("btrfs", "check", "--repair", "--force", "--progress", "{dev}"),
		.after = "btrfs-check",
		.exits = repair_exits, .danger = DANGER_DESTROYS,
		.progress = PROGRESS_LINE, CHECK_RAM,
	}, {
		.name = "btrfs-grow", .title = "Grow to the whole device",
		.about = "It is mounted for that, where nobody else sees it (btrfs filesystem resize).",
		BTRFS, .argv = WORDS("btrfs", "filesystem", "resize", "max", "{dir}"),
		.mounts = true, .after = "btrfs-check",
		.exits = change_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "btrfs-shrink", .title = "Shrink the file system",
		.about = "The device keeps its size, and may be made smaller then, not below the "
			 "new one (btrfs filesystem resize).",
		BTRFS, .argv = WORDS("btrfs", "filesystem", "resize", "{size}", "{dir}"),
		.mounts = true, .after = "btrfs-check",
		.ask = { { .key = "size", .ask = "New size, as 1500M or 20G", .type = ASK_TEXT } },
		.exits = change_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "btrfs-label", .title = "Change the label",
		.about = "fstab and the boot loader may name the old one (btrfs filesystem label).",
		BTRFS, .argv = WORDS("btrfs", "filesystem", "label", "{dev}", "{label}"),
		.proves = "label",
		.ask = { { .key = "label", .ask = "New label", .type = ASK_TEXT } },
		.exits = change_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "btrfs-uuid", .title = "Change the UUID",
		.about = "All metadata is written anew: it must not be interrupted (btrfstune -U).",
		.fstypes = "btrfs", .program = "btrfstune", .package = "btrfs-progs",
		.argv = WORDS("btrfstune", "-f", "-U", "{uuid}", "{dev}"),
		.proves = "uuid", .after = "btrfs-check",
		.ask = { { .key = "uuid", .ask = "New UUID", .type = ASK_TEXT } },
		.exits = change_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "btrfs-make", .title = "Make a btrfs file system",
		.about = "Everything on the device is lost; the UUID can be kept.",
		.program = "mkfs.btrfs", .package = "btrfs-progs",
		.argv = WORDS("mkfs.btrfs", "-f", "-U", "{uuid}", "-L", "{label}", "{dev}"),
		.ask = {
			{ .key = "uuid", .ask = "UUID of the new file system",
			  .fallback = "{uuid}", .type = ASK_TEXT },
			{ .key = "label", .ask = "Label of the new file system",
			  .fallback = "{label}", .type = ASK_TEXT },
		},
		.exits = make_exits, .danger = DANGER_DESTROYS,
	},
	{ .name = NULL }
};
