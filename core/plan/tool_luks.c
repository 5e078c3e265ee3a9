/* tool_luks.c - LUKS containers; exit statuses: cryptsetup(8) RETURN CODES */
#include "plan/tool.h"

#include <stddef.h>

static const struct tool_exit luks_exits[] = {
	{ 5, TOOL_FAILED, "it is busy, open already, or the kernel cannot have it so",
	  "See the Devices view for who has it; for a cipher that the kernel lacks, dmesg in a "
	  "shell (!)." },
	{ 3, TOOL_FAILED, "there was not enough memory", "A LUKS2 key wants up to 1 GB (argon2): "
	  "free some, or use a key slot that wants less." },
	{ 4, TOOL_FAILED, "the device or file is not what was expected", "Look at the log for its own words." },
	{ 2, TOOL_FAILED, "no key of it is opened by this passphrase",
	  "Make the plan again and type it once more." },
	{ 1, TOOL_FAILED, "it was refused", "Look at the log for its own words." },
	{ 0, TOOL_GOOD, "it was done", NULL },
	{ .text = NULL }
};

static const struct tool_exit header_exits[] = {
	{ 1, TOOL_LEFT, "the header cannot be read; nothing was changed",
	  "Run Repair the header, or restore a copy of it." },
	{ 0, TOOL_GOOD, "the header can be read", NULL },
	{ .text = NULL }
};

#define LUKS .fstypes = "crypto_LUKS", .program = "cryptsetup", .package = "cryptsetup-bin"

const struct tool tools_luks[] = {
	{
		.name = "luks-check", .title = "Check the header",
		.about = "Its version, UUID and key slots (cryptsetup luksDump).",
		LUKS, .argv = WORDS("cryptsetup", "luksDump", "{dev}"), .stacked_ok = true,
		.exits = header_exits, .danger = DANGER_NONE,
	}, {
		.name = "luks-open", .title = "Open it",
		.about = "What is in it appears as a device of its own (cryptsetup open).",
		LUKS, .argv = WORDS("cryptsetup", "open", "--type", "luks", "--key-file", "-",
				    "{dev}", "{as}"),
		.ask = { { .key = "as", .ask = "Name of the opened device", .fallback = "{luksname}",
			   .type = ASK_TEXT } },
		.secret = "the passphrase", .exits = luks_exits,
		.danger = DANGER_UNDOABLE, .undo = "Undo: Close it.", .ram_mb = 1100,
	}, {
		.name = "luks-save", .title = "Save a copy of the header",
		.about = "To a new file, from which it can be restored (luksHeaderBackup).",
		LUKS, .argv = WORDS("cryptsetup", "luksHeaderBackup", "{dev}",
				    "--header-backup-file", "{dst}"), .stacked_ok = true,
		.ask = { { .key = "dst", .ask = "New file to save it to", .type = ASK_PATH } },
		.exits = luks_exits, .danger = DANGER_NONE,
	}, {
		.name = "luks-fix", .title = "Repair the header",
		.about = "Corrects what can be corrected without a key (cryptsetup repair).",
		.fstypes = "crypto_LUKS none", .program = "cryptsetup", .package = "cryptsetup-bin",
		.argv = WORDS("cryptsetup", "--batch-mode", "repair", "{dev}"), .after = "luks-check",
		.exits = luks_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "luks-restore", .title = "Restore the header",
		.about = "From a file; keys that were changed since are the old ones again "
			 "(luksHeaderRestore).",
		.fstypes = "crypto_LUKS none", .program = "cryptsetup", .package = "cryptsetup-bin",
		.argv = WORDS("cryptsetup", "--batch-mode", "luksHeaderRestore", "{dev}",
			      "--header-backup-file", "{src}"), .after = "luks-check",
		.ask = { { .key = "src", .ask = "File with the copy of the header", .type = ASK_PATH } },
		.exits = luks_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "luks-label", .title = "Change the label",
		.about = "LUKS2 only (cryptsetup config).",
		LUKS, .argv = WORDS("cryptsetup", "config", "{dev}", "--label", "{label}"),
		.proves = "label",
		.ask = { { .key = "label", .ask = "New label", .type = ASK_TEXT } },
		.exits = luks_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "luks-uuid", .title = "Change the UUID",
		.about = "crypttab and the boot loader may name the old one (luksUUID).",
		LUKS, .argv = WORDS("cryptsetup", "--batch-mode", "luksUUID", "--uuid", "{uuid}", "{dev}"),
		.proves = "uuid",
		.ask = { { .key = "uuid", .ask = "New UUID", .type = ASK_TEXT } },
		.exits = luks_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "luks-make", .title = "Make a LUKS container",
		.about = "Everything on the device is lost (cryptsetup luksFormat).",
		.program = "cryptsetup", .package = "cryptsetup-bin",
		.argv = WORDS("cryptsetup", "--batch-mode", "luksFormat", "--type", "luks2",
			      "--uuid", "{uuid}", "--key-file", "-", "{dev}"),
		.ask = { { .key = "uuid", .ask = "UUID of the new container", .fallback = "{uuid}",
			   .type = ASK_TEXT } },
		.secret = "the new passphrase", .secret_is_new = true, .exits = luks_exits,
		.danger = DANGER_DESTROYS, .ram_mb = 1100,
	}, {
		.name = "luks-grow", .title = "Grow to the whole device",
		.about = "The opened container takes all of what it lies on (cryptsetup resize).",
		.devtypes = "crypt", .program = "cryptsetup", .package = "cryptsetup-bin",
		.argv = WORDS("cryptsetup", "resize", "--key-file", "-", "{name}"),
		.secret = "the passphrase", .exits = luks_exits, .danger = DANGER_DESTROYS,
		.ram_mb = 1100,
	}, {
		.name = "luks-close", .title = "Close it",
		.about = "The opened container goes away; its data stays (cryptsetup close).",
		.devtypes = "crypt", .program = "cryptsetup", .package = "cryptsetup-bin",
		.argv = WORDS("cryptsetup", "close", "{name}"), .exits = luks_exits,
		.danger = DANGER_UNDOABLE, .undo = "Undo: Open it.",
	},
	{ .name = NULL }
};
