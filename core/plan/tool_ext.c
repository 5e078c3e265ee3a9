/*
 * tool_ext.c - ext2, ext3, ext4
 *
 * Exit statuses: e2fsck(8) EXIT CODE; mke2fs, tune2fs and resize2fs end with 0 or 1
 * [misc/mke2fs.c, misc/tune2fs.c, resize/main.c]. Memory: e2fsck keeps about six bitmaps
 * of all blocks, 32 MiB each for a TiB of 4 KiB blocks, beside counts of all inodes
 * [e2fsck/pass1.c]; its trees are smaller than that on most file systems.
 */
#include "plan/tool.h"

#include <stddef.h>

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

static const struct tool_exit tune2fs_exits[] = {
	{ 1, TOOL_FAILED, "it was not changed", "Look at the log. A file system with errors is not "
	  "changed: run Check and fix first." },
	{ 0, TOOL_GOOD, "it was changed", NULL },
	{ .text = NULL }
};

static const struct tool_exit minimum_exits[] = {
	{ 1, TOOL_FAILED, "it could not be estimated", "Run Check first." },
	{ 0, TOOL_GOOD, "the estimate is in the log, in blocks of the file system", NULL },
	{ .text = NULL }
};

static const struct tool_exit resize2fs_exits[] = {
	{ 1, TOOL_FAILED, "the size was not changed, or not wholly",
	  "Look at the log: a size below the minimum is refused before anything is done; after "
	  "an abort, run Repair everything." },
	{ 0, TOOL_GOOD, "it has its new size", NULL },
	{ .text = NULL }
};

#define EXT .fstypes = "ext2 ext3 ext4", .package = "e2fsprogs"
#define E2FSCK_RAM .ram_mb = 20, .ram_mb_per_tb = 250

const struct tool tools_ext[] = {
	{
		.name = "ext4-check", .title = "Check",
		.about = "Look for errors and change nothing (e2fsck -n).",
		EXT, .program = "e2fsck",
		.argv = WORDS("e2fsck", "-f", "-n", "-C", "9", "{dev}"),
		.exits = e2fsck_check_exits, .danger = DANGER_NONE,
		.progress = PROGRESS_E2FSCK, E2FSCK_RAM,
	}, {
		.name = "ext4-fix", .title = "Check and fix",
		.about = "Correct what can be corrected without a decision (e2fsck -p).",
		EXT, .program = "e2fsck",
		.argv = WORDS("e2fsck", "-f", "-p", "-C", "9", "{dev}"),
		.exits = e2fsck_fix_exits, .danger = DANGER_DESTROYS,
		.progress = PROGRESS_E2FSCK, E2FSCK_RAM,
	}, {
		.name = "ext4-repair", .title = "Repair everything",
		.about = "Correct every error, answering yes to every question (e2fsck -y).",
		EXT, .program = "e2fsck",
		.argv = WORDS("e2fsck", "-f", "-y", "-C", "9", "{dev}"),
		.exits = e2fsck_yes_exits, .danger = DANGER_DESTROYS,
		.progress = PROGRESS_E2FSCK, E2FSCK_RAM,
	}, {
		.name = "ext4-super", .title = "Find a lost ext4 and repair it",
		.about = "When the first superblock is gone: e2fsck looks for a copy of it, and "
			 "answers yes to every question (e2fsck -y).",
		.fstypes = "none", .package = "e2fsprogs", .program = "e2fsck",
		.argv = WORDS("e2fsck", "-f", "-y", "-C", "9", "{dev}"),
		.exits = e2fsck_yes_exits, .danger = DANGER_DESTROYS,
		.progress = PROGRESS_E2FSCK, E2FSCK_RAM,
	}, {
		.name = "ext4-minimum", .title = "How small can it become?",
		.about = "The least size that holds its files, estimated (resize2fs -P).",
		EXT, .program = "resize2fs",
		.argv = WORDS("resize2fs", "-P", "{dev}"),
		.exits = minimum_exits, .danger = DANGER_NONE, E2FSCK_RAM,
	}, {
		.name = "ext4-grow", .title = "Grow to the whole device",
		.about = "Checked first, then enlarged to the device's end (resize2fs).",
		EXT, .program = "resize2fs",
		.argv = WORDS("resize2fs", "-p", "{dev}"), .before = "ext4-fix",
		.exits = resize2fs_exits, .danger = DANGER_DESTROYS,
		.progress = PROGRESS_RESIZE2FS, E2FSCK_RAM,
	}, {
		.name = "ext4-shrink", .title = "Shrink the file system",
		.about = "Checked before and after; the device keeps its size, and may be made "
			 "smaller then, not below the new one (resize2fs).",
		EXT, .program = "resize2fs",
		.argv = WORDS("resize2fs", "-p", "{dev}", "{size}"),
		.before = "ext4-fix", .after = "ext4-check",
		.ask = { { .key = "size", .ask = "New size, as 1500M or 20G", .type = ASK_TEXT } },
		.exits = resize2fs_exits, .danger = DANGER_DESTROYS,
		.progress = PROGRESS_RESIZE2FS, E2FSCK_RAM,
	}, {
		.name = "ext4-label", .title = "Change the label",
		.about = "fstab and the boot loader may name the old one (tune2fs -L).",
		EXT, .program = "tune2fs",
		.argv = WORDS("tune2fs", "-L", "{label}", "{dev}"), .proves = "label",
		.ask = { { .key = "label", .ask = "New label, 16 bytes at most",
			   .type = ASK_TEXT } },
		.exits = tune2fs_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "ext4-uuid", .title = "Change the UUID",
		.about = "fstab and the boot loader may name the old one (tune2fs -U).",
		EXT, .program = "tune2fs",
		.argv = WORDS("tune2fs", "-U", "{uuid}", "{dev}"), .before = "ext4-fix",
		.proves = "uuid",
		.ask = { { .key = "uuid", .ask = "New UUID", .type = ASK_TEXT } },
		.exits = tune2fs_exits, .danger = DANGER_DESTROYS,
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
	},
	{ .name = NULL }
};
