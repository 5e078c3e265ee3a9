/* tool_swap.c - swap space; mkswap(8) and swaplabel(8) end with 0 or 1 */
#include "plan/tool.h"

#include <stddef.h>

static const struct tool_exit swap_exits[] = {
	{ 0, TOOL_GOOD, "it was done", NULL },
	{ .text = NULL }
};

const struct tool tools_swap[] = {
	{
		.name = "swap-check", .title = "Look at its header",
		.about = "Its label and UUID; there is nothing else to check (swaplabel).",
		.fstypes = "swap", .program = "swaplabel", .package = "util-linux",
		.argv = WORDS("swaplabel", "{dev}"),
		.exits = swap_exits, .danger = DANGER_NONE,
	}, {
		.name = "swap-label", .title = "Change the label",
		.about = "fstab may name the old one (swaplabel -L).",
		.fstypes = "swap", .program = "swaplabel", .package = "util-linux",
		.argv = WORDS("swaplabel", "-L", "{label}", "{dev}"), .proves = "label",
		.ask = { { .key = "label", .ask = "New label", .type = ASK_TEXT } },
		.exits = swap_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "swap-uuid", .title = "Change the UUID",
		.about = "fstab may name the old one (swaplabel -U).",
		.fstypes = "swap", .program = "swaplabel", .package = "util-linux",
		.argv = WORDS("swaplabel", "-U", "{uuid}", "{dev}"), .proves = "uuid",
		.ask = { { .key = "uuid", .ask = "New UUID", .type = ASK_TEXT } },
		.exits = swap_exits, .danger = DANGER_DESTROYS,
	}, {
		.name = "swap-make", .title = "Make swap space",
		.about = "Everything on the device is lost; to grow or shrink it, make it anew.",
		.program = "mkswap", .package = "util-linux",
		.argv = WORDS("mkswap", "-f", "-U", "{uuid}", "-L", "{label}", "{dev}"),
		.ask = {
			{ .key = "uuid", .ask = "UUID of the new swap space",
			  .fallback = "{uuid}", .type = ASK_TEXT },
			{ .key = "label", .ask = "Label of the new swap space",
			  .fallback = "{label}", .type = ASK_TEXT },
		},
		.exits = swap_exits, .danger = DANGER_DESTROYS,
	},
	{ .name = NULL }
};
