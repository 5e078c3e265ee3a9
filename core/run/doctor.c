/*
 * doctor.c - would the rescue work tonight? A look at the files, and a real login
 *
 * The login's key is made for it, in RAM, and may run one command. Who takes it away again is a
 * process of its own, which waits for the end of a pipe: however we end, the pipe does.
 */
#include "run/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "model/workers.h"
#include "paths.h"
#include "run/exec.h"
#include "run/spawn.h"

#define PLACE	"/run/careen-doctor"	/* RAM, and of root alone */
#define KEY	PLACE "/key"
#define KNOWN	PLACE "/.ssh/known_hosts"
#define KEYS	"/root/.ssh/authorized_keys"
#define MARK	" careen-doctor@temporary"

enum { LOOK_S = 30, LOGIN_S = 90, GUARD_S = 150 };

struct look {
	int lifeline;
	struct doctor *d;
};

static int look(void *arg, struct error *err)
{
	struct look *l = arg;
	struct doctor *d = l->d;
	char root[32], path[80];
	int r;

	text_fmt(root, sizeof(root), "/proc/%d/root", l->lifeline);
	r = images_read("/boot", CAREEN_IMAGES, &d->images, err);
	if (r == 0 && (r = keylist_read("/etc/careen/authorized_keys", &d->keys)) < 0)
		error_set(err, r, "read", "/etc/careen/authorized_keys", NULL, NULL);
	if (r < 0 || !l->lifeline)
		return r;
	text_fmt(path, sizeof(path), "%s" KEYS, root);
	keylist_read(path, &d->ram_keys);
	text_fmt(path, sizeof(path), "%s" CAREEN_INPUTS, root);
	if (inputs_read(path, &d->ram) == 0)
		inputs_changed(&d->ram, d->ram_changed, sizeof(d->ram_changed));
	settings_read_at(&d->settings, root);
	return 0;
}

int doctor_look(int lifeline, struct doctor **ret, struct error *err)
{
	struct look l = { .lifeline = lifeline, .d = shared_new(sizeof(struct doctor)) };
	int r;

	if (!l.d)
		return error_set(err, ENOMEM, "look", "", NULL, NULL);
	r = run_with_deadline(LOOK_S, look, &l, err);
	if (r < 0)
		doctor_free(l.d);
	else
		*ret = l.d;
	return r;
}

void doctor_free(struct doctor *d)
{
	if (d)
		shared_free(d, sizeof(*d));
}

/* Of @text all lines but those of ours, and @line; to be freed. */
static char *with_line(const char *text, const char *line)
{
	size_t len;
	char *s = NULL;
	size_t n;
	FILE *f = open_memstream(&s, &n);

	if (!f)
		return NULL;
	for (; *text; text += len) {
		len = strcspn(text, "\n");
		len += text[len] == '\n';
		if (!memmem(text, len, MARK, strlen(MARK)))
			fwrite(text, 1, len, f);
	}
	fputs(line, f);
	if (fclose(f))
		return NULL;
	return s;
}

/* Who may log in to the rescue whose "/" @root is: those who may, and @line. */
static int permit(const char *root, const char *line)
{
	char path[80], *old, *text;
	int r = 0;

	text_fmt(path, sizeof(path), "%s" KEYS, root);
	old = read_whole(path);
	text = old ? with_line(old, line) : NULL;
	if (!text)
		r = -errno;
	else if (strcmp(text, old))
		r = write_whole(path, text, strlen(text));
	free(text);
	free(old);
	return r;
}

static void clear_place(void)
{
	unlink(KEY);
	unlink(KEY ".pub");	/* newer dropbearkeys write it */
	unlink(KNOWN);
	rmdir(PLACE "/.ssh");
}

/* Until nobody holds the other end of @fd, or it takes too long; then all is as it was before. */
static void __attribute__((noreturn)) guard(int fd, const char *root)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	sigset_t all;

	setsid();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	poll(&p, 1, GUARD_S * 1000);
	permit(root, "");
	clear_place();
	_exit(0);
}

static int start_guard(const char *root, pid_t *ret, struct error *err)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe", "", NULL, NULL);
	pid = fork();
	if (pid == 0) {
		close(fds[1]);
		guard(fds[0], root);
	}
	close(fds[0]);
	if (pid < 0) {
		close(fds[1]);
		return error_set(err, errno, "fork", "", NULL, NULL);
	}
	*ret = pid;
	return fds[1];
}

/* One at a time: the lock ends with us and the guard. */
static int take_place(struct error *err)
{
	int fd;

	if (mkdir(PLACE, 0700) < 0 && errno != EEXIST)
		return error_set(err, errno, "make", PLACE, NULL, NULL);
	fd = open(PLACE, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return error_set(err, errno, "open", PLACE, NULL, NULL);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return error_set(err, EBUSY, "log in", "", "another careen doctor is at it", "Try again later.");
	}
	clear_place();
	return fd;
}

struct heard {
	char text[2048];
	size_t n;
};

static void hear(void *arg, const char *buf, size_t n)
{
	struct heard *h = arg;

	if (n > sizeof(h->text) - 1 - h->n)
		n = sizeof(h->text) - 1 - h->n;
	memcpy(h->text + h->n, buf, n);
	h->n += n;
	h->text[h->n] = '\0';
}

