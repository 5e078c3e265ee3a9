/*
 * spawn.c - run a program, listen to it, stop it when asked
 *
 * It has a process group of its own and no terminal. SIGPIPE is ignored in it:
 * should its job be killed, a repair that writes goes on to its end rather
 * than dying in the middle at its next word.
 */
#include "run/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "run/exec.h"

#define PATIENCE_MS 5000	/* between SIGINT, SIGTERM and SIGKILL */
#define STAGES 3

struct running {
	struct spawn *sp;
	char *const *stage[STAGES];	/* each one's argv; the last one is the program */
	char *word[32];		/* what they are made of */
	size_t n;
	pid_t pid[STAGES];	/* 0: not there any more */
	int pidfd, out, prog;
	int64_t next_signal;	/* when to be harder, once it was asked to end */
	size_t asked;		/* signals sent */
};

/* "Progress:  12.3%, ETA 00m05s,  235 MiB written, speed  40.1 MiB/s" [cryptsetup
   src/utils_progress.c] */
static void said_progress(struct op_ctx *ctx, const char *text)
{
	char clean[96];

	text_clean(clean, sizeof(clean), text + strspn(text, " "));
	ctx_progress(ctx, strtod(clean, NULL) / 100, "%s", clean);
}

void said_take(void *said, const char *buf, size_t n)
{
	struct said *w = said;
	size_t i;

	for (i = 0; i < n; i++) {
		if (buf[i] != '\n') {
			if (w->len + 1 < sizeof(w->now))
				w->now[w->len++] = buf[i];
			continue;
		}
		w->now[w->len] = '\0';
		w->len = 0;
		if (!*w->now)
			continue;
		if (!strncmp(w->now, "Progress:", 9)) {
			said_progress(w->ctx, w->now + 9);
			continue;
		}
		text_clean(w->line, sizeof(w->line), w->now);
		ctx_note(w->ctx, "%s", w->line);
	}
}

static void reset_child_signals(void)
{
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		signal(sig, sig == SIGPIPE ? SIG_IGN : SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* When memory runs out the tool goes before the job and the lifeline do. */
static void be_killable(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (write(fd, "0", 1) < 0)
			errno = 0;
		close(fd);
	}
}

/* In memory, not in a pipe: a program that reads nothing must not block us. */
static int open_input(const struct spawn *sp)
{
	int fd = sp->input ? memfd_create("stdin", MFD_CLOEXEC) :
			     open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && sp->input &&
	    (write(fd, sp->input, sp->input_len) != (ssize_t)sp->input_len ||
	     lseek(fd, 0, SEEK_SET) < 0))
		_exit(126);
	return fd;
}

/* What one program of a pipeline starts with. */
struct ends {
	int in, out, err, prog, report;	/* in, prog: -1 none */
};

static void __attribute__((noreturn))
child_exec(const struct spawn *sp, char *const *argv, struct ends e)
{
	char *envp[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"LC_ALL=C.UTF-8", "TERM=dumb", "HOME=/root", NULL
	};
	int code = 0, in = e.in >= 0 ? e.in : open_input(sp);

	setpgid(0, 0);
	reset_child_signals();
	be_killable();
	/* out of the way of 0..2 and 9 first, as pipes may have these numbers */
	e.report = fcntl(e.report, F_DUPFD_CLOEXEC, 20);
	e.out = fcntl(e.out, F_DUPFD_CLOEXEC, 20);
	e.err = fcntl(e.err, F_DUPFD_CLOEXEC, 20);
	e.prog = e.prog < 0 ? -1 : fcntl(e.prog, F_DUPFD_CLOEXEC, 20);
	in = fcntl(in, F_DUPFD_CLOEXEC, 20);
	close_range(3, 19, 0);
	close_range(20, ~0U, CLOSE_RANGE_CLOEXEC);
	if (dup2(in, 0) == 0 && dup2(e.out, 1) == 1 && dup2(e.err, 2) == 2 &&
	    (e.prog < 0 || dup2(e.prog, SPAWN_PROGRESS_FD) >= 0) &&
	    (!sp->apart || (unshare(CLONE_NEWNS) == 0 &&
			    sys->mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)) &&
	    (!sp->root || chroot(sp->root) == 0) && chdir("/") == 0) {
		/* told apart from exec's errors by its sign */
		code = sp->mount_dev ? spawn_mounted(sp, e.report) : 0;
		if (code == 0)
			execvpe(argv[0], argv, envp);
	}
	if (code == 0)
		code = errno;
	if (write(e.report, &code, sizeof(code)) < 0)
		_exit(126);
	_exit(127);
}

