/* output.c - what tools say, as progress and notes; the first byte is the kind of progress */
#include "base/text.h"
#include "fuzz.h"
#include "plan/tool.h"
#include "run/exec.h"
#include "run/spawn.h"

#define KINDS (PROGRESS_REENCRYPT + 1)

void fuzz_one(char *text, size_t size)
{
	struct tool_watch w = { .ctx = &fuzz_ctx, .total = 1000000 };
	struct said said = { .ctx = &fuzz_ctx };

	if (!size)
		return;
	w.progress = (enum tool_progress)((unsigned char)*text % KINDS);
	/* a pipe brings it in pieces */
	tool_watch_output(&w, text + 1, (size - 1) / 2);
	tool_watch_output(&w, text + 1 + (size - 1) / 2, size - 1 - (size - 1) / 2);
	tool_watch_end(&w);
	tool_watch_fd(&w, text + 1, size - 1);
	tool_trouble(text);
	said_take(&said, text, size);
}
