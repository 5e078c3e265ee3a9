/*
 * unix_sockets.c - which unix sockets hold a file system
 *
 * A socket bound to a path keeps that file's mount, unlinked or not, and so does
 * each connection that was accepted from it [net/unix/af_unix.c: unix_sock.path].
 * Descriptors sent but not yet received are in nobody's table of files: only the
 * queue of a socket has them.
 *
 * sock_diag(7) tells the device of the file, but only for our own network
 * namespace; of the others there is the text in /proc/PID/net/unix.
 */
#include "model/unix_sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/text.h"
#include "model/scan_internal.h"

static struct unix_socket *add_row(struct unix_sockets *us, uint64_t ino)
{
	if (!grow((void **)&us->row, us->n, &us->cap, sizeof(*us->row)))
		return NULL;
	us->row[us->n] = (struct unix_socket){ .ino = ino };
	return &us->row[us->n++];
}

/* The kernel's own form of a device number [include/linux/kdev_t.h]. */
dev_t scan_kernel_dev(unsigned dev)
{
	return makedev(dev >> 20, dev & 0xfffff);
}

static void drop_rows(struct unix_sockets *us, size_t keep)
{
	while (us->n > keep)
		free(us->row[--us->n].path);
}

static void take_message(const struct scan *sc, const struct nlmsghdr *nh)
{
	const struct unix_diag_msg *msg = NLMSG_DATA(nh);
	const struct rtattr *a = (const void *)(msg + 1);
	int len = nh->nlmsg_len - NLMSG_LENGTH(sizeof(*msg));
	struct unix_socket *row = add_row(sc->socks, msg->udiag_ino);
	const struct unix_diag_vfs *vfs = NULL;
	char name[112] = "";

	if (!row)
		return;
	for (; RTA_OK(a, len); a = RTA_NEXT(a, len)) {
		if (a->rta_type == UNIX_DIAG_VFS && RTA_PAYLOAD(a) >= sizeof(*vfs))
			vfs = RTA_DATA(a);
		else if (a->rta_type == UNIX_DIAG_NAME)
			text_fmt(name, sizeof(name), "%.*s", (int)RTA_PAYLOAD(a),
				 (const char *)RTA_DATA(a));
	}
	if (vfs && scan_holds_disk(sc, scan_kernel_dev(vfs->udiag_vfs_dev)))
		row->path = text_dup("%s", name);
}

/* 0 at the end of the answer, 1 there is more, -errno. */
static int take_answer(const struct scan *sc, const char *buf, ssize_t n)
{
	const struct nlmsghdr *nh = (const void *)buf;

	for (; NLMSG_OK(nh, (size_t)n); nh = NLMSG_NEXT(nh, n)) {
		if (nh->nlmsg_type == NLMSG_DONE)
			return 0;
		if (nh->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(nh))->error ?: -EIO;
		take_message(sc, nh);
	}
	return 1;
}

static int read_own(const struct scan *sc)
{
	struct {
		struct nlmsghdr head;
		struct unix_diag_req req;
	} ask = {
		.head = { .nlmsg_len = sizeof(ask), .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.req = { .sdiag_family = AF_UNIX, .udiag_states = ~0U,
			 .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS },
	};
	char buf[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), code = 1;
	ssize_t n;

	if (fd < 0)
		return -errno;
	if (send(fd, &ask, sizeof(ask), 0) < 0)
		code = -errno;
	while (code == 1) {
		n = recv(fd, buf, sizeof(buf), 0);
		code = n > 0 ? take_answer(sc, buf, n) : n < 0 && errno == EINTR ? 1 : -EIO;
	}
	close(fd);
	return code;
}

/*
 * A path is looked up from the task's root; one that does not lead to the file
 * any more (it was unlinked, or is relative) counts, as where it was is not told.
 */
static bool path_may_hold(const struct scan *sc, int taskfd, const char *path)
{
	char file[256];
	struct ref ref;
	enum verdict v;

	if (*path != '/')
		return true;
	text_fmt(file, sizeof(file), "root%s", path);
	v = scan_look(sc, taskfd, file, &ref);
	/* the sockets in /run are everybody's, and keep no disk */
	return v == HELD ? !scan_is_pseudo(sc, ref.dev) : v != FREE;
}

/* "0000000000000000: 00000002 00000000 00010000 0001 01 1234 /run/x.sock" */
static int read_text(const struct scan *sc, int taskfd)
{
	char *text, *line, *rest = NULL;
	int code = file_read_all(taskfd, "net/unix", &text, NULL);

	if (code < 0)
		return code;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		unsigned long long ino;
		struct unix_socket *row;
		int path = 0;

		if (sscanf(line, "%*x: %*x %*x %*x %*x %*x %llu%n", &ino, &path) != 1)
			continue;	/* the heading */
		row = add_row(sc->socks, ino);
		if (!row)
			break;
		path += line[path] == ' ';
		if (line[path] && line[path] != '@' && path_may_hold(sc, taskfd, line + path))
			row->path = text_dup("%s", line + path);
	}
	free(text);
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = ((const struct unix_socket *)a)->ino;
	uint64_t y = ((const struct unix_socket *)b)->ino;

	return x < y ? -1 : x > y;
}

static void read_namespace(const struct scan *sc, int taskfd)
{
	struct unix_sockets *us = sc->socks;
	size_t i, had = us->n;
	struct stat st, own;
	bool text;

	if (fstatat(taskfd, "ns/net", &st, 0) < 0)
		return;
	for (i = 0; i < us->nns; i++)
		if (us->ns[i] == st.st_ino)
			return;
	if (!grow((void **)&us->ns, us->nns, &us->ns_cap, sizeof(*us->ns)))
		return;
	us->ns[us->nns++] = st.st_ino;
	text = stat("/proc/self/ns/net", &own) < 0 || own.st_ino != st.st_ino;
	/* A kernel without unix_diag has the text all the same. */
	if (!text && read_own(sc) < 0) {
		drop_rows(us, had);
		text = true;
	}
	if (text)
		read_text(sc, taskfd);
	if (us->n)
		qsort(us->row, us->n, sizeof(*us->row), compare);
}

const struct unix_socket *unix_socket_find(const struct scan *sc, int taskfd, uint64_t ino,
					   bool *known)
{
	struct unix_socket key = { .ino = ino };

	if (!*known)
		read_namespace(sc, taskfd);
	*known = true;
	return sc->socks->n ? bsearch(&key, sc->socks->row, sc->socks->n, sizeof(key), compare)
			    : NULL;
}

void unix_sockets_free(struct unix_sockets *us)
{
	if (!us)
		return;
	drop_rows(us, 0);
	free(us->row);
	free(us->ns);
	free(us);
}
