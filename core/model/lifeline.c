/*
 * lifeline.c - the way in on port 1022: is it up, is it wholly in RAM?
 *
 * What counts is seen from the lifeline's own place: its mountinfo lists the
 * rescue's mounts and the old root's, also when we are in the normal system.
 */
#include "model/lifeline.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "model/workers.h"
#include "model/holders.h"
#include "model/mounts.h"
#include "model/process.h"
#include "model/procfile.h"
#include "model/rescue.h"
#include "model/scan.h"
#include "model/settings.h"
#include "paths.h"

enum { MAX_DROPBEAR = 64, DEADLINE_MS = 5000, TCP_LISTEN_STATE = 0x0A };

struct dropbear {
	pid_t pid, ppid;
};

static bool same_root(pid_t a, const char *root)
{
	struct stat x, y;
	char path[48];

	text_fmt(path, sizeof(path), "/proc/%d/root", a);
	return !stat(path, &x) && !stat(root, &y) && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* All dropbears whose root is the rescue: @root is "/" or "/proc/PID/root". */
static size_t list_dropbears(const char *root, struct dropbear *list)
{
	struct proc_stat st;
	pid_t *pid;
	size_t i, n, found = 0;
	char path[48];

	if (pids_list(AT_FDCWD, "/proc", &pid, &n) < 0)
		return 0;
	for (i = 0; i < n && found < MAX_DROPBEAR; i++) {
		text_fmt(path, sizeof(path), "/proc/%d/stat", pid[i]);
		if (proc_stat_read(AT_FDCWD, path, &st) < 0 || strcmp(st.comm, "dropbear") ||
		    st.state == 'Z' || !same_root(pid[i], root))
			continue;
		list[found++] = (struct dropbear){ st.pid, st.ppid };
	}
	free(pid);
	return found;
}

/*
 * Port of the listening socket with inode @ino in /proc/PID/net/tcp or tcp6:
 * "sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode".
 */
static int port_in(const char *text, unsigned long ino)
{
	const char *line;

	for (line = strchr(text, '\n'); line && *++line; line = strchr(line, '\n')) {
		unsigned port, state;
		unsigned long inode;

		if (sscanf(line, "%*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*x:%*x %*x:%*x"
			   " %*x %*u %*u %lu", &port, &state, &inode) == 3 &&
		    state == TCP_LISTEN_STATE && inode == ino)
			return port;
	}
	return 0;
}

static int port_of_socket(pid_t pid, unsigned long ino)
{
	static const char *const tables[] = { "tcp", "tcp6" };
	char path[48], *text;
	int port = 0;
	size_t i;

	for (i = 0; i < 2 && !port; i++) {
		text_fmt(path, sizeof(path), "/proc/%d/net/%s", pid, tables[i]);
		if (file_read_all(AT_FDCWD, path, &text, NULL) < 0)
			continue;
		port = port_in(text, ino);
		free(text);
	}
	return port;
}

/* Port that @pid listens on, 0 if none. */
static int listening_port(pid_t pid)
{
	char path[48], link[64];
	struct dirent *entry;
	unsigned long ino;
	int port = 0;
	DIR *dir;

	text_fmt(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && !port && (entry = readdir(dir))) {
		if (link_read(dirfd(dir), entry->d_name, link, sizeof(link)) == 0 &&
		    sscanf(link, "socket:[%lu]", &ino) == 1)
			port = port_of_socket(pid, ino);
	}
	if (dir)
		closedir(dir);
	return port;
}

static void find_listener(struct lifeline *ll, const struct dropbear *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		int port = listening_port(list[i].pid);

		if (!port)
			continue;
		ll->listener = list[i].pid;
		ll->port = port;
		return;
	}
}

/* "CLIENT PORT SERVER PORT" [ssh(1), SSH_CONNECTION]; a jump through our own sshd has one end twice. */
static bool is_from_here(void)
{
	const char *text = getenv("SSH_CONNECTION");
	char client[64], server[64];

	return text && sscanf(text, "%63s %*s %63s", client, server) == 2 && !strcmp(client, server);
}

/* dropbear forks one child for each connection. */
static void find_sessions(struct lifeline *ll, const struct dropbear *list, size_t n)
{
	pid_t up[32];
	size_t i, j, nup = process_ancestors(up, 32);

	for (i = 0; i < n; i++) {
		if (!ll->listener || list[i].ppid != ll->listener)
			continue;
		ll->sessions++;
		for (j = 0; j < nup; j++)
			if (up[j] == list[i].pid)
				ll->own_session = list[i].pid;
	}
	ll->from_here = ll->own_session && is_from_here();
}

struct ram_check {
	struct scan scan;
	pid_t pid[32];
	size_t n;
	bool told;
	char why[160];		/* what is not in RAM, "" if nothing */
};

