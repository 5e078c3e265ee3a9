/* procfile.c - read the small text files of /proc and /sys */
#include "model/procfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int read_to_end(int fd, char **ret, size_t *ret_size)
{
	size_t cap = 4096, len = 0;
	char *buf = malloc(cap), *more;
	ssize_t n;

	for (;;) {
		if (!buf)
			return -ENOMEM;
		n = read(fd, buf + len, cap - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += n;
		if (cap - len > 2048)
			continue;
		/* A seq_file hands out whole records as room allows: a large
		 * buffer means fewer chances that the list changes between. */
		cap *= 4;
		more = realloc(buf, cap);
		if (!more)
			free(buf);
		buf = more;
	}
	if (n < 0) {
		int code = -errno;

		free(buf);
		return code;
	}
	buf[len] = '\0';
	*ret = buf;
	if (ret_size)
		*ret_size = len;
	return 0;
}

int file_read_all(int dirfd, const char *path, char **ret, size_t *ret_size)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int code;

	if (fd < 0)
		return -errno;
	code = read_to_end(fd, ret, ret_size);
	close(fd);
	return code;
}

int file_read_line(int dirfd, const char *path, char *buf, size_t size)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return n;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

uint64_t file_read_u64(int dirfd, const char *path, uint64_t fallback)
{
	char line[64], *end;
	unsigned long long value;

	if (file_read_line(dirfd, path, line, sizeof(line)) < 0)
		return fallback;
	value = strtoull(line, &end, 10);
	return end == line ? fallback : value;
}

int64_t stamp_read(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : st.st_mtim.tv_sec * 1000LL + st.st_mtim.tv_nsec / 1000000;
}

dev_t file_read_dev(int dirfd, const char *path)
{
	unsigned maj, min;
	char line[64];

	if (file_read_line(dirfd, path, line, sizeof(line)) < 0 ||
	    sscanf(line, "%u:%u", &maj, &min) != 2)
		return 0;
	return makedev(maj, min);
}

int link_read(int dirfd, const char *path, char *buf, size_t size)
{
	ssize_t n = readlinkat(dirfd, path, buf, size - 1);

	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

static int by_number(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return x < y ? -1 : x > y;
}

int pids_list(int dirfd, const char *path, pid_t **ret, size_t *ret_n)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	size_t n = 0, cap = 0;
	struct dirent *entry;
	void *list = NULL;

	if (!dir) {
		int code = -errno;

		if (fd >= 0)
			close(fd);
		return code;
	}
	while ((entry = readdir(dir))) {
		char *end;
		long pid = strtol(entry->d_name, &end, 10);

		if (*end || pid <= 0)
			continue;
		if (!grow(&list, n, &cap, sizeof(pid_t))) {
			free(list);
			closedir(dir);
			return -ENOMEM;
		}
		((pid_t *)list)[n++] = pid;
	}
	closedir(dir);
	if (n)
		qsort(list, n, sizeof(pid_t), by_number);
	*ret = list;
	*ret_n = n;
	return 0;
}

/*
 * proc(5): "pid (comm) state ppid ...". comm is anything the process likes,
 * ") (" and newlines included, so it ends at the *last* parenthesis.
 */
int proc_stat_parse(const char *text, struct proc_stat *ret)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	struct proc_stat st = { .pid = atoi(text) };
	unsigned long long start;
	size_t len;

	if (!open || !close || close < open || st.pid <= 0)
		return -EINVAL;
	len = close - open - 1;
	if (len >= sizeof(st.comm))
		len = sizeof(st.comm) - 1;
	memcpy(st.comm, open + 1, len);
	/* Fields 3 state, 4 ppid, 9 flags, 20 num_threads, 22 starttime. */
	if (sscanf(close + 1, " %c %d %*d %*d %*d %*d %lu %*u %*u %*u %*u %*u %*u"
		   " %*d %*d %*d %*d %d %*d %llu", &st.state, &st.ppid, &st.flags,
		   &st.nthreads, &start) != 5)
		return -EINVAL;
	st.start = start;
	*ret = st;
	return 0;
}

int proc_stat_read(int dirfd, const char *path, struct proc_stat *ret)
{
	char text[1024];
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return n;
	text[n] = '\0';
	return proc_stat_parse(text, ret);
}

bool grow(void **array, size_t n, size_t *cap, size_t size)
{
	size_t want = *cap ? *cap * 2 : 16;
	void *more;

	if (n < *cap)
		return true;
	more = realloc(*array, want * size);
	if (!more)
		return false;
	*array = more;
	*cap = want;
	return true;
}
