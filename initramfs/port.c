/*
 * port.c - when the lifeline's port is open, and who may keep it busy
 *
 * dropbear lets one address have 5 connections that have not logged in, and all together
 * 30, for 5 minutes each [dropbear src/sysoptions.h, default_options.h AUTH_TIMEOUT]: a
 * handful of idle ones would keep everybody out. So when it becomes crowded those go that
 * have been there longer than a login takes.
 */
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"
#include "port.h"

#define ARMED_FILE	RUN_DIR "/armed"	/* core/paths.h has both */
#define SESSIONS_LOCK	RUN_DIR "/sessions.lock"
#define ARMED_S		3600
#define KEEP_S		60	/* after the last session has ended */
#define CROWD		4	/* one address may have 5 */
#define LOGIN_S		10
#define MAX_CHILDREN	256
#define MAX_PIPES	64

/* Who has connected: dropbear forks one child for each. */

static size_t children_of(pid_t pid, pid_t *ret, size_t max)
{
	char path[64], text[4096], *at = text, *end;
	size_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	if (!pid || read_line(path, text, sizeof(text)) <= 0)
		return 0;
	for (long child; n < max && (child = strtol(at, &end, 10)) > 0; at = end)
		ret[n++] = (pid_t)child;
	return n;
}

/*
 * The inodes of the pipes that @pid has an end of: the one to read from (0400), or the
 * one to write to (0200), as proc(5) tells by the mode of the link.
 */
static size_t pipes_of(pid_t pid, mode_t end, unsigned long *ret, size_t max)
{
	char path[32], link[64];
	struct dirent *entry;
	struct stat st;
	ssize_t len;
	size_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && n < max && (entry = readdir(dir))) {
		len = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);
		if (len < 0 || fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    (st.st_mode & 0600) != end)
			continue;
		link[len] = '\0';
		n += sscanf(link, "pipe:[%lu]", &ret[n]) == 1;
	}
	if (dir)
		closedir(dir);
	return n;
}

/*
 * dropbear's child keeps a pipe to the listener until its user has logged in
 * [dropbear src/svr-main.c childpipe].
 */
static bool logged_in(pid_t child, const unsigned long *waited_for, size_t n)
{
	unsigned long own[MAX_PIPES];
	size_t nown = pipes_of(child, 0200, own, MAX_PIPES);

	for (size_t i = 0; i < nown; i++)
		for (size_t j = 0; j < n; j++)
			if (own[i] == waited_for[j])
				return false;
	return true;
}

/* Seconds since it was started; 0 if that cannot be told. */
static long age_s(pid_t pid)
{
	char path[32], text[512], *at;
	unsigned long long ticks;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (read_line(path, text, sizeof(text)) <= 0 || !(at = strrchr(text, ')')))
		return 0;
	/* the 22nd field; the 2nd ends here */
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, "%llu", &ticks) != 1)
		return 0;
	return (long)(now_ms() / 1000) - (long)(ticks / (unsigned long)sysconf(_SC_CLK_TCK));
}

/* Of @listener's children those that have not logged in. */
static size_t strangers(pid_t listener, pid_t *ret)
{
	unsigned long pipes[MAX_PIPES];
	pid_t child[MAX_CHILDREN];
	size_t n = children_of(listener, child, MAX_CHILDREN), found = 0;
	size_t npipes = n ? pipes_of(listener, 0400, pipes, MAX_PIPES) : 0;

	for (size_t i = 0; i < n; i++)
		if (!logged_in(child[i], pipes, npipes))
			ret[found++] = child[i];
	return found;
}

bool port_is_crowded(pid_t listener)
{
	pid_t waiting[MAX_CHILDREN];
	size_t n = strangers(listener, waiting), ended = 0;

	if (n < CROWD)
		return false;
	for (size_t i = 0; i < n; i++)
		if (age_s(waiting[i]) > LOGIN_S && !kill(waiting[i], SIGKILL))
			ended++;
	if (ended)
		note("%zu of %zu connections that had not logged in after %d s are ended", ended, n, LOGIN_S);
	return true;
}

/* port_open=armed */

static bool armed_only(void)
{
	char value[8];

	return read_setting("armed", value, sizeof(value)) > 0 && !strcmp(value, "1");
}

/* Then nobody in the normal system could arm. */
static bool detached(void)
{
	char exe[64];
	ssize_t len = readlink("/proc/1/exe", exe, sizeof(exe));

	return len >= (ssize_t)strlen(STUB) && !memcmp(exe, STUB, strlen(STUB));
}

static long armed_until(void)
{
	char text[32];

	return read_line(ARMED_FILE, text, sizeof(text)) > 0 ? strtol(text, NULL, 10) : 0;
}

static void arm(long until)
{
	int fd = open(ARMED_FILE ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	dprintf(fd, "%ld\n", until);
	close(fd);
	if (rename(ARMED_FILE ".new", ARMED_FILE))
		note("cannot write " ARMED_FILE ": %s", strerror(errno));
}

/* A login shell of ours holds it, whatever has become of the connection (tui/shell.c). */
void port_init(void)
{
	make_lock(SESSIONS_LOCK);
}

/*
 * A detached system arms anew, and so does a session: should the system be resumed and not
 * let its operator in, the port is still open for an hour.
 */
bool port_is_open(void)
{
	long now = (long)(now_ms() / 1000), until;

	if (!armed_only())
		return true;
	until = armed_until();
	if (until < now + ARMED_S - 60 && detached())
		arm(until = now + ARMED_S);
	else if (until < now + KEEP_S && lock_is_shared(SESSIONS_LOCK))
		arm(until = now + KEEP_S);
	return until > now;
}
