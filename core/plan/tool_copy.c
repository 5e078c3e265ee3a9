/* tool_copy.c - the tools that copy: device to device, images; exit statuses are dd(1)'s */
#include "plan/tool.h"

#include <stddef.h>

static const struct tool_exit dd_exits[] = {
	{ 0, TOOL_GOOD, "everything was copied and has reached the device", NULL },
	{ .text = NULL }
};

const struct tool tools_copy[] = {
	{
		.name = "copy-onto", .title = "Copy another device onto it",
		.about = "Everything on the device is overwritten (dd).",
		.fstypes = NULL, .program = "dd", .package = "coreutils",
		.argv = WORDS("dd", "if={src}", "of={dev}", "bs=4M", "conv=fsync,nocreat",
			      "status=progress"),
		.ask = { { .key = "src", .ask = "Device to copy from", .type = ASK_DEVICE } },
		.exits = dd_exits, .danger = DANGER_DESTROYS, .progress = PROGRESS_DD,
	}, {
		.name = "write-image", .title = "Write an image file onto it",
		.about = "Everything on the device is overwritten (dd).",
		.fstypes = NULL, .program = "dd", .package = "coreutils",
		.argv = WORDS("dd", "if={src}", "of={dev}", "bs=4M", "conv=fsync,nocreat",
			      "status=progress"),
		.ask = { { .key = "src", .ask = "Image file to write", .type = ASK_PATH } },
		.exits = dd_exits, .danger = DANGER_DESTROYS, .progress = PROGRESS_DD,
	}, {
		.name = "save-image", .title = "Save an image of it to a file",
		.about = "Reads the device into a new file (dd); never overwrites one.",
		.fstypes = NULL, .program = "dd", .package = "coreutils",
		.argv = WORDS("dd", "if={dev}", "of={dst}", "bs=4M", "conv=excl,fsync",
			      "status=progress"),
		.ask = { { .key = "dst", .ask = "New file to save it to", .type = ASK_PATH } },
		.exits = dd_exits, .danger = DANGER_NONE, .progress = PROGRESS_DD,
	},
	{ .name = NULL }
};
