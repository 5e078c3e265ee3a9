/*
 * trial.c - prove the hand-over before anything is touched
 *
 * A systemd whose re-exec fails freezes for good, so the very path is executed
 * first, in a child with a mount namespace of its own: the old root is moved
 * aside there, the escape program is bound over the init's binary there, and
 * what comes out must be the stub, in the rescue. In a tree of `careen enter` the
 * old root stays where it is, around us, and the pivot is tried afterwards.
 */
#include "run/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "paths.h"
#include "run/exec.h"

#define TRIAL_SECONDS 20

struct trial {
	const char *init_path;
	char profile[128];	/* pid1_profile() */
	bool around;		/* old_root_around() */
};

static const char unharmed[] = "Nothing was changed; PID 1 is untouched.";

/* Exit statuses of `escape --careen-trial` [initramfs/common.h]. */
static const struct {
	int status;
	const char *why;
} meanings[] = {
	{ 43, "our program ran, but could not leave the old root (does a security module deny it? "
	  "See dmesg)" },
	{ 44, "our program came out in the rescue, but cannot execute the stub (does a security "
	  "module deny it? See dmesg)" },
};

/* A shared mount cannot lose what is stacked on it by a move (mount(2) EINVAL). */
static int check_propagation(struct error *err)
{
	const struct mount *m;
	struct mounts ms;
	int id = path_mount_id("/"), r;

	r = own_mounts(&ms, err);
	if (r < 0)
		return r;
	m = mounts_by_id(&ms, id);
	if (m && strstr(m->propagation, "shared:"))
		r = error_set(err, EINVAL, "trial", "/", "the rescue's / is a shared mount",
			      "Make it private: mount --make-private /");
	mounts_free(&ms);
	return r;
}

/* As the detach will: where the init's binary is then, below @ret_root. */
static int place_old_root(bool around, const char **ret_root, struct error *err)
{
	int r = 0;

	*ret_root = around ? "/" : CAREEN_OLDROOT;
	if (!around && old_root_stacked())
		r = sys->mount("/..", CAREEN_OLDROOT, NULL, MS_MOVE, NULL);
	return r < 0 ? error_set(err, r, "trial", "move the old root to " CAREEN_OLDROOT,
				 NULL, "%s", unharmed) : 0;
}

static int own_namespace(const struct trial *t, const char **ret_root, struct error *err)
{
	char target[320];
	int r;

	if (unshare(CLONE_NEWNS) < 0)
		return error_set(err, errno, "trial", "mount namespace", NULL, "%s", unharmed);
	/* from the top, or the copies outside would stay in touch with the originals */
	r = t->around ? climb_out() : 0;
	if (r == 0)
		r = sys->mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (r < 0)
		return error_set(err, r, "trial", "make mounts private", NULL, "%s", unharmed);
	r = place_old_root(t->around, ret_root, err);
	if (r < 0)
		return r;
	text_fmt(target, sizeof(target), "%s%s", t->around ? "" : *ret_root, t->init_path);
	r = sys->mount(t->around ? CAREEN_TREE CAREEN_ESCAPE : CAREEN_ESCAPE, target, NULL, MS_BIND,
		       NULL);
	if (r < 0)
		return error_set(err, r, "trial", target,
				 "our program cannot be bound over the init's binary", "%s",
				 unharmed);
	return 0;
}

/*
 * The AppArmor profile that PID 1 must obey: what it denies is found out by obeying it,
 * too. "unconfined", "NAME (complain)", another security module's label: "".
 */
static void pid1_profile(char *buf, size_t size)
{
	char *mode;

	if (read_text("/proc/1/attr/current", buf, size) <= 0)
		buf[0] = '\0';
	mode = strstr(buf, " (");
	if (mode && strncmp(mode, " (complain", 10) && strncmp(mode, " (unconfined", 12))
		*mode = '\0';
	else
		buf[0] = '\0';
}

/* As aa_change_profile(3) does it; a process may do it to itself only. */
static int put_on(int attr, const char *profile)
{
	char text[160];

	if (!*profile)
		return 0;
	text_fmt(text, sizeof(text), "changeprofile %s", profile);
	return write(attr, text, strlen(text)) < 0 ? -1 : 0;
}

