/* job_files.c - where a job's files are, and whether it runs */
#include "run/job_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/text.h"
#include "model/procfile.h"
#include "paths.h"
#include "run/exec.h"
#include "run/job.h"

#define KEEP 200
#define KEEP_SAVED 50		/* of those that a resumed system has, too */
#define KEEP_BYTES (32 << 20)
#define ROOM (1 << 20)		/* for the log of the next */
#define RESERVE (256 << 10)	/* for the way back */
#define BEGIN (96 << 10)	/* less is no room for a log: its plan, its last words [events.c] */

const char *job_dir = CAREEN_JOBS;

void job_use_saved(void)
{
	job_dir = CAREEN_LOG;
}

const char *job_path(char *buf, size_t size, const char *id, const char *file)
{
	return text_fmt(buf, size, "%s%s%s/%s", job_dir, *id ? "/" : "", id, file);
}

bool job_lock_held(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool held;

	if (fd < 0)
		return false;
	held = flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	close(fd);
	return held;
}

int job_reserve(void)
{
	char path[256];
	int fd = open(job_path(path, sizeof(path), "", "reserve"),
		      O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), r;

	if (fd < 0)
		return -errno;
	do
		r = fallocate(fd, 0, 0, RESERVE + BEGIN);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		r = ftruncate(fd, RESERVE);
	/* what knows no fallocate has no such limit */
	r = r < 0 && errno != EOPNOTSUPP ? -errno : 0;
	close(fd);
	return r;
}

void job_reserve_give(void)
{
	char path[256];

	unlink(job_path(path, sizeof(path), "", "reserve"));
}

static int64_t moment(const char *id, const char *file)
{
	char path[256];

	return stamp_read(job_path(path, sizeof(path), id, file));
}

static void set_moment(const char *id, const char *file, int64_t ms)
{
	char path[256];

	(void)stamp_write(job_path(path, sizeof(path), id, file), ms);
}

void job_set_until(int64_t ms)
{
	set_moment("", "until", ms);
}

/*
 * Somebody who only asks holds it for an instant, too, and a job that has said its last word
 * until its process is gone: try for a while.
 */
int job_lock_take(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), i;

	if (fd < 0)
		return -errno;
	for (i = 0; i < 200; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fd;
		if (errno != EWOULDBLOCK && errno != EINTR)
			break;
		sleep_ms(5);
	}
	i = -errno;
	close(fd);
	return i;
}

/* "0007"; "20261126-120000" in a system's /var/log: when it began. */
static bool is_id(const char *name)
{
	size_t len = strspn(name, "0123456789");

	if (!name[len])
		return len > 0 && len < 9;
	return len == 8 && name[8] == '-' && strspn(name + 9, "0123456789") == 6 && !name[15];
}

static int newest_first(const void *a, const void *b)
{
	size_t x = strlen(a), y = strlen(b);

	return x != y ? (x < y) - (x > y) : strcmp(b, a);
}

size_t job_list(char (*ids)[16], size_t max)
{
	char (*all)[16] = NULL, (*more)[16];
	struct dirent *e;
	DIR *dir = opendir(job_dir);
	size_t n = 0;

	while (dir && (e = readdir(dir))) {
		if (!is_id(e->d_name))
			continue;
		more = reallocarray(all, n + 1, sizeof(*all));
		if (!more)
			break;
		all = more;
		text_fmt(all[n++], sizeof(*all), "%s", e->d_name);
	}
	if (dir)
		closedir(dir);
	if (n)
		qsort(all, n, sizeof(*all), newest_first);
	if (n > max)
		n = max;
	if (n)
		memcpy(ids, all, n * sizeof(*all));
	free(all);
	return n;
}

int job_find(const char *id, char ret[16])
{
	char path[256], latest[1][16];

	if (!id || !*id) {
		if (!job_list(latest, 1))
			return -ENOENT;
		text_fmt(ret, 16, "%s", latest[0]);
		return 0;
	}
	if (!is_id(id))
		return -ENOENT;
	if (strchr(id, '-'))
		text_fmt(ret, 16, "%s", id);
	else
		text_fmt(ret, 16, "%04lu", strtoul(id, NULL, 10));
	return access(job_path(path, sizeof(path), ret, "events"), F_OK) < 0 ? -ENOENT : 0;
}

int job_make_dir(char ret[16])
{
	char path[256], latest[1][16];
	unsigned long n = job_list(latest, 1) ? strtoul(latest[0], NULL, 10) : 0;
	int i;

	for (i = 0; i < 100; i++) {
		text_fmt(ret, 16, "%04lu", ++n);
		text_fmt(path, sizeof(path), "%s/%s", job_dir, ret);
		if (mkdir(path, 0700) == 0)
			return 0;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

void job_forget(const char *id)
{
	static const char *const files[] = { "events", "lock", "saved", "seen", "asked", "killed" };
	char path[256];
	size_t f;

	for (f = 0; f < sizeof(files) / sizeof(files[0]); f++)
		unlink(job_path(path, sizeof(path), id, files[f]));
	text_fmt(path, sizeof(path), "%s/%s", job_dir, id);
	rmdir(path);
}

int64_t job_asked(const char *id)
{
	return moment(id, "asked");
}

void job_mark_asked(const char *id)
{
	if (!job_asked(id))
		set_moment(id, "asked", now_ms());
}

int64_t job_killed(const char *id)
{
	return moment(id, "killed");
}

void job_mark_killed(const char *id)
{
	set_moment(id, "killed", now_ms());
}

static bool marked(const char *id, const char *mark)
{
	char path[256];

	return access(job_path(path, sizeof(path), id, mark), F_OK) == 0;
}

static void set_mark(const char *id, const char *mark)
{
	char path[256];
	int fd = open(job_path(path, sizeof(path), id, mark), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
}

bool job_saved(const char *id)
{
	return marked(id, "saved");
}

void job_mark_saved(const char *id)
{
	set_mark(id, "saved");
}

bool job_seen(const char *id)
{
	return marked(id, "seen");
}

void job_mark_seen(const char *id)
{
	char found[16];

	if (job_find(id, found) == 0)
		set_mark(found, "seen");
}

static uint64_t size_of(const char *id)
{
	char path[256];
	struct stat st;

	return stat(job_path(path, sizeof(path), id, "events"), &st) == 0 ?
		512 * (uint64_t)st.st_blocks : 0;
}

/*
 * The oldest go, but for a lack of room only if that helps: somebody else may have filled
 * the file system. The first is the job that asks.
 */
size_t job_prune(void)
{
	static char ids[1000][16];
	size_t n = job_list(ids, sizeof(ids) / sizeof(ids[0])), i, gone = 0;
	uint64_t total = 0, room;
	struct statvfs fs;

	for (i = KEEP_SAVED; i < n; i++)
		if (i >= KEEP || job_saved(ids[i]))
			job_forget(ids[i]);
	n = job_list(ids, sizeof(ids) / sizeof(ids[0]));
	for (i = 1; i < n; i++)
		total += size_of(ids[i]);
	room = statvfs(job_dir, &fs) == 0 ? (uint64_t)fs.f_bavail * fs.f_frsize : UINT64_MAX / 2;
	for (i = n; i-- > 1 && (total > KEEP_BYTES || (room < ROOM && room + total >= ROOM)); gone++) {
		uint64_t size = size_of(ids[i]);

		total -= size;
		room += size;
		job_forget(ids[i]);
	}
	return gone;
}
