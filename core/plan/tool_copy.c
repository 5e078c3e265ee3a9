/*
 * tool_copy.c - the tools that copy: device to device, images in and out, wiping
 *
 * The exit statuses are those of dd(1), ddrescue(1) and blkdiscard(8). {in} {out} {iflag}
 * {count} {skip} {oflag} {seek} {conv} {size} {map} are worked out in copy_plan.c.
 */
#include "plan/tool.h"

#include <stddef.h>
#include <string.h>

static const struct tool_exit dd_exits[] = {
	{ 0, TOOL_GOOD, "everything was copied and has reached the device", NULL },
	{ .text = NULL }
};

static const struct tool_exit ddrescue_exits[] = {
	{ TOOL_INCOMPLETE, TOOL_LEFT, "some of the source could not be read; the rest was copied",
	  "Run it again: its map knows what is missing, and only that is tried. What cannot be "
	  "read stays on the target as it was." },
	{ 0, TOOL_GOOD, "everything could be read and was copied", NULL },
	{ .text = NULL }
};

static const struct tool_exit blkdiscard_exits[] = {
	{ 1, TOOL_FAILED, "the device was not discarded",
	  "Not every device can: use Wipe with zeros." },
	{ 0, TOOL_GOOD, "the device was told that nothing on it is needed any more", NULL },
	{ .text = NULL }
};

/* What the programs say of it [strerror(3), C locale], what that means, what may help. */
static const struct tool_trouble troubles[] = {
	{ "error reading", "Input/output error", "the source cannot be read to its end",
	  "Use Rescue a failing disk onto it (ddrescue): it goes on past what cannot be read." },
	{ "error reading", "", "the source cannot be read any more", "Is it still there?" },
	{ "error writing", "No space left", "there is no more room where it writes to",
	  "Is the image larger than that, or the disk full? Choose a larger one." },
	{ "Broken pipe", "", "the other end of the connection is gone",
	  "Go on with --offset and the size of what has arrived, appending to it." },
	{ "error writing", "", "the target does not take any more",
	  "Is the disk still there? Look at Devices, and at the kernel's log (dmesg)." },
	{ "fsync failed", "", "not all of it has reached the target",
	  "Is the disk still there? Look at Devices, and at the kernel's log (dmesg)." },
	{ "File exists", "", "that file is there already, and is left as it is",
	  "Name another file." },
	{ NULL, NULL, NULL, NULL }
};

const struct tool_trouble *tool_trouble(const char *said)
{
	const struct tool_trouble *t;

	for (t = troubles; t->said; t++)
		if (strstr(said, t->said) && strstr(said, t->and))
			return t;
	return NULL;
}

static const struct tool_unpack unpacks[] = {
	{ "gzip", ".gz", "\x1f\x8b", 2 },
	{ "zstd", ".zst", "\x28\xb5\x2f\xfd", 4 },
	{ "xz", ".xz", "\xfd" "7zXZ", 5 },
	{ NULL, NULL, NULL, 0 }
};

const struct tool_unpack *tool_unpack_by_program(const char *program)
{
	const struct tool_unpack *u;

	for (u = unpacks; u->program; u++)
		if (!strcmp(program, u->program))
			return u;
	return NULL;
}

const struct tool_unpack *tool_unpack_by_name(const char *file)
{
	const struct tool_unpack *u;
	size_t len = strlen(file), end;

	for (u = unpacks; u->program; u++) {
		end = strlen(u->suffix);
		if (len > end && !strcmp(file + len - end, u->suffix))
			return u;
	}
	return NULL;
}

const struct tool_unpack *tool_unpack_by_magic(const char *begin, size_t n)
{
	const struct tool_unpack *u;

	for (u = unpacks; u->program; u++)
		if (n >= u->len && !memcmp(begin, u->magic, u->len))
			return u;
	return NULL;
}

/* All that dd does here: what is empty falls away. */
static const char *const dd_argv[] = {
	"dd", "if={in}", "of={out}", "bs=4M", "iflag={iflag}", "count={count}", "skip={skip}",
	"oflag={oflag}", "seek={seek}", "conv={conv}", "status=progress", NULL
};

#define DD .program = "dd", .package = "coreutils", .argv = dd_argv, .exits = dd_exits, \
	   .progress = PROGRESS_DD

const struct tool tools_copy[] = {
	{
		.name = "copy-onto", .title = "Copy another device onto it",
		.about = "Everything on the device is overwritten (dd).",
		DD, .danger = DANGER_DESTROYS, .copy = COPY_ONTO,
		.ask = {
			{ .key = "src", .ask = "Device to copy from", .type = ASK_DEVICE },
			TOOL_OFFSET, TOOL_VERIFY,
		},
	}, {
		.name = "rescue-onto", .title = "Rescue a failing disk onto it",
		.about = "Everything on the device is overwritten; what cannot be read is gone round, and tried again (ddrescue).",
		.fstypes = NULL, .program = "ddrescue", .package = "gddrescue",
		.argv = WORDS("ddrescue", "-f", "-r", "{retries}", "{src}", "{dev}", "{map}"),
		.ask = {
			{ .key = "src", .ask = "Device to copy from", .type = ASK_DEVICE },
			{ .key = "retries", .ask = "How often bad sectors are tried again",
			  .fallback = "1", .type = ASK_OPTION },
		},
		.exits = ddrescue_exits, .danger = DANGER_DESTROYS,
		.progress = PROGRESS_DDRESCUE, .copy = COPY_ONTO,
	}, {
		.name = "write-image", .title = "Write an image onto it",
		.about = "Everything on the device is overwritten (dd). A compressed image is unpacked.",
		DD, .danger = DANGER_DESTROYS, .copy = COPY_IN,
		.ask = {
			{ .key = "src", .ask = "Image file to write", .type = ASK_PATH },
			TOOL_OFFSET, TOOL_VERIFY, TOOL_PACKED, TOOL_SHA256, TOOL_SIZE,
		},
	}, {
		.name = "save-image", .title = "Save an image of it",
		.about = "Reads the device into a new file (dd); never overwrites one. Named .gz, .zst or .xz it is compressed.",
		DD, .danger = DANGER_NONE, .copy = COPY_OUT,
		.ask = {
			{ .key = "dst", .ask = "New file to save it to", .type = ASK_PATH },
			TOOL_OFFSET, TOOL_VERIFY, TOOL_PACKED,
		},
	}, {
		.name = "wipe-zero", .title = "Wipe with zeros",
		.about = "Every byte of the device is overwritten with zero (dd), and read back.",
		DD, .danger = DANGER_DESTROYS, .copy = COPY_WIPE,
		.ask = { TOOL_VERIFY },
	}, {
		.name = "wipe-discard", .title = "Wipe by discard",
		.about = "The device forgets everything at once (blkdiscard); read back, it must be zero.",
		.fstypes = NULL, .program = "blkdiscard", .package = "util-linux",
		.argv = WORDS("blkdiscard", "-f", "{dev}"),
		.ask = { TOOL_VERIFY },
		.exits = blkdiscard_exits, .danger = DANGER_DESTROYS, .copy = COPY_WIPE,
	},
	{ .name = NULL }
};
