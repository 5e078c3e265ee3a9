/* process.c - words about a process: user, command line, unit, ancestors */
#include "model/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "model/procfile.h"
#include "paths.h"

/*
 * The old root's users first: theirs are the processes. "/.." is the old root
 * from the rescue before the detach, and plain "/" in the normal system; from an
 * entered tree only PID 1's root leads there.
 */
enum { PASSWD_FILES = 4 };

static const char *const passwd_files[PASSWD_FILES] = {
	CAREEN_OLDROOT "/etc/passwd", "/proc/1/root/etc/passwd", "/../etc/passwd", "/etc/passwd"
};

/* passwd(5): name:password:uid:... */
static int find_user(const char *text, uid_t uid, char *buf, size_t size)
{
	const char *line, *next;
	char name[33];
	unsigned id;

	for (line = text; *line; line = *next ? next + 1 : next) {
		next = line + strcspn(line, "\n");
		if (sscanf(line, "%32[^:\n]:%*[^:\n]:%u:", name, &id) == 2 && id == uid) {
			text_fmt(buf, size, "%s", name);
			return 0;
		}
	}
	return -1;
}

static void user_name(uid_t uid, char *buf, size_t size)
{
	/* Asked for every process of one scan: the files are read once. Only
	 * ever used in a scan's child, so it does not outlive the scan. */
	static char *text[PASSWD_FILES];
	static int loaded;
	size_t i;

	if (uid == 0) {
		text_fmt(buf, size, "root");
		return;
	}
	for (i = 0; i < PASSWD_FILES; i++) {
		if (!loaded && file_read_all(AT_FDCWD, passwd_files[i], &text[i], NULL) < 0)
			text[i] = NULL;
	}
	loaded = 1;
	for (i = 0; i < PASSWD_FILES; i++)
		if (text[i] && !find_user(text[i], uid, buf, size))
			return;
	text_fmt(buf, size, "%u", uid);
}

void process_user(pid_t pid, uid_t *ret_uid, char *buf, size_t size)
{
	char path[32];
	struct stat st;

	text_fmt(path, sizeof(path), "/proc/%d", pid);
	*ret_uid = 0;
	buf[0] = '\0';
	if (stat(path, &st) < 0)
		return;
	*ret_uid = st.st_uid;
	user_name(st.st_uid, buf, size);
}

void process_cmdline(pid_t pid, char *buf, size_t size)
{
	char path[48];
	ssize_t n = -1, i;
	int fd;

	text_fmt(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, buf, size - 1);
		close(fd);
	}
	if (n < 0)
		n = 0;
	while (n && !buf[n - 1])
		n--;
	for (i = 0; i < n; i++)
		if (!buf[i])
			buf[i] = ' ';
	buf[n] = '\0';
}

/* cgroups(7): "0::/system.slice/ssh.service", version 1 "1:name=systemd:/..." */
void process_unit(pid_t pid, char *buf, size_t size)
{
	char path[48], *text, *line, *rest, *last;

	buf[0] = '\0';
	text_fmt(path, sizeof(path), "/proc/%d/cgroup", pid);
	if (file_read_all(AT_FDCWD, path, &text, NULL) < 0)
		return;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, "0::", 3) && !strstr(line, ":name=systemd:"))
			continue;
		last = strrchr(line, '/');
		if (last && last[1])
			text_fmt(buf, size, "%s", last + 1);
	}
	free(text);
}

size_t process_ancestors(pid_t *list, size_t max)
{
	struct proc_stat st = { .ppid = getpid() };
	char path[48];
	size_t n = 0;

	while (st.ppid > 1 && n < max) {
		list[n++] = st.ppid;
		text_fmt(path, sizeof(path), "/proc/%d/stat", st.ppid);
		if (proc_stat_read(AT_FDCWD, path, &st) < 0)
			break;
	}
	return n;
}
