/*
 * tool_fat_f2fs.c - vfat and f2fs
 *
 * Exit statuses: fsck.fat(8) EXIT STATUS: 1 is also its own end by an error [src/common.c
 * die()], so what it made good is checked once more; fsck.f2fs: bits [fsck/fsck.h], 255
 * for what it could not even begin with. fsck.f2fs -a trusts the file system's own word
 * that it is good; -f looks.
 */
#include "plan/tool.h"

#include <stddef.h>

static const struct tool_exit fat_check_exits[] = {
	{ 2, TOOL_FAILED, "it did not accept its arguments", NULL },
	{ 1, TOOL_LEFT, "the file system has errors; nothing was changed", "Run Check and fix." },
	{ 0, TOOL_GOOD, "the file system is good", NULL },
	{ .text = NULL }
};

static const struct tool_exit fat_fix_exits[] = {
	{ 2, TOOL_FAILED, "it did not accept its arguments", NULL },
	{ 1, TOOL_FIXED, "errors were found; the check that follows says if they are gone", NULL },
	{ 0, TOOL_GOOD, "the file system is good", NULL },
	{ .text = NULL }
};

static const struct tool_exit f2fs_check_exits[] = {
	{ 255, TOOL_FAILED, "it could not work on the device", "Look at the log for its own words." },
	{ 16, TOOL_FAILED, "it did not accept its arguments", NULL },
	{ 8, TOOL_FAILED, "it could not work on the device", "Look at the log for its own words." },
	{ 4, TOOL_LEFT, "the file system has errors; nothing was changed", "Run Check and fix." },
	{ 1, TOOL_LEFT, "the file system has errors; nothing was changed", "Run Check and fix." },
	{ 0, TOOL_GOOD, "the file system is good", NULL },
	{ .text = NULL }
};

static const struct tool_exit f2fs_fix_exits[] = {
	{ 255, TOOL_FAILED, "it could not work on the device", "Look at the log for its own words." },
	{ 16, TOOL_FAILED, "it did not accept its arguments", NULL },
	{ 8, TOOL_FAILED, "it could not work on the device", "Look at the log for its own words." },
	{ 4, TOOL_LEFT, "errors are left that it cannot correct",
	  "Save an image of the device before anything else; then restore a backup." },
	{ 1, TOOL_FIXED, "errors were found and corrected", NULL },
	{ 0, TOOL_GOOD, "the file system is good", NULL },
	{ .text = NULL }
};

static const struct tool_exit change_exits[] = {
	{ 0, TOOL_GOOD, "it was changed", NULL },
	{ .text = NULL }
};

static const struct tool_exit make_exits[] = {
	{ 0, TOOL_GOOD, "the file system was made", NULL },
	{ .text = NULL }
};

#define FAT .fstypes = "vfat", .package = "dosfstools"
#define F2FS .fstypes = "f2fs", .package = "f2fs-tools"

const struct tool tools_fat_f2fs[] = {
	{
		.name = "vfat-check", .title = "Check",
		.about = "Look for errors and change nothing (fsck.fat -n).",
		FAT, .program = "fsck.fat",
		.argv = WORDS("fsck.fat", "-n", "{dev}"),
		.exits = fat_check_exits, .danger = DANGER_NONE, .ram_mb = 100,
	}, {
		.name = "vfat-fix", .title = "Check and fix",
		.about = "Correct errors in the least destructive way, then check (fsck.fat -a).",
		FAT, .program = "fsck.fat",
		.argv = WORDS("fsck.fat", "-a", "-w", "{dev}"), .after = "vfat-check",
		.exits = fat_fix_exits, .danger = DANGER_DESTROYS, .ram_mb = 100,
	}, {
		.name = "vfat-salvage", .title = "Repair, lost clusters to files",
		.about = "The same, and what no file owns becomes FSCK0000.REC (fsck.fat -a -f).",
		FAT, .program = "fsck.fat",
		.argv = WORDS("fsck.fat", "-a", "-f", "-w", "{dev}"), .after = "vfat-check",
		.exits = fat_fix_exits, .danger = DANGER_DESTROYS, .ram_mb = 100,
	}, {
		.name = "vfat-label", .title = "Change the label",
		.about = "fstab may name the old one (fatlabel).",
		FAT, .program = "fatlabel",
		.argv = WORDS("fatlabel", "{dev}", "{label}"), .proves = "label",
		.ask = { { .key = "label", .ask = "New label, 11 capital letters and digits at most",
			   .type = ASK_TEXT } },
		.exits = change_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "vfat-uuid", .title = "Change the volume number",
		.about = "fstab may name the old one, as UUID=1234-ABCD (fatlabel -i).",
		FAT, .program = "fatlabel",
		.argv = WORDS("fatlabel", "-i", "{dev}", "{volume}"),
		.ask = { { .key = "volume", .ask = "New number, 8 hexadecimal digits",
			   .type = ASK_TEXT } },
		.exits = change_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "vfat-make", .title = "Make a vfat file system",
		.about = "Everything on the device is lost; the volume number can be kept.",
		.program = "mkfs.fat", .package = "dosfstools",
		.argv = WORDS("mkfs.fat", "-I", "-i", "{volume}", "-n", "{label}", "{dev}"),
		.ask = {
			{ .key = "volume", .ask = "Its number, 8 hexadecimal digits",
			  .fallback = "{volume}", .type = ASK_TEXT },
			{ .key = "label", .ask = "Label of the new file system",
			  .fallback = "{label}", .type = ASK_TEXT },
		},
		.exits = make_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "f2fs-check", .title = "Check",
		.about = "Look for errors and change nothing (fsck.f2fs --dry-run).",
		F2FS, .program = "fsck.f2fs",
		.argv = WORDS("fsck.f2fs", "--dry-run", "{dev}"),
		.exits = f2fs_check_exits, .danger = DANGER_NONE, .ram_mb = 50, .ram_mb_per_tb = 500,
	}, {
		.name = "f2fs-fix", .title = "Check and fix",
		.about = "Look at everything, correct every error, then check (fsck.f2fs -f).",
		F2FS, .program = "fsck.f2fs",
		.argv = WORDS("fsck.f2fs", "-f", "{dev}"), .after = "f2fs-check",
		.exits = f2fs_fix_exits, .danger = DANGER_DESTROYS,
		.ram_mb = 50, .ram_mb_per_tb = 500,
	}, {
		.name = "f2fs-grow", .title = "Grow to the whole device",
		.about = "Checked before and after (resize.f2fs).",
		F2FS, .program = "resize.f2fs",
		.argv = WORDS("resize.f2fs", "{dev}"), .before = "f2fs-fix", .after = "f2fs-check",
		.exits = change_exits, .danger = DANGER_DESTROYS, .ram_mb = 50, .ram_mb_per_tb = 500,
	}, {
		.name = "f2fs-label", .title = "Change the label",
		.about = "fstab may name the old one (f2fslabel).",
		F2FS, .program = "f2fslabel",
		.argv = WORDS("f2fslabel", "{dev}", "{label}"), .proves = "label",
		.ask = { { .key = "label", .ask = "New label", .type = ASK_TEXT } },
		.exits = change_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "f2fs-make", .title = "Make an f2fs file system",
		.about = "Everything on the device is lost; the UUID can be kept.",
		.program = "mkfs.f2fs", .package = "f2fs-tools",
		.argv = WORDS("mkfs.f2fs", "-f", "-U", "{uuid}", "-l", "{label}", "{dev}"),
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
