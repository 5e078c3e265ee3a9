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
#include <unistd.h>

#include "base/text.h"
#include "paths.h"
#include "run/exec.h"
#include "run/job.h"

#define KEEP 50
#define LIST_MAX 512

const char *job_dir = CAREEN_JOBS;

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

static unsigned long number(const char *name)
{
	char *end;
	unsigned long n = strtoul(name, &end, 10);

	return *name >= '0' && *name <= '9' && !*end && n < 100000000 ? n : 0;
}

static int newest_first(const void *a, const void *b)
{
	unsigned long x = number(a), y = number(b);

	return x < y ? 1 : x > y ? -1 : 0;
}

size_t job_list(char (*ids)[16], size_t max)
{
	char all[LIST_MAX][16];
	struct dirent *e;
	DIR *dir = opendir(job_dir);
	size_t n = 0;

	while (dir && n < LIST_MAX && (e = readdir(dir)))
		if (number(e->d_name))
			text_fmt(all[n++], sizeof(all[0]), "%s", e->d_name);
	if (dir)
		closedir(dir);
	qsort(all, n, sizeof(all[0]), newest_first);
	if (n > max)
		n = max;
	memcpy(ids, all, n * sizeof(all[0]));
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
	if (!number(id))
		return -ENOENT;
	text_fmt(ret, 16, "%s", id);
	return access(job_path(path, sizeof(path), ret, "events"), F_OK) < 0 ? -ENOENT : 0;
}

int job_make_dir(char ret[16])
{
	char path[256], latest[1][16];
	unsigned long n = job_list(latest, 1) ? number(latest[0]) : 0;
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

void job_prune(void)
{
	static const char *const files[] = { "events", "lock" };
	char ids[LIST_MAX][16], path[256];
	size_t n = job_list(ids, LIST_MAX), i, f;

	for (i = KEEP; i < n; i++) {
		for (f = 0; f < sizeof(files) / sizeof(files[0]); f++)
			unlink(job_path(path, sizeof(path), ids[i], files[f]));
		text_fmt(path, sizeof(path), "%s/%s", job_dir, ids[i]);
		rmdir(path);
	}
}
