/*
 * op_log.c - the transcript goes into the resumed system's /var/log
 *
 * All jobs' events, from which careen log makes everything else there, too; and for who reads
 * without careen a text of the trip. In a child: it writes to a disk. Nothing there is trusted: the path is
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
#include "model/procfile.h"
#include "model/vault.h"
#include "paths.h"
#include "run/exec.h"
#include "run/job.h"
#include "run/job_files.h"

#define MAX_JOBS 200

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

/* The newest @n, oldest first. */
static void turn(char (*ids)[16], size_t n)
{
	char swap[16];
	size_t i;

	for (i = 0; i < n / 2; i++) {
		memcpy(swap, ids[i], sizeof(swap));
		memcpy(ids[i], ids[n - 1 - i], sizeof(swap));
		memcpy(ids[n - 1 - i], swap, sizeof(swap));
	}
}

/* How many of the newest jobs there are since the last detach began. */
static size_t since_detach(char (*ids)[16], size_t n)
{
	struct job_view *view;
	size_t keep;
	bool detach;

	for (keep = 0, detach = false; keep < n && !detach; keep++) {
		if (job_read(ids[keep], &view, NULL) < 0)
			continue;
		detach = !strcmp(view->step, "detach");
		job_free(view);
	}
	return keep;
}

/* Whole or not at all: under a new name first, and on the disk before it has its own. */
static int put_file(int dir, const char *name, const char *text, size_t len)
{
	char new[80];
	ssize_t n = 0;
	int fd, r = 0;

	text_fmt(new, sizeof(new), "%s.new", name);
	unlinkat(dir, new, 0);
	fd = openat(dir, new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	for (; len && n >= 0; text += n, len -= (size_t)n)
		n = write(fd, text, len);
	if (n < 0 || fsync(fd) < 0)
		r = -errno;
	close(fd);
	if (r == 0 && renameat(dir, new, dir, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir, new, 0);
	return r;
}

/* To read without careen: what happened since the detach. */
static int put_text(int dir, const char *name, char (*ids)[16], size_t n)
{
	char *text = NULL;
	size_t len = 0, i;
	FILE *out = open_memstream(&text, &len);
	int r;

	if (!out)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		job_print_log(ids[i], false, out, NULL);
		fputc('\n', out);
	}
	r = fclose(out) == 0 ? put_file(dir, name, text, len) : -ENOMEM;
	free(text);
	return r;
}

/* Is what is in @dir of the same job? 1 and all of it, 0 and less, -EEXIST: of another. */
static int same_job(int dir, const char *text, size_t len)
{
	size_t first = strcspn(text, "\n");
	char *old;
	size_t n;
	int r;

	if (file_read_all(dir, "events", &old, &n) < 0)
		return 0;
	r = n < first || memcmp(old, text, first) ? -EEXIST : n == len;
	free(old);
	return r;
}

/* By when it began; those of two boots that began in one second are told apart. */
static int put_events_at(int up, int64_t wall, const char *text, size_t len)
{
	char name[32];
	time_t when = wall;
	struct tm tm;
	int dir, r;

	if (!gmtime_r(&when, &tm) || !strftime(name, sizeof(name), "%Y%m%d-%H%M%S", &tm))
		return -ERANGE;
	if (mkdirat(up, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	dir = openat(up, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	r = same_job(dir, text, len);
	if (r == 0) {
		r = put_file(dir, "events", text, len);
		fsync(dir);
	}
	close(dir);
	return r;
}

static int put_events(int up, const char *id)
{
	char path[256], *text = read_whole(job_path(path, sizeof(path), id, "events"));
	struct job_view *view = NULL;
	int r, i;

	/* pruned since */
	if (!text || job_read(id, &view, NULL) < 0) {
		free(text);
		return 0;
	}
	for (i = 0, r = -EEXIST; i < 60 && r == -EEXIST; i++)
		r = put_events_at(up, view->started_wall + i, text, strlen(text));
	/* of a job that goes on there will be more */
	if (r >= 0 && view->status != JOB_RUNNING)
		job_mark_saved(id);
	job_free(view);
	free(text);
	return r < 0 ? r : 0;
}

static struct save {
	const char *root, *dst, *only;	/* only: that job's events; NULL: all jobs' */
	char name[64];
} saved;

static int save_into(int dir, const struct save *s)
{
	static char ids[MAX_JOBS][16];
	size_t n = job_list(ids, MAX_JOBS), trip = since_detach(ids, n), i;
	int r = s->only ? put_events(dir, s->only) : 0;

	for (i = n; !s->only && i-- > 0 && r == 0;)
		if (!job_saved(ids[i]))
			r = put_events(dir, ids[i]);
	turn(ids, trip);
	if (r == 0)
		r = put_text(dir, s->name, ids, trip);
	fsync(dir);
	return r;
}

static int save_child(void *arg, struct error *err)
{
	const struct save *s = arg;
	int dir = open_log_dir(s->root, s->dst), r;

	if (dir < 0)
		return error_set(err, dir, "open", s->dst, NULL,
				 "The transcript stays in %s.", CAREEN_JOBS);
	r = save_into(dir, s);
	close(dir);
	return r < 0 ? error_set(err, r, "write", s->dst, NULL,
				 "The transcript stays in %s.", CAREEN_JOBS) : 0;
}

void op_log_end(const char *id)
{
	saved.only = id;
	if (saved.root)
		run_with_deadline(10, save_child, &saved, NULL);
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
	if (r == 0) {
		saved = s;
		ctx_note(ctx, "written: %s/%s", op->dst, s.name);
	}
	tell_vault(ctx);
	return r;
}