/* Read what is there; closes the descriptor at its end. */
static void take(int *fd, void (*sink)(void *arg, const char *buf, size_t n), void *arg)
{
	char buf[4096];
	ssize_t n;

	while (*fd >= 0) {
		n = read(*fd, buf, sizeof(buf));
		if (n > 0 && sink)
			sink(arg, buf, (size_t)n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			close(*fd);
			*fd = -1;
		}
	}
}

static void listen_all(struct running *run)
{
	take(&run->prog, run->sp->progress, run->sp->arg);
	take(&run->out, run->sp->output, run->sp->arg);
}

/* SIGINT first: e2fsck then writes back what it has and leaves. */
static void ask_to_end(struct running *run)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGKILL };
	size_t n = sizeof(signals) / sizeof(signals[0]), i;

	if (now_ms() < run->next_signal)
		return;
	for (i = 0; i < run->n; i++)
		if (run->pid[i] > 0)
			sys->kill(-run->pid[i], signals[run->asked < n ? run->asked : n - 1]);
	run->asked++;
	run->next_signal = now_ms() + PATIENCE_MS;
}

static void mind(struct running *run)
{
	struct spawn *sp = run->sp;

	if (!sp->stopped && ctx_stop(sp->ctx))
		sp->stopped = true;
	if (!sp->timed_out && sp->until && now_ms() >= sp->until)
		sp->timed_out = true;
	if (sp->stopped || sp->timed_out)
		ask_to_end(run);
}

/* Has program @i ended? Then it is gone, and @status is its last word. */
static bool reap(struct running *run, size_t i, int *status)
{
	if (run->pid[i] > 0 && waitpid(run->pid[i], status, WNOHANG) != run->pid[i])
		return false;
	run->pid[i] = 0;
	return true;
}

/*
 * Once the last program has ended, nobody reads what those before it say: if that does not
 * end them, as when they wait for more to come in, they are asked to.
 */
static void end_rest(struct running *run)
{
	int64_t until = now_ms() + 2000;
	int status;
	size_t i;

	run->next_signal = run->asked ? run->next_signal : until;
	for (i = 0; i + 1 < run->n; i++) {
		for (status = 0; !reap(run, i, &status); sleep_ms(10)) {
			listen_all(run);
			ask_to_end(run);
		}
		if (status && !run->sp->before)
			run->sp->before = status;
	}
}

/* Until the program has ended: a grandchild may keep its output open. */
static int follow(struct running *run)
{
	struct pollfd fds[3];
	int status = 0;

	for (;;) {
		fds[0] = (struct pollfd){ .fd = run->pidfd, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = run->out, .events = POLLIN };
		fds[2] = (struct pollfd){ .fd = run->prog, .events = POLLIN };
		poll(fds, 3, 250);
		listen_all(run);
		if (run->sp->tick)
			run->sp->tick(run->sp->arg, run->pid[run->n - 1]);
		if (reap(run, run->n - 1, &status))
			break;
		mind(run);
	}
	end_rest(run);
	listen_all(run);
	return status;
}

static int exec_failed(const struct spawn *sp, const char *program, int code, struct error *err)
{
	if (code < 0)
		return error_set(err, code, "mount", sp->mount_dev, NULL,
				 "The kernel says more: dmesg, in a shell (!). If the file system is "
				 "damaged, check and repair it first.");
	return error_set(err, code, "run", program,
			 code == ENOENT ? "this program is not there" : NULL,
			 "%s", code == ENOENT && !sp->root ?
			 "Install its package in the normal system and run update-initramfs -u." : "");
}

