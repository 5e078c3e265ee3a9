/*
 * tool_lvm.c - LVM: physical and logical volumes
 *
 * lvm(8) DIAGNOSTICS: 0 for success; 5 for a command that failed, 3 for a wrong one
 * [lib/commands/errors.h]. /dev/dm-N is no name to it, so {mapper} is used.
 */
#include "plan/tool.h"

#include <stddef.h>

static const struct tool_exit check_exits[] = {
	{ 0, TOOL_GOOD, "its header and metadata can be read", NULL },
	{ 5, TOOL_LEFT, "its header or metadata has errors; nothing was changed",
	  "Run Restore the metadata with a copy from /etc/lvm/backup." },
	{ .text = NULL }
};

static const struct tool_exit lvm_exits[] = {
	{ 5, TOOL_FAILED, "LVM refused it", "Look at the log for its own words." },
	{ 3, TOOL_FAILED, "LVM did not accept the arguments", "Look at the log for its own words." },
	{ 0, TOOL_GOOD, "it was done", NULL },
	{ .text = NULL }
};

#define PV .fstypes = "LVM2_member", .program = "lvm", .package = "lvm2", .exits = lvm_exits
#define LV .devtypes = "lvm", .program = "lvm", .package = "lvm2", .exits = lvm_exits

const struct tool tools_lvm[] = {
	{
		.name = "pv-check", .title = "Check the physical volume",
		.about = "Its header and metadata (pvck).",
		.fstypes = "LVM2_member", .program = "lvm", .package = "lvm2",
		.argv = WORDS("lvm", "pvck", "{dev}"), .exits = check_exits, .stacked_ok = true,
		.danger = DANGER_NONE,
	}, {
		.name = "pv-save", .title = "Save a copy of the metadata",
		.about = "To a file, from which it can be restored (pvck --dump).",
		PV, .argv = WORDS("lvm", "pvck", "--dump", "metadata", "--file", "{dst}", "{dev}"),
		.stacked_ok = true,
		.ask = { { .key = "dst", .ask = "New file to save it to", .type = ASK_PATH } },
		.danger = DANGER_NONE,
	}, {
		.name = "pv-open", .title = "Open its volume group",
		.about = "The logical volumes appear as devices, once all disks of the group are "
			 "there (pvscan -aay).",
		PV, .argv = WORDS("lvm", "pvscan", "--cache", "-aay", "{dev}"), .stacked_ok = true,
		.danger = DANGER_UNDOABLE, .undo = "Undo: Close each logical volume.",
	}, {
		.name = "pv-restore", .title = "Restore the metadata",
		.about = "From a copy, as the old root's /etc/lvm/backup has one (pvck --repair).",
		.fstypes = "LVM2_member none", .program = "lvm", .package = "lvm2", .exits = lvm_exits,
		.argv = WORDS("lvm", "pvck", "--yes", "--repair", "--file", "{src}", "{dev}"),
		.after = "pv-check",
		.ask = { { .key = "src", .ask = "File with the copy", .type = ASK_PATH } },
		.danger = DANGER_DESTROYS,
	}, {
		.name = "pv-grow", .title = "Grow to the whole device",
		.about = "The volume group gets the new room (pvresize).",
		PV, .argv = WORDS("lvm", "pvresize", "{dev}"), .stacked_ok = true,
		.danger = DANGER_DESTROYS,
	}, {
		.name = "pv-make", .title = "Make a physical volume",
		.about = "Everything on the device is lost (pvcreate).",
		.program = "lvm", .package = "lvm2", .exits = lvm_exits,
		.argv = WORDS("lvm", "pvcreate", "-y", "-ff", "{dev}"),
		.danger = DANGER_DESTROYS,
	}, {
		.name = "vg-check", .title = "Check its volume group",
		.about = "The metadata of all its disks against each other (vgck).",
		LV, .argv = WORDS("lvm", "vgck", "{vg}"), .danger = DANGER_NONE,
	}, {
		.name = "lv-grow", .title = "Grow by all that is free in its group",
		.about = "Then grow the file system on it (lvextend).",
		LV, .argv = WORDS("lvm", "lvextend", "-l", "+100%FREE", "{mapper}"),
		.danger = DANGER_DESTROYS,
	}, {
		.name = "lv-shrink", .title = "Shrink the volume",
		.about = "What lies behind the new end is lost: shrink its file system first "
			 "(lvreduce).",
		/* 2.03.17 on looks for the file system, by a path that only udev makes */
		LV, .argv = WORDS("sh", "-c", "case $(lvm lvreduce --help) in "
				  "*--fs*) set -- --fs ignore \"$@\" ;; esac; "
				  "exec lvm lvreduce -f \"$@\"", "sh", "-L", "{size}", "{mapper}"),
		.ask = { { .key = "size", .ask = "New size, as 1500M or 20G", .type = ASK_TEXT } },
		.danger = DANGER_DESTROYS,
	}, {
		.name = "lv-close", .title = "Close it",
		.about = "The logical volume's device goes away; its data stays (lvchange -an).",
		LV, .argv = WORDS("lvm", "lvchange", "-an", "{mapper}"),
		.danger = DANGER_UNDOABLE, .undo = "Undo: Open its volume group.",
	},
	{ .name = NULL }
};
