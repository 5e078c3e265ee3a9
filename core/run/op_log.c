/*
 * op_log.c - the transcript goes into the resumed system's /var/log
 *
 * In a child: it writes to a disk. Nothing there is trusted: the path is
 * resolved inside the real root, and our directory and file are no symlinks.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "model/vault.h"
#include "paths.h"
#include "run/exec.h"
#include "run/job.h"

#define MAX_JOBS 50

static int open_inside(const char *root, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT,
	};
	int base = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	if (base < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, base, *path ? path : "/", &how, sizeof(how));
	fd = fd < 0 ? -errno : fd;
	close(base);
	return fd;
}

static int open_log_dir(const char *root, const char *dst)
{
	const char *name = strrchr(dst, '/');
	char parent[256];
	int up, dir, r;

	if (!name++ || !*name)
		return -EINVAL;
	text_fmt(parent, sizeof(parent), "%.*s", (int)(name - 1 - dst), dst);
	up = open_inside(root, parent);
	if (up < 0)
		return up;
	r = mkdirat(up, name, 0700) < 0 && errno != EEXIST ? -errno : 0;
	dir = r < 0 ? r : openat(up, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir == -1)
		dir = -errno;
	close(up);
	if (dir >= 0 && fchmod(dir, 0700) < 0)
		r = -errno;
	if (dir >= 0 && r < 0) {
		close(dir);
		return r;
	}
	return dir;
}

/* The jobs since the last detach began, oldest first. */
static size_t jobs_since_detach(char (*ids)[16], size_t max)
{
	struct job_view *view;
	char swap[16];
	size_t n = job_list(ids, max), keep, i;
	bool detach;

	for (keep = 0, detach = false; keep < n && !detach; keep++) {
		if (job_read(ids[keep], &view, NULL) < 0)
			continue;
		detach = !strcmp(view->step, "detach");
		job_free(view);
	}
	for (i = 0; i < keep / 2; i++) {
		memcpy(swap, ids[i], sizeof(swap));
		memcpy(ids[i], ids[keep - 1 - i], sizeof(swap));
		memcpy(ids[keep - 1 - i], swap, sizeof(swap));
	}
	return keep;
}

static int write_log(int fd)
{
	char ids[MAX_JOBS][16];
	size_t n = jobs_since_detach(ids, MAX_JOBS), i;
	FILE *out = fdopen(fd, "w");
	int r = 0;

	if (!out) {
		close(fd);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++) {
		job_print_log(ids[i], false, out, NULL);
		fputc('\n', out);
	}
	if (fflush(out) == EOF || fsync(fileno(out)) < 0)
		r = -errno;
	fclose(out);
	return r;
}

struct save {
	const char *root, *dst;
	char name[64];
};

static int save_child(void *arg, struct error *err)
{
	const struct save *s = arg;
	int dir = open_log_dir(s->root, s->dst), fd, r;

	if (dir < 0)
		return error_set(err, dir, "open", s->dst, NULL,
				 "The transcript stays in %s.", CAREEN_JOBS);
	fd = openat(dir, s->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : write_log(fd);
	if (r == 0)
		fsync(dir);
	close(dir);
	return r < 0 ? error_set(err, r, "write", s->dst, NULL,
				 "The transcript stays in %s.", CAREEN_JOBS) : 0;
}

/* It lives as long as the rescue does: until the next boot. */
static void tell_vault(struct op_ctx *ctx)
{
	struct vault v;

	vault_read(&v);
	if (v.n)
		ctx_note(ctx, "the vault stays in RAM, with %zu entr%s; to copy it off before the next boot: "
			 "scp -P 1022 -r root@THIS-HOST:" CAREEN_VAULT " .", v.n, v.n == 1 ? "y" : "ies");
	vault_free(&v);
}

int op_save_log(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	/* wherever the old root lies: PID 1 is its init again */
	struct save s = { .root = op->src ? op->src : "/proc/1/root", .dst = op->dst };
	char date[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	int r;

	if (gmtime_r(&now, &tm))
		strftime(date, sizeof(date), "%Y%m%dT%H%M%SZ", &tm);
	text_fmt(s.name, sizeof(s.name), "%s-%s.log", date, job_current());
	r = run_with_deadline(op->deadline_s, save_child, &s, err);
	if (r == 0)
		ctx_note(ctx, "written: %s/%s", op->dst, s.name);
	tell_vault(ctx);
	return r;
}
