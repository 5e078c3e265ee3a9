/*
 * tool_table.c - partition tables
 *
 * sfdisk(8), cfdisk(8) and blockdev(8) end with 0 or 1. sfdisk and cfdisk tell the kernel
 * about a new table themselves; the kernel refuses to read one while a partition of the
 * disk is open [block/ioctl.c, block/genhd.c disk_scan_partitions()].
 */
#include "plan/tool.h"

#include <stddef.h>

/* --verify ends with 0 when one of a GPT's copies is bad, and says so. */
static const struct tool_exit check_exits[] = {
	{ 4, TOOL_LEFT, "one of the two copies of the GPT is damaged; nothing was changed",
	  "Edit the partition table and Write it unchanged, or restore a saved one: both copies "
	  "are then made anew." },
	{ 1, TOOL_LEFT, "the table has errors, or cannot be read; nothing was changed",
	  "Save it, then edit it, or restore a saved one." },
	{ 0, TOOL_GOOD, "the table is good", NULL },
	{ .text = NULL }
};

static const struct tool_exit save_exits[] = {
	{ 2, TOOL_FAILED, "the file could not be made, or is there already", "Name another one." },
	{ 1, TOOL_FAILED, "there is no partition table that can be read", NULL },
	{ 0, TOOL_GOOD, "the table was saved", NULL },
	{ .text = NULL }
};

static const struct tool_exit write_exits[] = {
	{ 2, TOOL_FAILED, "the file cannot be read; nothing was changed", "Name another one." },
	{ 1, TOOL_FAILED, "the table was not written, or the kernel did not take it",
	  "Look at the log: a table made for a larger disk is refused, and a disk of which a part is "
	  "in use. If it was written, run Read the table again." },
	{ 0, TOOL_GOOD, "the table was written, and the kernel has read it", NULL },
	{ .text = NULL }
};

static const struct tool_exit read_exits[] = {
	{ 1, TOOL_FAILED, "the kernel keeps the table it knows: a partition of the disk is in use",
	  "See the Devices view for who uses it, free that, and run this again; or Resume, and "
	  "reboot when it suits." },
	{ 0, TOOL_GOOD, "the kernel has read the table", NULL },
	{ .text = NULL }
};

#define WHOLE .devtypes = "disk loop md mpath", .package = "fdisk", .program = "sfdisk"

const struct tool tools_table[] = {
	{
		.name = "table-check", .title = "Check the partition table",
		.about = "Overlaps, ends, the second copy of a GPT (sfdisk --verify).",
		WHOLE, .argv = WORDS("sh", "-c", "t=$(sfdisk --verify \"$1\" 2>&1); s=$?; echo \"$t\"; "
				     "case $t in *corrupt*) s=4 ;; esac; exit $s", "sh", "{dev}"),
		.exits = check_exits, .stacked_ok = true, .danger = DANGER_NONE,
	}, {
		.name = "table-save", .title = "Save the partition table",
		.about = "As text, to a new file (sfdisk --dump).",
		WHOLE, .argv = WORDS("sh", "-Cc", "true >\"$2\" || exit 2; "
				     "sfdisk --dump \"$1\" >|\"$2\" || (rm \"$2\"; exit 1)",
				     "sh", "{dev}", "{dst}"),
		.ask = { { .key = "dst", .ask = "New file to save it to", .type = ASK_PATH } },
		.exits = save_exits, .stacked_ok = true, .danger = DANGER_NONE,
	}, {
		.name = "table-restore", .title = "Restore the partition table",
		.about = "From such a file, or a script for sfdisk; the contents stay where they are.",
		WHOLE, .argv = WORDS("sh", "-c", "[ -r \"$2\" ] || exit 2; "
				     "sfdisk --wipe never --wipe-partitions never \"$1\" <\"$2\"",
				     "sh", "{dev}", "{src}"),
		.ask = { { .key = "src", .ask = "File with the table", .type = ASK_PATH } },
		.exits = write_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "table-edit", .title = "Edit the partition table",
		.about = "cfdisk, on this terminal; nothing is written until you choose Write in it.",
		.devtypes = "disk loop md mpath", .package = "fdisk", .program = "cfdisk",
		.argv = WORDS("cfdisk", "{dev}"), .exits = write_exits, .terminal = true,
		.danger = DANGER_DESTROYS,
	}, {
		.name = "table-reread", .title = "Read the table again",
		.about = "The kernel forgets the partitions it knows, and reads them from the disk "
			 "(BLKRRPART).",
		.devtypes = "disk loop md mpath", .package = "util-linux", .program = "blockdev",
		.argv = WORDS("blockdev", "--rereadpt", "{dev}"), .exits = read_exits,
		.danger = DANGER_UNDOABLE, .undo = "Nothing on the disk is changed.",
	}, {
		.name = "part-grow", .title = "Grow the partition",
		/* other partitions may be in use: the kernel is told of this one [partx(8)] */
		.about = "To the end of the free room behind it; then grow what is in it (sfdisk).",
		.devtypes = "part", .package = "fdisk", .program = "sfdisk",
		.argv = WORDS("sh", "-c", "echo ', +' | sfdisk --no-reread --force --wipe-partitions never "
			      "-N \"$2\" \"$1\" && partx --update --nr \"$2\" \"$1\"",
			      "sh", "{disk}", "{partno}"),
		.exits = write_exits, .danger = DANGER_DESTROYS,
	},
	{ .name = NULL }
};