static int run(char *const argv[], unsigned seconds, struct heard *h, struct error *err)
{
	struct spawn sp = {
		.argv = argv, .output = hear, .arg = h, .until = now_ms() + (int64_t)seconds * 1000,
	};
	int status, r = spawn_run(&sp, &status, err);

	if (r < 0)
		return r;
	if (sp.timed_out)
		return error_set(err, ETIMEDOUT, "run", argv[0], "not done in time", NULL);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/* "ssh-ed25519 BLOB" of a new key, into @public. */
static int make_key(char *public, size_t size, struct error *err)
{
	char *argv[] = { "dropbearkey", "-t", "ed25519", "-f", KEY, NULL };
	struct heard h = { .n = 0 };
	char *at;
	int r = run(argv, LOOK_S, &h, err);

	if (r < 0)
		return r;
	at = strstr(h.text, "ssh-ed25519 ");
	if (r || !at)
		return error_set(err, EIO, "make a key", "", "dropbearkey failed", NULL);
	at[strcspn(at, "\n")] = '\0';
	/* type and key, without its comment */
	at[strcspn(at + 12, " ") + 12] = '\0';
	text_fmt(public, size, "%s", at);
	return 0;
}

/* dbclient knows a host by the name it is called with, without the port [dropbear src/cli-kex.c]. */
static int expect(const char *host, const struct hostkeys *keys, struct error *err)
{
	char *text = NULL;
	size_t n, i;
	FILE *f = open_memstream(&text, &n);
	int r;

	if (!f)
		return error_set(err, ENOMEM, "log in", "", NULL, NULL);
	for (i = 0; i < keys->n; i++)
		fprintf(f, "%s %s %s\n", host, keys->row[i].type, keys->row[i].blob);
	r = fclose(f) ? -ENOMEM : 0;
	if (r == 0 && mkdir(PLACE "/.ssh", 0700) < 0)
		r = -errno;
	if (r == 0)
		r = write_whole(KNOWN, text, n);
	free(text);
	return r < 0 ? error_set(err, r, "write", KNOWN, NULL, NULL) : 0;
}

static int admit(const char *root, struct error *err)
{
	char public[400], line[700];
	int r = make_key(public, sizeof(public), err);

	if (r < 0)
		return r;
	text_fmt(line, sizeof(line), "no-port-forwarding,no-agent-forwarding,no-X11-forwarding,no-pty,"
		 "command=\"/usr/bin/careen --version\" %s" MARK "\n", public);
	r = permit(root, line);
	return r < 0 ? error_set(err, r, "write", KEYS, NULL, NULL) : 0;
}

/* What dbclient says of it [dropbear src/cli-kex.c]. */
static bool wrong_host(const char *said)
{
	return strstr(said, "host key mismatch") || strstr(said, "key accepted unconditionally");
}

/* Its last line that says something. */
static const char *last_line(char *text)
{
	size_t n = strlen(text);
	char *at;

	while (n && strchr("\r\n", text[n - 1]))
		text[--n] = '\0';
	at = strrchr(text, '\n');
	return at ? at + 1 : text;
}

static int go(const char *host, char *port, char *version, size_t size, struct error *err)
{
	char user[80], *at;
	char *argv[] = { "env", "HOME=" PLACE, "dbclient", "-y", "-T", "-i", KEY, "-p", port, user, "true", NULL };
	struct heard h = { .n = 0 };
	int r;

	text_fmt(user, sizeof(user), "root@%s", host);
	r = run(argv, LOGIN_S, &h, err);
	if (r < 0)
		return r;
	if (wrong_host(h.text))
		return error_set(err, EKEYREJECTED, "log in", "", "the host key that is shown is none of this "
				 "machine's", "Compare careen fingerprint; careen enter --replace, or a boot, brings "
				 "today's.");
	at = strstr(h.text, "careen ");
	if (r || !at || (at != h.text && at[-1] != '\n'))
		return error_set(err, EACCES, "log in", "", h.n ? last_line(h.text) : "it was refused",
				 "Look at " CAREEN_RUN "/dropbear.log, in the rescue.");
	at += strlen("careen ");
	text_fmt(version, size, "%.*s", (int)strcspn(at, "\r\n"), at);
	return 0;
}

static int guarded_login(const char *root, const struct hostkeys *keys, char *version, size_t size,
			 struct error *err)
{
	char host[64], port[8];
	pid_t pid = 0;
	int r, end;

	if (rescue_address(root, host, sizeof(host), port) < 0)
		return error_set(err, EINVAL, "log in", "", "the address of the rescue's ssh server is unclear",
				 "Look at /etc/careen/dropbear.argv, in the rescue.");
	end = start_guard(root, &pid, err);
	if (end < 0)
		return end;
	r = expect(host, keys, err);
	if (r == 0)
		r = admit(root, err);
	if (r == 0)
		r = go(host, port, version, size, err);
	close(end);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}

int doctor_login(int lifeline, const struct hostkeys *keys, char *version, size_t size,
		 struct error *err)
{
	char path[40];
	int lock = take_place(err), root, r;

	if (lock < 0)
		return lock;
	/* held: the lifeline may be replaced by its standby meanwhile */
	text_fmt(path, sizeof(path), "/proc/%d/root", lifeline);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0) {
		r = error_set(err, errno, "open", path, NULL, NULL);
	} else {
		text_fmt(path, sizeof(path), "/proc/self/fd/%d", root);
		r = guarded_login(path, keys, version, size, err);
		close(root);
	}
	close(lock);
	return r;
}
