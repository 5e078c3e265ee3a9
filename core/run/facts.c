/* facts.c - small questions to the kernel, asked at the moment of the act */
#include "run/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "model/snapshot.h"
#include "paths.h"

int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void sleep_ms(unsigned ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

ssize_t read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	while (len + 1 < size) {
		n = read(fd, buf + len, size - 1 - len);
		if (n <= 0 && !(n < 0 && errno == EINTR))
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	n = n < 0 ? -errno : (ssize_t)len;
	close(fd);
	buf[len] = '\0';
	return n;
}

char *read_whole(const char *path)
{
	size_t size = 16384, len = 0;
	char *buf = malloc(size), *more;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	while (buf && fd >= 0) {
		if (len + 1 >= size) {
			more = realloc(buf, size *= 2);
			if (!more)
				break;
			buf = more;
		}
		n = read(fd, buf + len, size - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		if (n == 0) {
			close(fd);
			buf[len] = '\0';
			return buf;
		}
		len += (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	free(buf);
	return NULL;
}

static int write_all(int fd, const char *text, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

int write_whole(const char *path, const char *text, size_t len)
{
	char *tmp = text_dup("%s.%d", path, (int)getpid());
	int fd, r;

	if (!tmp)
		return -ENOMEM;
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	r = fd < 0 ? -errno : write_all(fd, text, len);
	if (!r && fsync(fd) < 0)
		r = -errno;
	if (fd >= 0)
		close(fd);
	if (!r && rename(tmp, path) < 0)
		r = -errno;
	if (r)
		unlink(tmp);
	free(tmp);
	return r;
}

int stamp_write(const char *path, int64_t ms)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { ms / 1000, ms % 1000 * 1000000 } };
	char *made;
	int fd, r;

	if (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	/* a new file has the time of day, which must not be read */
	made = text_dup("%s.%d", path, (int)getpid());
	if (!made)
		return -ENOMEM;
	fd = open(made, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	r = fd < 0 || futimens(fd, times) < 0 || rename(made, path) < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	if (r)
		unlink(made);
	free(made);
	return r;
}

bool same_file(const char *a, const char *b)
{
	struct stat sa, sb;

	return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

int path_mount_id(const char *path)
{
	struct statx stx;

	if (statx(AT_FDCWD, path, AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW |
		  AT_STATX_DONT_SYNC, STATX_MNT_ID, &stx) < 0)
		return -errno;
	return stx.stx_mask & STATX_MNT_ID ? (int)stx.stx_mnt_id : -ENODATA;
}

#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x4000U	/* linux/stat.h, 6.8 */
#endif

uint64_t path_mount_unique(const char *path)
{
	struct statx stx;

	if (statx(AT_FDCWD, path, AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW |
		  AT_STATX_DONT_SYNC, STATX_MNT_ID_UNIQUE, &stx) < 0)
		return 0;
	return stx.stx_mask & STATX_MNT_ID_UNIQUE ? stx.stx_mnt_id : 0;
}

bool old_root_stacked(void)
{
	/* ".." at the root stays there, and then crosses what is stacked on it;
	   a plain "/" never crosses [fs/namei.c: handle_dots, step_into]. */
	return path_mount_id("/..") != path_mount_id("/");
}

bool pid1_is_stub(void)
{
	return same_file("/proc/1/exe", CAREEN_STUB);
}

bool pid1_in_rescue(void)
{
	return same_file("/proc/1/root", "/");
}

uint64_t signal_set(pid_t pid, const char *name)
{
	char path[40], key[16], *status, *at;
	uint64_t set = 0;

	text_fmt(path, sizeof(path), "/proc/%d/status", (int)pid);
	text_fmt(key, sizeof(key), "\n%s:", name);
	status = read_whole(path);
	at = status ? strstr(status, key) : NULL;
	if (at)
		set = strtoull(at + strlen(key), NULL, 16);
	free(status);
	return set;
}

char process_state(pid_t pid)
{
	char path[40], buf[512], *p;

	text_fmt(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (read_text(path, buf, sizeof(buf)) <= 0)
		return '?';
	p = strrchr(buf, ')');		/* comm may hold any byte, ')' included */
	return p && p[1] == ' ' ? p[2] : '?';
}

int own_mounts(struct mounts *ret, struct error *err)
{
	char *text = read_whole("/proc/self/mountinfo");
	int r;

	if (!text)
		return error_set(err, errno, "read", "/proc/self/mountinfo", NULL, NULL);
	memset(ret, 0, sizeof(*ret));
	r = mounts_parse(ret, text, 0, err);
	free(text);
	return r;
}

static bool is_covered(const struct mounts *ms, const struct mount *m)
{
	size_t i;

	for (i = 0; i < ms->n; i++)
		if (ms->row[i].parent == m->id && &ms->row[i] != m &&
		    !strcmp(ms->row[i].target, m->target))
			return true;
	return false;
}

/* Below something that was mounted over a directory on the way to it. */
static bool is_hidden(const struct mounts *ms, const struct mount *m)
{
	size_t i, up;

	/* rootfs is its own parent */
	for (up = 0; m && up < ms->n; up++) {
		for (i = 0; i < ms->n; i++)
			if (mount_hides(&ms->row[i], m))
				return true;
		m = mounts_by_id(ms, m->parent);
	}
	return false;
}

const struct mount *mount_on(const struct mounts *ms, const char *target)
{
	size_t i;

	for (i = 0; i < ms->n; i++)
		if (!strcmp(ms->row[i].target, target) && !is_covered(ms, &ms->row[i]) &&
		    !is_hidden(ms, &ms->row[i]))
			return &ms->row[i];
	return NULL;
}

static size_t one_holder(const struct holder *h, char *buf, size_t size, size_t len)
{
	const char *sep = len ? ", " : "";
	char name[64], what[96], holds[72];

	text_clean(name, sizeof(name), h->command);
	text_clean(what, sizeof(what), h->what);
	if (h->kind == HOLDER_PROCESS)
		text_fmt(buf + len, size - len, "%spid %d %s (%s)", sep, (int)h->pid,
			 name, holds_text(h->holds, holds, sizeof(holds)));
	else
		text_fmt(buf + len, size - len, "%s%s %s (%s)", sep,
			 holder_kind_name(h->kind), name, what);
	return strlen(buf);
}

static bool below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return path && !strncmp(path, dir, len) && (!path[len] || path[len] == '/');
}

static size_t list_holders(const struct holders *hs, dev_t dev, const char *dir, char *buf,
			   size_t size)
{
	const struct holder *h;
	size_t i, len = 0;

	for (i = 0; i < hs->n && len + 24 < size; i++) {
		h = &hs->row[i];
		if (dir ? h->dev == dev || below(h->what, dir) : h->out != OUT_KEEP)
			len = one_holder(h, buf, size, len);
	}
	return len;
}

const char *who_holds(dev_t dev, const char *dir, char *buf, size_t size)
{
	struct snapshot *s = NULL;
	struct error err;

	text_fmt(buf, size, "%s", "");
	if (snapshot_take(SNAP_MOUNTS | SNAP_HOLDERS, &s, &err) < 0)
		return text_fmt(buf, size, "it could not be found out by whom: %s", err.why);
	/* A holder's row has one of the things it holds: no match is not "nobody". */
	if (!dir || !list_holders(&s->holders, dev, dir, buf, size))
		list_holders(&s->holders, 0, NULL, buf, size);
	snapshot_free(s);
	return buf;
}

/* "-p" and then "[ADDRESS:]PORT" in the words that dropbear is started with. */
int rescue_address(const char *root, char *host, size_t size, char port[8])
{
	char path[300], *text, *at, *colon;

	text_fmt(path, sizeof(path), "%s/etc/careen/dropbear.argv", root);
	text = read_whole(path);
	at = text ? strstr(text, "\n-p\n") : NULL;
	if (at) {
		at += strlen("\n-p\n");
		at[strcspn(at, "\n")] = '\0';
		colon = strrchr(at, ':');
		text_fmt(port, 8, "%s", colon ? colon + 1 : at);
		text_fmt(host, size, "127.0.0.1");
		if (colon && at[0] == '[')
			text_fmt(host, size, "%.*s", (int)(colon - at - 2), at + 1);
		else if (colon)
			text_fmt(host, size, "%.*s", (int)(colon - at), at);
	}
	free(text);
	return at ? 0 : -ENOENT;
}
