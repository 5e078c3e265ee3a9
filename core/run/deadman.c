/* deadman.c - the dead-man timer is armed, kept and disarmed */
#include "run/deadman.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "model/deadman.h"
#include "model/process.h"
#include "model/procfile.h"
#include "model/writes.h"
#include "paths.h"
#include "run/exec.h"

#define KEEP_MS 1000		/* a typing operator writes no oftener */

static int put(const char *path, const char *text, struct error *err)
{
	int r = write_whole(path, text, strlen(text));

	return r < 0 ? error_set(err, r, "write", path, NULL, "Is there room in %s?", CAREEN_RUN) : 0;
}

static int forget(const char *path, struct error *err)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	return error_set(err, errno, "remove", path, NULL, NULL);
}

int deadman_arm(uint32_t period_s, const char *end, struct error *err)
{
	char line[80];

	text_fmt(line, sizeof(line), "%u %lld %s\n", period_s, (long long)now_ms(), end);
	return put(CAREEN_DEADMAN, line, err);
}

int deadman_disarm(struct error *err)
{
	int r = forget(CAREEN_DEADMAN, err), r2 = forget(CAREEN_RELOGIN, err);

	deadman_say("");
	return r < 0 ? r : r2;
}

void deadman_keep(void)
{
	static int64_t last;
	int64_t now = now_ms();

	if (last && now - last < KEEP_MS)
		return;
	/* Who is at the machine's own line needs no other way in: the stub set it. */
	if (getenv("CAREEN_LOCAL"))
		(void)forget(CAREEN_RELOGIN, NULL);
	if (access(CAREEN_DEADMAN, F_OK) < 0)
		return;
	last = now;
	(void)stamp_write(CAREEN_ALIVE, now);
}

int relogin_await(uint32_t seconds, struct error *err)
{
	char line[80];

	text_fmt(line, sizeof(line), "%u %lld\n", seconds, (long long)now_ms());
	return put(CAREEN_RELOGIN, line, err);
}

/* When @pid began, in milliseconds of CLOCK_BOOTTIME [proc_pid_stat(5), starttime]. */
static int64_t began_ms(const struct proc_stat *st)
{
	return (int64_t)(st->start * 1000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

bool relogin_seen(void)
{
	struct deadman d;
	struct proc_stat st;
	pid_t up[32];
	size_t i, n;
	char path[48];

	deadman_read(&d);
	if (!d.relogin)
		return false;
	n = process_ancestors(up, 32);
	for (i = 0; i < n; i++) {
		text_fmt(path, sizeof(path), "/proc/%d/stat", (int)up[i]);
		if (proc_stat_read(AT_FDCWD, path, &st) == 0 && !strcmp(st.comm, "dropbear") &&
		    began_ms(&st) >= d.relogin_since_ms)
			return forget(CAREEN_RELOGIN, NULL) == 0;
	}
	return false;
}

void deadman_say(const char *text)
{
	char line[220];

	if (!*text) {
		(void)forget(CAREEN_DEADMAN ".said", NULL);
		return;
	}
	text_fmt(line, sizeof(line), "%s\n", text);
	(void)put(CAREEN_DEADMAN ".said", line, NULL);
}

int op_arm(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	(void)ctx;
	deadman_say("");
	return deadman_arm((uint32_t)op->number, "hold", err);
}

int op_disarm(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	(void)ctx;
	(void)op;
	return deadman_disarm(err);
}

int op_relogin(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	(void)ctx;
	return relogin_await((uint32_t)op->number, err);
}

/* The plan was made before; in the meantime somebody may have written. */
int op_unwritten(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	(void)ctx;
	(void)op;
	if (disks_written())
		return error_set(err, EPERM, "resume", "by the dead-man timer", "a disk has been written to",
				 "Look at the disk, then resume by hand.");
	return 0;
}
