/* sysblock.c - block devices as sysfs relates them: no disk is touched */
#include "model/sysblock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/text.h"
#include "model/procfile.h"

static bool listed(const dev_t *list, unsigned n, dev_t dev)
{
	while (n--)
		if (list[n] == dev)
			return true;
	return false;
}

/* Devices named in directory @path (".../slaves"), added to the list. */
static unsigned add_slaves(const char *path, dev_t *list, unsigned n, unsigned max)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char file[PATH_MAX];

	while (dir && (entry = readdir(dir))) {
		dev_t dev;

		if (entry->d_name[0] == '.')
			continue;
		text_fmt(file, sizeof(file), "%s/%s/dev", path, entry->d_name);
		dev = file_read_dev(AT_FDCWD, file);
		if (dev && n < max && !listed(list, n, dev))
			list[n++] = dev;
	}
	if (dir)
		closedir(dir);
	return n;
}

static unsigned add_below(dev_t dev, dev_t *list, unsigned n, unsigned max)
{
	char path[96];
	dev_t disk;

	text_fmt(path, sizeof(path), "/sys/dev/block/%u:%u/partition", major(dev), minor(dev));
	if (!access(path, F_OK)) {
		text_fmt(path, sizeof(path), "/sys/dev/block/%u:%u/../dev", major(dev), minor(dev));
		disk = file_read_dev(AT_FDCWD, path);
		if (disk && n < max && !listed(list, n, disk))
			list[n++] = disk;
	}
	text_fmt(path, sizeof(path), "/sys/dev/block/%u:%u/slaves", major(dev), minor(dev));
	return add_slaves(path, list, n, max);
}

unsigned sysblock_directly_below(dev_t dev, dev_t *list, unsigned max)
{
	return add_below(dev, list, 0, max);
}

unsigned sysblock_below(dev_t dev, dev_t *list, unsigned n, unsigned max)
{
	unsigned at = n;

	if (n < max && !listed(list, n, dev))
		list[n++] = dev;
	/* What is added is looked at in its turn: the list is the queue. */
	for (; at < n; at++)
		n = add_below(list[at], list, n, max);
	return n;
}

dev_t sysblock_dev(const char *path)
{
	const char *base = strrchr(path, '/');
	char file[PATH_MAX], name[256], *bang;

	base = base ? base + 1 : path;
	text_fmt(file, sizeof(file), "/sys/class/block/%s/dev", base);
	if (*base && !access(file, F_OK))
		return file_read_dev(AT_FDCWD, file);
	/* /dev/cciss/c0d0 is "cciss!c0d0" in sysfs. */
	if (strncmp(path, "/dev/", 5))
		return 0;
	text_fmt(name, sizeof(name), "%s", path + 5);
	for (bang = name; (bang = strchr(bang, '/'));)
		*bang = '!';
	text_fmt(file, sizeof(file), "/sys/class/block/%s/dev", name);
	return file_read_dev(AT_FDCWD, file);
}

int sysblock_name(dev_t dev, char *buf, size_t size)
{
	char path[64], link[PATH_MAX];
	int code;

	text_fmt(path, sizeof(path), "/sys/dev/block/%u:%u", major(dev), minor(dev));
	code = link_read(AT_FDCWD, path, link, sizeof(link));
	if (code < 0)
		return code;
	text_fmt(buf, size, "%s", strrchr(link, '/') ? strrchr(link, '/') + 1 : link);
	return 0;
}

/*
 * A SCSI disk below a session is one of iSCSI's [drivers/scsi/
 * scsi_transport_iscsi.c iscsi_add_session()].
 */
const char *sysblock_transport(const char *link)
{
	const char *base = strrchr(link, '/'), *session = strstr(link, "/session");

	base = base ? base + 1 : link;
	if (session && session[8] >= '0' && session[8] <= '9' && strstr(session, "/target"))
		return "iscsi";
	return strncmp(base, "nbd", 3) ? "" : "nbd";
}

/* /dev/mapper/NAME: the name is in sysfs; the link is udev's, and not in RAM. */
static dev_t mapper_dev(const char *name)
{
	DIR *dir = opendir("/sys/class/block");
	struct dirent *entry;
	char path[PATH_MAX], line[256];
	dev_t dev = 0;

	while (dir && !dev && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "dm-", 3))
			continue;
		text_fmt(path, sizeof(path), "/sys/class/block/%s/dm/name", entry->d_name);
		if (!file_read_line(AT_FDCWD, path, line, sizeof(line)) && !strcmp(line, name))
			dev = sysblock_dev(entry->d_name);
	}
	if (dir)
		closedir(dir);
	return dev;
}

dev_t sysblock_of_mount(dev_t dev, const char *source)
{
	if (major(dev))
		return dev;
	if (!strncmp(source, "/dev/mapper/", 12))
		return mapper_dev(source + 12);
	return strncmp(source, "/dev/", 5) ? 0 : sysblock_dev(source);
}

/* /sys/fs/btrfs/UUID/devices has the members of each that is mounted, by name. */
static unsigned add_members(dev_t *list, unsigned n, unsigned max)
{
	DIR *dir = opendir("/sys/fs/btrfs");
	struct dirent *entry;
	char path[PATH_MAX];
	dev_t member[SYSBLOCK_MAX];
	unsigned i, nmember;

	while (dir && (entry = readdir(dir))) {
		text_fmt(path, sizeof(path), "/sys/fs/btrfs/%s/devices", entry->d_name);
		nmember = entry->d_name[0] == '.' ? 0 : add_slaves(path, member, 0, SYSBLOCK_MAX);
		if (!listed(member, nmember, list[0]))
			continue;
		for (i = 0; i < nmember && n < max; i++)
			if (!listed(list, n, member[i]))
				list[n++] = member[i];
	}
	if (dir)
		closedir(dir);
	return n;
}

unsigned sysblock_all_of_mount(dev_t dev, const char *source, dev_t *list, unsigned max)
{
	dev_t first = sysblock_of_mount(dev, source);

	if (!first || !max)
		return 0;
	list[0] = first;
	return major(dev) ? 1 : add_members(list, 1, max);
}
