/* op_resume.c - PID 1 becomes the real init again */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "paths.h"
#include "run/exec.h"
#include "run/journal.h"

static off_t log_size(void)
{
	struct stat st;

	return stat(CAREEN_STUBLOG, &st) == 0 ? st.st_size : 0;
}

/* Why the stub could not resume, since its log had @from bytes; "" if it did not say. */
static const char *stub_words(off_t from, char *buf, size_t size)
{
	static const char mark[] = "resume: ";
	char *log = read_whole(CAREEN_STUBLOG), *line;

	text_fmt(buf, size, "%s", "");
	if (!log)
		return buf;
	if ((size_t)from > strlen(log))		/* it began anew */
		from = 0;
	line = strstr(log + from, "resume: cannot");
	if (!line)
		line = strstr(log + from, "resume: no root");
	if (line) {
		line[strcspn(line, "\n")] = '\0';
		text_clean(buf, size, line + strlen(mark));
	}
	free(log);
	return buf;
}

static bool init_took_over(void)
{
	return !pid1_is_stub() && !pid1_in_rescue();
}

/* So that the screen is true: the old root is aside, PID 1 is in RAM. */
static int go_failed(struct op_ctx *ctx, int code, const char *why, struct error *err)
{
	int r;

	if (init_took_over())
		return 0;
	r = old_root_stacked() ? sys->mount("/..", CAREEN_OLDROOT, NULL, MS_MOVE, NULL) : 0;
	if (r < 0)
		ctx_note(ctx, "The old root could not be moved back to %s: %s", CAREEN_OLDROOT,
			 strerror(-r));
	return error_set(err, code, "resume", "PID 1", why,
			 "PID 1 is the stub, in RAM; nothing is lost. Repair or restore what is "
			 "missing, then resume again.");
}

/* Poll: nothing tells that a process has executed something. */
static int wait_init(struct op_ctx *ctx, off_t log, int64_t until, struct error *err)
{
	char words[200];

	for (;;) {
		if (init_took_over())
			return 0;
		if (*stub_words(log, words, sizeof(words)))
			return go_failed(ctx, EIO, words, err);
		if (now_ms() >= until)
			return go_failed(ctx, ETIMEDOUT, "the stub did not execute the init in time",
					 err);
		sleep_ms(20);
	}
}

int op_go(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	const char *init = op->src && *op->src ? op->src : "/sbin/init";
	off_t log = log_size();
	int64_t until;
	char line[260];
	int r;

	if (!pid1_is_stub())
		return error_set(err, ESTALE, "resume", "PID 1", "it is not our stub",
				 "Nothing was done. Make the plan again.");
	text_fmt(line, sizeof(line), "%s\n", init);
	r = write_whole(CAREEN_INITPATH, line, strlen(line));
	if (r < 0)
		return error_set(err, r, "write", CAREEN_INITPATH, NULL, "Nothing was done.");
	r = sys->kill(1, SIGUSR1);
	if (r < 0)
		return error_set(err, r, "signal", "PID 1", NULL, "Nothing was done.");
	until = now_ms() + 1000 * (int64_t)(op->deadline_s ? op->deadline_s : 30);
	r = wait_init(ctx, log, until, err);
	if (r < 0)
		return r;
	ctx_note(ctx, "PID 1 is %s again", init);
	return journal_clear(err);
}
