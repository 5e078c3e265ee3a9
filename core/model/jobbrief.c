/*
 * jobbrief.c - the latest job, as far as a snapshot tells of it
 *
 * Whether it runs is asked of the kernel: /proc/locks lists the flock(2) on
 * its file. Trying to take the lock would answer too, but could be in the way
 * of the job that is about to. One that has said its last word runs no more,
 * though its process may take a moment to go.
 */
#include "model/jobbrief.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/text.h"
#include "model/procfile.h"

/* proc_locks(5): "1: FLOCK ADVISORY WRITE 712 00:1b:42 0 EOF" */
static bool locked(const char *locks, const struct stat *st)
{
	const char *line, *end;

	for (line = locks; line; line = end ? end + 1 : NULL) {
		unsigned maj, min;
		unsigned long ino;

		end = strchr(line, '\n');
		if (sscanf(line, "%*d: FLOCK %*s %*s %*d %x:%x:%lu", &maj, &min, &ino) == 3 &&
		    maj == major(st->st_dev) && min == minor(st->st_dev) &&
		    ino == st->st_ino)
			return true;
	}
	return false;
}

bool file_is_locked(const char *path)
{
	struct stat st;
	char *locks;
	bool is;

	if (stat(path, &st) < 0 || file_read_all(AT_FDCWD, "/proc/locks", &locks, NULL) < 0)
		return false;
	is = locked(locks, &st);
	free(locks);
	return is;
}

/* The first event names the step [core/run/events.h]. */
static void read_step(const char *dir, char *buf, size_t size)
{
	char path[96], line[1024], step[16];

	text_fmt(path, sizeof(path), "%s/events", dir);
	if (file_read_line(AT_FDCWD, path, line, sizeof(line)) < 0)
		return;
	if (sscanf(line, "v1\t%*d\tjob\t%15[a-z]", step) == 1)
		text_fmt(buf, size, "%s", step);
}

/* "v1 MS end ..." is the last line of its events [core/run/events.h]. */
static bool has_ended(const char *dir)
{
	char path[96], tail[4096] = "", *line;
	struct stat st;
	ssize_t n = 0;
	int fd;

	text_fmt(path, sizeof(path), "%s/events", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0)
		n = pread(fd, tail, sizeof(tail) - 1, st.st_size < (off_t)sizeof(tail) ? 0 :
			  st.st_size - (off_t)sizeof(tail) + 1);
	close(fd);
	if (n <= 0 || tail[n - 1] != '\n')
		return false;
	tail[n - 1] = '\0';
	line = strrchr(tail, '\n');
	line = line ? line + 1 : tail;
	n = 0;
	return sscanf(line, "v1\t%*d\tend\t%zn", &n) == 0 && n > 0;
}

void job_brief_read(const char *jobs, struct job_brief *job)
{
	char dir[80], path[96];
	pid_t *id;
	size_t n;

	/* The directories' names are numbers with leading zeros. */
	if (pids_list(AT_FDCWD, jobs, &id, &n) < 0)
		return;
	if (n) {
		text_fmt(job->id, sizeof(job->id), "%04d", id[n - 1]);
		text_fmt(dir, sizeof(dir), "%s/%s", jobs, job->id);
		text_fmt(path, sizeof(path), "%s/lock", dir);
		job->running = file_is_locked(path) && !has_ended(dir);
		read_step(dir, job->step, sizeof(job->step));
	}
	free(id);
}
