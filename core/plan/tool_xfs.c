/*
 * tool_xfs.c - xfs
 *
 * Exit statuses: xfs_repair(8) EXIT STATUS; mkfs.xfs, xfs_growfs: 0 or 1. xfs_db ends
 * with 0 when it refused, too [db/sb.c label_f(), uuid_f()]: what it did is looked at.
 * Memory: a byte for two blocks, four bytes an inode, 50 MB [repair/xfs_repair.c
 * mem_used]. xfs cannot shrink, and grows only while it is mounted.
 */
#include "plan/tool.h"

#include <stddef.h>

static const struct tool_exit xfs_check_exits[] = {
	{ 1, TOOL_LEFT, "the file system has errors, or a journal that was not replayed; nothing "
	  "was changed", "Run Replay the journal, then check again; if errors stay, run Repair "
	  "everything." },
	{ 0, TOOL_GOOD, "the file system is good", NULL },
	{ .text = NULL }
};

static const struct tool_exit xfs_replay_exits[] = {
	{ 0, TOOL_GOOD, "it was mounted, which replayed its journal, and unmounted", NULL },
	{ .text = NULL }
};

static const struct tool_exit xfs_repair_exits[] = {
	{ 2, TOOL_FAILED, "its journal has changes in it that must be replayed first; nothing was changed",
	  "Run Replay the journal, then repair it. If it cannot be mounted: Throw the journal "
	  "away and repair." },
	{ 1, TOOL_FAILED, "the file system could not be repaired",
	  "Save an image of the device before anything else; then restore a backup." },
	{ 0, TOOL_GOOD, "it has come to its end", NULL },
	{ .text = NULL }
};

static const struct tool_exit xfs_change_exits[] = {
	{ 1, TOOL_FAILED, "it was not changed",
	  "Look at the log. A journal that was not replayed: run Replay the journal first." },
	{ 0, TOOL_GOOD, "it has come to its end", NULL },
	{ .text = NULL }
};

static const struct tool_exit xfs_make_exits[] = {
	{ 1, TOOL_FAILED, "no file system was made", "Look at the log: the device may be too "
	  "small (300 MB at least), or not writable." },
	{ 0, TOOL_GOOD, "the file system was made", NULL },
	{ .text = NULL }
};

#define XFS .fstypes = "xfs", .package = "xfsprogs"
#define XFS_RAM .ram_mb = 60, .ram_mb_per_tb = 150

const struct tool tools_xfs[] = {
	{
		.name = "xfs-check", .title = "Check",
		.about = "Look for errors and change nothing (xfs_repair -n).",
		XFS, .program = "xfs_repair",
		.argv = WORDS("xfs_repair", "-n", "{dev}"),
		.exits = xfs_check_exits, .danger = DANGER_NONE, XFS_RAM,
	}, {
		.name = "xfs-replay", .title = "Replay the journal",
		.about = "What was under way is finished: it is mounted for a moment. xfs_repair "
			 "wants it so.",
		.fstypes = "xfs", .program = "true",
		.argv = WORDS("true"), .mounts = true, .after = "xfs-check",
		.exits = xfs_replay_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "xfs-repair", .title = "Repair everything",
		.about = "Correct every error that can be corrected, then check (xfs_repair).",
		XFS, .program = "xfs_repair",
		.argv = WORDS("xfs_repair", "{dev}"), .after = "xfs-check",
		.exits = xfs_repair_exits, .danger = DANGER_DESTROYS, XFS_RAM,
	}, {
		.name = "xfs-zero-log", .title = "Throw the journal away and repair",
		.about = "Only when the journal cannot be replayed: the last changes are lost, "
			 "and files may be damaged (xfs_repair -L).",
		XFS, .program = "xfs_repair",
		.argv = WORDS("xfs_repair", "-L", "{dev}"), .after = "xfs-check",
		.exits = xfs_repair_exits, .danger = DANGER_DESTROYS, XFS_RAM,
	}, {
		.name = "xfs-super", .title = "Find a lost xfs and repair it",
		.about = "When the first superblock is gone: the whole device is searched for a "
			 "copy of it (xfs_repair).",
		.fstypes = "none", .program = "xfs_repair", .package = "xfsprogs",
		.argv = WORDS("xfs_repair", "{dev}"), .after = "xfs-check",
		.exits = xfs_repair_exits, .danger = DANGER_DESTROYS, XFS_RAM,
	}, {
		.name = "xfs-grow", .title = "Grow to the whole device",
		.about = "It is mounted for that, where nobody else sees it (xfs_growfs). xfs "
			 "cannot become smaller again.",
		XFS, .program = "xfs_growfs",
		.argv = WORDS("xfs_growfs", "-d", "{dir}"), .mounts = true, .after = "xfs-check",
		.exits = xfs_change_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "xfs-label", .title = "Change the label",
		.about = "fstab and the boot loader may name the old one (xfs_db label).",
		XFS, .program = "xfs_db",
		.argv = WORDS("xfs_db", "-x", "-c", "label {label}", "{dev}"), .proves = "label",
		.ask = { { .key = "label", .ask = "New label, 12 bytes at most, without blanks",
			   .type = ASK_TEXT } },
		.exits = xfs_change_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "xfs-uuid", .title = "Change the UUID",
		.about = "fstab and the boot loader may name the old one (xfs_db uuid).",
		XFS, .program = "xfs_db",
		.argv = WORDS("xfs_db", "-x", "-c", "uuid {uuid}", "{dev}"), .proves = "uuid",
		.ask = { { .key = "uuid", .ask = "New UUID", .type = ASK_TEXT } },
		.exits = xfs_change_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "xfs-make", .title = "Make an xfs file system",
		.about = "Everything on the device is lost; the UUID can be kept.",
		.program = "mkfs.xfs", .package = "xfsprogs",
		.argv = WORDS("mkfs.xfs", "-f", "-m", "uuid={uuid}", "-L", "{label}", "{dev}"),
		.ask = {
			{ .key = "uuid", .ask = "UUID of the new file system",
			  .fallback = "{uuid}", .type = ASK_TEXT },
			{ .key = "label", .ask = "Label of the new file system",
			  .fallback = "{label}", .type = ASK_TEXT },
		},
		.exits = xfs_make_exits, .danger = DANGER_DESTROYS,
	},
	{ .name = NULL }
};
