/*
 * scan_special.c - descriptors that hold more than a file of their own: bound
 * unix sockets, descriptors in flight, io_uring's registered files, events that
 * a fanotify listener has not read
 *
 * Of these only /proc/PID/fdinfo tells anything. inotify marks, and fanotify's,
 * hold nothing: they go with the file system [fs/notify/fsnotify.c
 * fsnotify_sb_delete()].
 */
#include "model/scan_internal.h"

#include <linux/fanotify.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/holders.h"
#include "model/unix_sockets.h"

static char *read_fdinfo(int taskfd, const char *fd)
{
	char path[64], *text;

	text_fmt(path, sizeof(path), "fdinfo/%s", fd);
	return file_read_all(taskfd, path, &text, NULL) < 0 ? NULL : text;
}

static unsigned number_after(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	return at ? (unsigned)strtoul(at + strlen(word), NULL, 10) : 0;
}

/*
 * How many files are in flight to a socket is told (scm_fds, 5.6 on), not which
 * they are: they count.
 */
static void check_socket(const struct scan *sc, struct found *f, int taskfd, const char *fd,
			 const struct ref *ref)
{
	const struct unix_socket *s = unix_socket_find(sc, taskfd, ref->ino, &f->socks_known);
	char text[200], *info;
	unsigned n;

	if (!s)
		return;
	if (s->path) {
		f->holds |= HOLD_SOCK;
		text_fmt(text, sizeof(text), "unix socket %s", s->path);
		scan_name(sc, f, RANK_SPECIAL, 0, text);
	}
	info = read_fdinfo(taskfd, fd);
	n = info ? number_after(info, "scm_fds:") : 0;
	free(info);
	if (!n)
		return;
	f->holds |= HOLD_SCM;
	text_fmt(text, sizeof(text), "%u descriptor%s in flight to a unix socket", n,
		 n == 1 ? "" : "s");
	scan_name(sc, f, RANK_SPECIAL, 0, text);
}

static void name_uring(const struct scan *sc, struct found *f, const char *name)
{
	char text[220];

	f->holds |= HOLD_URING;
	text_fmt(text, sizeof(text), "io_uring file %s", name);
	scan_name(sc, f, RANK_SPECIAL, 0, text);
}

/* No file: "<none>", "socket:[1]", "pipe:[1]", "anon_inode:[eventfd]". */
static bool is_no_file(const char *name)
{
	const char *at = name + strcspn(name, "<[");

	return *at == '<' || (*at == '[' && at > name && at[-1] == ':');
}

/*
 * "UserFiles:	2", then "    0: NAME" each: since 6.14 a path, before that its last
 * part, where it is short enough to lie in the dentry. Which file system it is on is
 * not told: it counts, unless it is none. Of a ring that is at work only the number
 * is told, and since 6.15 nothing at all [io_uring/fdinfo.c io_uring_show_fdinfo()].
 */
static void check_uring(const struct scan *sc, struct found *f, const char *info)
{
	const char *files = strstr(info, "UserFiles:"), *at;
	unsigned n = files ? number_after(files, "UserFiles:") : 0, told = 0;
	char name[200];

	for (at = files ? strchr(files, '\n') : NULL; told < n && at; at = strchr(at + 1, '\n')) {
		if (sscanf(at, "\n %*u: %199[^\n]", name) != 1)
			break;
		told++;
		if (!is_no_file(name))
			name_uring(sc, f, name);
	}
	if (!files || (n && !told))
		name_uring(sc, f, "of a busy ring");
}

/* A mark on mount @id, or on a superblock: may events about the old root be queued? */
static bool mark_held(const struct scan *sc, const char *line)
{
	const char *at = strstr(line, "mnt_id:");

	if (at)
		return scan_id_held(sc, (int)strtoul(at + 7, NULL, 16)) != 0;
	at = strstr(line, "sdev:");
	return at && scan_holds_disk(sc, scan_kernel_dev(strtoul(at + 5, NULL, 16)));
}

/*
 * A queued event keeps its file's path, unless the listener wants file handles.
 * Whether any is queued is not told: a listener there counts.
 */
static void check_fanotify(const struct scan *sc, struct found *f, char *info)
{
	const char *flags = strstr(info, "fanotify flags:");
	char *line, *rest = NULL;

	if (flags && strtoul(flags + 15, NULL, 16) & (FAN_REPORT_FID | FAN_REPORT_DIR_FID))
		return;
	for (line = strtok_r(info, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, "fanotify ", 9) || !mark_held(sc, line))
			continue;
		f->holds |= HOLD_FANOTIFY;
		scan_name(sc, f, RANK_SPECIAL, 0, "fanotify events, which keep their files");
		return;
	}
}

static void check_anonymous(const struct scan *sc, struct found *f, int taskfd, const char *fd)
{
	char path[64], link[64], *info;
	bool uring, fanotify;

	text_fmt(path, sizeof(path), "fd/%s", fd);
	if (link_read(taskfd, path, link, sizeof(link)) < 0)
		return;
	uring = !strcmp(link, "anon_inode:[io_uring]");
	fanotify = !strcmp(link, "anon_inode:[fanotify]");
	info = uring || fanotify ? read_fdinfo(taskfd, fd) : NULL;
	if (info && uring)
		check_uring(sc, f, info);
	else if (info)
		check_fanotify(sc, f, info);
	free(info);
}

void scan_special(const struct scan *sc, struct found *f, int taskfd, const char *fd,
		  enum verdict verdict, const struct ref *ref)
{
	if (verdict == SOCKET)
		check_socket(sc, f, taskfd, fd, ref);
	else
		check_anonymous(sc, f, taskfd, fd);
}