/* In a child: a session may sit in a server's directory that hangs. */
static void ram_worker(int out, unsigned worker, void *arg)
{
	struct ram_check *rc = arg;
	char why[160], holds[72];
	struct found f;
	size_t i;

	(void)worker;
	for (i = 0; i < rc->n; i++) {
		if (scan_process(&rc->scan, rc->pid[i], &f) < 0 || !f.holds)
			continue;
		text_fmt(why, sizeof(why), "%s (pid %d) has its %s on a disk: %s", f.st.comm,
			 rc->pid[i], holds_text(f.holds, holds, sizeof(holds)), f.what);
		child_put(out, why, strlen(why) + 1);
		return;
	}
	child_put(out, "", 1);
}

static int take_why(void *arg, const void *record, size_t size)
{
	struct ram_check *rc = arg;

	(void)size;
	rc->told = true;
	text_fmt(rc->why, sizeof(rc->why), "%s", (const char *)record);
	return 0;
}

static void run_ram_check(struct lifeline *ll, struct ram_check *rc, struct error *err)
{
	const struct child_work work = {
		.look = ram_worker, .take = take_why, .arg = rc, .workers = 1,
		.deadline_ms = DEADLINE_MS,
	};
	bool partial;

	if (children_run(&work, &partial, err) < 0) {
		text_fmt(ll->why, sizeof(ll->why), "it could not be looked at");
		return;
	}
	text_fmt(ll->why, sizeof(ll->why), "%s", rc->told ? rc->why :
		 "looking at it hung: it uses something that does not answer");
	ll->in_ram = rc->told && !rc->why[0];
}

/* The lifeline, its dropbear, our own session's part of it and what leads to us. */
static void list_parts(const struct lifeline *ll, struct ram_check *rc)
{
	pid_t up[24];
	size_t i, n = process_ancestors(up, 24);

	if (ll->pid)
		rc->pid[rc->n++] = ll->pid;
	if (ll->listener)
		rc->pid[rc->n++] = ll->listener;
	for (i = 0; i < n && ll->own_session; i++) {
		rc->pid[rc->n++] = up[i];
		if (up[i] == ll->own_session)
			break;
	}
}

/* The mounts as @pid sees them, appended to @ms. */
static int add_mounts(struct mounts *ms, pid_t pid, struct error *err)
{
	char path[48], *text;
	struct stat st;
	int code;

	text_fmt(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	if (stat(path, &st) < 0)
		st.st_ino = 1;
	text_fmt(path, sizeof(path), "/proc/%d/mountinfo", pid);
	code = file_read_all(AT_FDCWD, path, &text, NULL);
	if (code < 0)
		return code;
	code = mounts_parse(ms, text, st.st_ino, err);
	free(text);
	return code;
}

/*
 * PID 1's mounts, too: a rescue that `careen enter` made does not see what is
 * around it, and a disk that nobody lists could not be told from RAM.
 */
static void check_ram(struct lifeline *ll, pid_t seen_from, struct error *err)
{
	struct ram_check rc = { .n = 0 };
	struct mounts ms = { 0 };

	list_parts(ll, &rc);
	if (add_mounts(&ms, seen_from, err) < 0 || add_mounts(&ms, 1, err) < 0)
		text_fmt(ll->why, sizeof(ll->why), "its mounts could not be read");
	else if (!scan_init(&rc.scan, &ms, NULL, 0, true))
		run_ram_check(ll, &rc, err);
	scan_free(&rc.scan);
	mounts_free(&ms);
}

/* The file has the second after the boot until which the port is open (initramfs/port.c). */
static void read_arming(struct lifeline *ll, const char *root)
{
	struct settings set;
	struct timespec now;
	char path[80];
	uint64_t until;

	settings_read_at(&set, root);
	ll->armed_only = set.armed_only;
	text_fmt(path, sizeof(path), "%s" CAREEN_ARMED, root);
	until = set.armed_only ? file_read_u64(AT_FDCWD, path, 0) : 0;
	clock_gettime(CLOCK_BOOTTIME, &now);
	if (until > (uint64_t)now.tv_sec)
		ll->armed_s = until - now.tv_sec;
}

int lifeline_read(struct lifeline *ll, struct error *err)
{
	struct lifeline seen = { .pid = rescue_lifeline() };
	struct dropbear list[MAX_DROPBEAR];
	char root[48] = "/";
	size_t n = 0;

	if (seen.pid)
		text_fmt(root, sizeof(root), "/proc/%d/root", seen.pid);
	/* dropbear may outlive the lifeline, which finds it again. */
	if (seen.pid || rescue_root("/"))
		n = list_dropbears(root, list);
	if (seen.pid || rescue_root("/"))
		read_arming(&seen, root);
	find_listener(&seen, list, n);
	find_sessions(&seen, list, n);
	if (seen.pid || seen.listener)
		check_ram(&seen, seen.pid ? seen.pid : seen.listener, err);
	else
		text_fmt(seen.why, sizeof(seen.why), "it does not run");
	*ll = seen;
	return 0;
}
