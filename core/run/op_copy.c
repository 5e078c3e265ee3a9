/*
 * op_copy.c - copy small trees: udev's database into the rescue and back
 *
 * Regular files, directories and symlinks, with owner, mode and times; sockets
 * and FIFOs belong to a process and are left out. No symlink is followed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "run/exec.h"

#define MAX_DEPTH 32
#define MAX_BYTES (64u << 20)

struct copy {
	const struct op *op;
	unsigned files;
	uint64_t bytes;
	char failed[256];	/* name that could not be copied */
};

static int copy_data(struct copy *c, int in, int out)
{
	char buf[65536];
	ssize_t n, w, done;

	while ((n = read(in, buf, sizeof(buf))) > 0) {
		c->bytes += (uint64_t)n;
		if (c->bytes > MAX_BYTES)
			return -EFBIG;
		for (done = 0; done < n; done += w) {
			w = write(out, buf + done, (size_t)(n - done));
			if (w < 0)
				return -errno;
		}
	}
	return n < 0 ? -errno : 0;
}

static int set_meta(int fd, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	/* owner first: it clears set-id bits, which the mode then sets again */
	if (fchown(fd, st->st_uid, st->st_gid) < 0 || fchmod(fd, st->st_mode & 07777) < 0 ||
	    futimens(fd, times) < 0)
		return -errno;
	return 0;
}

static int copy_file(struct copy *c, int from, int to, const char *name, const struct stat *st)
{
	int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	int out, r;

	if (in < 0)
		return errno == ENOENT ? 0 : -errno;
	unlinkat(to, name, 0);
	out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = out < 0 ? -errno : copy_data(c, in, out);
	if (r == 0)
		r = set_meta(out, st);
	if (out >= 0)
		close(out);
	close(in);
	c->files += r == 0;
	return r;
}

static int copy_link(struct copy *c, int from, int to, const char *name, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	char target[4096];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	target[n] = '\0';
	unlinkat(to, name, 0);
	if (symlinkat(target, to, name) < 0 ||
	    fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	c->files++;
	return 0;
}

static int copy_dir(struct copy *c, int from, int to, int depth);

static int copy_subdir(struct copy *c, int from, int to, const char *name,
		       const struct stat *st, int depth)
{
	int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int out = -1, r;

	if (in < 0)
		return errno == ENOENT ? 0 : -errno;
	r = mkdirat(to, name, 0700) < 0 && errno != EEXIST ? -errno : 0;
	if (r == 0)
		out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (r == 0 && out < 0)
		r = -errno;
	if (r == 0)
		r = depth > MAX_DEPTH ? -ELOOP : copy_dir(c, in, out, depth);
	if (r == 0)
		r = set_meta(out, st);
	if (out >= 0)
		close(out);
	close(in);
	return r;
}

static int copy_entry(struct copy *c, int from, int to, const char *name, int depth)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;	/* went away meanwhile */
	if (S_ISDIR(st.st_mode))
		return copy_subdir(c, from, to, name, &st, depth + 1);
	if (S_ISREG(st.st_mode))
		return copy_file(c, from, to, name, &st);
	if (S_ISLNK(st.st_mode))
		return copy_link(c, from, to, name, &st);
	return 0;
}

static int copy_dir(struct copy *c, int from, int to, int depth)
{
	int fd = dup(from), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r == 0 && (e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		r = copy_entry(c, from, to, e->d_name, depth);
		if (r < 0 && !*c->failed)
			text_clean(c->failed, sizeof(c->failed), e->d_name);
	}
	closedir(dir);
	return r;
}

/* "systemd/journal/x" of @from as the same of @to; the directories above it are made. */
static int copy_part(struct copy *c, int from, int to, const char *part)
{
	const char *slash = strchr(part, '/');
	char name[256];
	int in, out, r;

	if (!slash)
		return copy_entry(c, from, to, part, 0);
	text_fmt(name, sizeof(name), "%.*s", (int)(slash - part), part);
	in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (in < 0)
		return errno == ENOENT ? 0 : -errno;
	r = mkdirat(to, name, 0755) < 0 && errno != EEXIST ? -errno : 0;
	out = r < 0 ? r : openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out == -1)
		r = -errno;
	if (r == 0)
		r = copy_part(c, in, out, slash + 1);
	if (out >= 0)
		close(out);
	close(in);
	return r;
}

static int copy_parts(void *arg, struct error *err)
{
	struct copy *c = arg;
	const struct op *op = c->op;
	int from = open(op->src, O_RDONLY | O_DIRECTORY | O_CLOEXEC), to, r = 0;
	char **part;

	if (from < 0)
		return error_set(err, errno, "copy", op->src, NULL, NULL);
	to = open(op->dst, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to < 0)
		return error_set(err, errno, "open", op->dst, NULL, NULL);
	umask(022);
	for (part = op->argv; *part && r == 0; part++) {
		r = copy_part(c, from, to, *part);
		if (r < 0 && !*c->failed)
			text_clean(c->failed, sizeof(c->failed), *part);
	}
	return r < 0 ? error_set(err, r, "copy", c->failed, NULL,
				 "The copy is incomplete. Is there room in RAM?") : 0;
}

int op_copy_tree(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	/* shared with the child, which counts */
	struct copy *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int r;

	if (c == MAP_FAILED)
		return error_set(err, errno, "copy", op->src, NULL, NULL);
	*c = (struct copy){ .op = op };
	r = run_with_deadline(op->deadline_s, copy_parts, c, err);
	if (r == 0 && c->files)
		ctx_note(ctx, "%u files, %llu bytes", c->files, (unsigned long long)c->bytes);
	else if (r == 0)
		ctx_note(ctx, "there is nothing of it in %s", op->src);
	munmap(c, sizeof(*c));
	return r;
}
