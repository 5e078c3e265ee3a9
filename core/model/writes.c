/*
 * writes.c - has somebody written to a disk since it was proven free?
 *
 * What an operator does by hand, in a shell, no journal knows of; the kernel counts it.
 */
#include "model/writes.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/text.h"
#include "model/procfile.h"
#include "paths.h"

int64_t device_writes(dev_t dev, dev_t *ret_disk)
{
	unsigned long long write, sectors, discard = 0, discarded = 0;
	char dir[64], path[80], line[400];
	int n;

	text_fmt(dir, sizeof(dir), "/sys/dev/block/%u:%u", major(dev), minor(dev));
	text_fmt(path, sizeof(path), "%s/partition", dir);
	if (access(path, F_OK) == 0)
		text_fmt(dir + strlen(dir), sizeof(dir) - strlen(dir), "/..");
	text_fmt(path, sizeof(path), "%s/dev", dir);
	*ret_disk = file_read_dev(AT_FDCWD, path);
	text_fmt(path, sizeof(path), "%s/stat", dir);
	if (!*ret_disk || file_read_line(AT_FDCWD, path, line, sizeof(line)) < 0)
		return -1;
	n = sscanf(line, "%*u %*u %*u %*u %llu %*u %llu %*u %*u %*u %*u %llu %*u %llu", &write,
		   &sectors, &discard, &discarded);
	return n < 2 ? -1 : (int64_t)(write + sectors + discard + discarded);
}

bool devices_written_since(const char *path)
{
	const char *line;
	unsigned maj, min;
	long long count;
	int64_t now;
	bool written = false;
	dev_t disk;
	char *text;

	if (file_read_all(AT_FDCWD, path, &text, NULL) < 0)
		return false;
	for (line = text; *line && !written; line += strcspn(line, "\n"), line += *line == '\n') {
		if (sscanf(line, "%u:%u %lld", &maj, &min, &count) != 3)
			continue;
		now = device_writes(makedev(maj, min), &disk);
		written = now >= 0 && now != count;
	}
	free(text);
	return written;
}

bool disks_written(void)
{
	return access(CAREEN_WRITTEN, F_OK) == 0 || devices_written_since(CAREEN_UNTOUCHED);
}