static int start_one(struct running *run, size_t i, struct ends e, struct error *err)
{
	int report[2], code = 0;
	ssize_t n;

	if (pipe2(report, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe", "", NULL, NULL);
	e.report = report[1];
	run->pid[i] = fork();
	if (run->pid[i] == 0)
		child_exec(run->sp, run->stage[i], e);
	close(report[1]);
	if (run->pid[i] < 0) {
		run->pid[i] = 0;
		close(report[0]);
		return error_set(err, errno, "fork", run->stage[i][0], NULL, NULL);
	}
	do
		n = read(report[0], &code, sizeof(code));
	while (n < 0 && errno == EINTR);
	close(report[0]);
	if (n != sizeof(code))
		return 0;
	waitpid(run->pid[i], NULL, 0);
	run->pid[i] = 0;
	return exec_failed(run->sp, run->stage[i][0], code, err);
}

static int start(struct running *run, int out, int prog, struct error *err)
{
	struct spawn *sp = run->sp;
	struct ends e = { .err = out, .prog = prog };
	int in = sp->in ? sp->in : -1, r = 0, link[2];
	size_t i;

	for (i = 0; r == 0 && i < run->n; i++) {
		e.in = in;
		link[0] = link[1] = -1;
		if (i + 1 < run->n && pipe2(link, O_CLOEXEC) < 0)
			r = error_set(err, errno, "make a pipe", "", NULL, NULL);
		e.out = link[1] >= 0 ? link[1] : sp->out ? sp->out : out;
		if (r == 0)
			r = start_one(run, i, e, err);
		if (link[1] >= 0)
			close(link[1]);
		if (i && in >= 0)
			close(in);
		in = link[0];
	}
	if (r < 0 && in >= 0)
		close(in);
	if (r < 0)
		end_rest(run);
	return r;
}

static int cut_stages(struct running *run, struct error *err)
{
	char *const *w = run->sp->argv;
	size_t n = 0;

	run->n = 1;
	run->stage[0] = run->sp->argv;
	if (!run->sp->pipeline)
		return 0;
	for (run->stage[0] = run->word; *w; w++) {
		if (n + 1 == sizeof(run->word) / sizeof(run->word[0]))
			return error_set(err, E2BIG, "run", run->sp->argv[0], NULL, NULL);
		run->word[n++] = strcmp(*w, "|") ? *w : NULL;
		if (run->word[n - 1])
			continue;
		if (run->n == STAGES)
			return error_set(err, E2BIG, "run", run->sp->argv[0], NULL, NULL);
		run->stage[run->n++] = run->word + n;
	}
	return 0;
}

static void close_pair(int fds[2])
{
	int i;

	for (i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int open_pipes(int out[2], int prog[2], bool progress)
{
	if (pipe2(out, O_CLOEXEC) < 0 || (progress && pipe2(prog, O_CLOEXEC) < 0))
		return -errno;
	/* ours only: O_NONBLOCK belongs to the open file, one for each end */
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	if (progress)
		fcntl(prog[0], F_SETFL, O_NONBLOCK);
	return 0;
}

int spawn_run(struct spawn *sp, int *ret_status, struct error *err)
{
	int out[2] = { -1, -1 }, prog[2] = { -1, -1 };
	struct running run = { .sp = sp, .pidfd = -1, .out = -1, .prog = -1 };
	int r = cut_stages(&run, err);

	if (r == 0 && (r = open_pipes(out, prog, sp->progress != NULL)) < 0)
		error_set(err, r, "make a pipe", "", NULL, NULL);
	if (r == 0)
		r = start(&run, out[1], prog[1], err);
	if (r == 0) {
		run.pidfd = sys->pidfd_open(run.pid[run.n - 1]);
		run.out = out[0];
		run.prog = prog[0];
		close(out[1]);
		if (prog[1] >= 0)
			close(prog[1]);
		out[0] = out[1] = prog[0] = prog[1] = -1;
		*ret_status = follow(&run);
		if (run.pidfd >= 0)
			close(run.pidfd);
		if (run.out >= 0)
			close(run.out);
		if (run.prog >= 0)
			close(run.prog);
	}
	close_pair(out);
	close_pair(prog);
	return r;
}