/* In the innermost child, as PID 1 would do it; the errno goes to @fd. */
static void __attribute__((noreturn))
exec_escape(const char *root, const struct trial *t, int fd)
{
	char *argv[] = { (char *)t->init_path, "--careen-trial", NULL };
	char *envp[] = { NULL };
	int code, attr = open("/proc/self/attr/current", O_WRONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chroot(root) == 0 && chdir("/") == 0 && put_on(attr, t->profile) == 0)
		execve(t->init_path, argv, envp);
	code = errno;
	if (write(fd, &code, sizeof(code)) < 0)
		_exit(1);
	_exit(1);
}

static int judge(int status, const char *init_path, struct error *err)
{
	char why[96];
	size_t i;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 42)
		return 0;
	for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (WIFEXITED(status) && WEXITSTATUS(status) == meanings[i].status)
			return error_set(err, EIO, "trial", init_path, meanings[i].why, "%s",
					 unharmed);
	if (WIFSIGNALED(status))
		text_fmt(why, sizeof(why), "our program was killed by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		text_fmt(why, sizeof(why), "our program ended with status %d instead of 42",
			 WEXITSTATUS(status));
	return error_set(err, EIO, "trial", init_path, why, "%s", unharmed);
}

/* noexec, no x bit, or a security module, which says it in the kernel's log only. */
static int denied(const struct trial *t, int code, struct error *err)
{
	char why[200] = "";

	if (code == EACCES && *t->profile)
		text_fmt(why, sizeof(why), "AppArmor's profile %s, which PID 1 is under, does not allow it",
			 t->profile);
	else if (code == EACCES)
		text_fmt(why, sizeof(why), "it cannot be executed there: not allowed (noexec, or a security "
			 "module: see dmesg)");
	return error_set(err, code, "trial", t->init_path, *why ? why : NULL, "%s", unharmed);
}

static int execute(const char *root, const struct trial *t, struct error *err)
{
	int fds[2], status = 0, code = 0;
	ssize_t n;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set(err, errno, "trial", "pipe", NULL, "%s", unharmed);
	pid = fork();
	if (pid == 0)
		exec_escape(root, t, fds[1]);
	close(fds[1]);
	n = pid < 0 ? 0 : read(fds[0], &code, sizeof(code));
	close(fds[0]);
	if (pid < 0)
		return error_set(err, errno, "trial", "fork", NULL, "%s", unharmed);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return n == sizeof(code) ? denied(t, code, err) : judge(status, t->init_path, err);
}

/* In here nobody but us has the copy of the old root as its root. */
static int try_pivot(struct error *err)
{
	int r = sys->pivot_root(CAREEN_TREE, CAREEN_TREE CAREEN_OLDROOT);

	return r < 0 ? error_set(err, r, "trial", "pivot the old root to " CAREEN_OLDROOT, NULL,
				 "%s", unharmed) : 0;
}

static int trial_child(void *arg, struct error *err)
{
	const struct trial *t = arg;
	const char *root;
	int r = own_namespace(t, &root, err);

	if (r == 0)
		r = execute(root, t, err);
	return r == 0 && t->around ? try_pivot(err) : r;
}

/* Attached without a stop; the kernel lets go of PID 1 when this child ends. */
static int trace_child(void *arg, struct error *err)
{
	(void)arg;
	return ptrace_attach(1, err);
}

int handover_trial(const char *init_path, const char *strategy, struct error *err)
{
	struct trial t = { .init_path = init_path, .around = old_root_around() };
	int r = t.around ? 0 : check_propagation(err);

	pid1_profile(t.profile, sizeof(t.profile));
	if (r == 0)
		r = run_with_deadline(TRIAL_SECONDS, trial_child, &t, err);
	if (r == 0 && strategy && !strcmp(strategy, "ptrace"))
		r = run_with_deadline(TRIAL_SECONDS, trace_child, NULL, err);
	return r;
}
