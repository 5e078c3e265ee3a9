/*
 * ptrace.c - make a process execute a program, or leave it as it was
 *
 * Nothing is written into its code: an existing instruction that enters the
 * kernel is borrowed, the words go below its stack, and its registers, those
 * bytes and its signal mask are kept to be put back should the exec fail.
 *
 * Putting back has to happen in a stop inside get_signal() (PTRACE_EVENT_STOP),
 * not in the one at the system call's exit: only from there does the kernel
 * look at the restored registers and start an interrupted system call again
 * [kernel/signal.c, arch/x86/kernel/signal.c arch_do_signal_or_restart()].
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "run/exec.h"
#include "run/handover.h"
#include "run/ptrace_arch.h"

#define STOP_MS 4000	/* each wait's deadline */
#define CODE_MAX (16u << 20)

#define EVENT(status) ((status) >> 16)
#define AT_SYSCALL (SIGTRAP | 0x80)	/* PTRACE_O_TRACESYSGOOD */

struct words {			/* what goes on its stack */
	uint64_t argv[2], envp[1], pad;
	char path[512], arg0[64];
};

struct tracee {
	pid_t pid;
	int mem;		/* /proc/PID/mem */
	arch_regs regs;		/* as found */
	uint64_t mask;		/* its blocked signals, as found */
	uint64_t insn, at;	/* borrowed instruction; where the words go */
	struct words saved;
	bool attached, stopped, masked, written;
	struct error *err;
};

static int fail(struct tracee *t, int code, const char *what, const char *why)
{
	char subject[48];

	text_fmt(subject, sizeof(subject), "pid %d", (int)t->pid);
	return error_set(t->err, code, what, subject, why,
			 "The process goes on as it was before.");
}

static int request(struct tracee *t, int req, void *addr, void *data, const char *what)
{
	int r = (int)sys->ptrace(req, t->pid, addr, data);

	return r < 0 ? fail(t, r, what, NULL) : 0;
}

/* The next stop of the tracee, or -errno. */
static int wait_stop(struct tracee *t, int *ret_status)
{
	int64_t until = now_ms() + STOP_MS;
	pid_t r;

	for (;;) {
		r = waitpid(t->pid, ret_status, WNOHANG | __WALL);
		if (r == t->pid && WIFSTOPPED(*ret_status)) {
			t->stopped = true;
			return 0;
		}
		if (r == t->pid) {
			t->attached = false;
			return fail(t, ESRCH, "stop", "it ended");
		}
		if (r < 0 && errno != EINTR)
			return fail(t, errno, "wait for", NULL);
		if (now_ms() >= until)
			return fail(t, ETIMEDOUT, "stop",
				    process_state(t->pid) == 'D' ?
				    "it sits in the kernel (state D) and does not stop" :
				    "it does not stop");
		sleep_ms(1);
	}
}

/* PTRACE_CONT or PTRACE_SYSCALL, with a signal for it or 0. */
static int go_on(struct tracee *t, int req, int sig)
{
	t->stopped = false;
	return request(t, req, NULL, (void *)(long)sig, "let go on");
}

/*
 * Stop it where the kernel looks for signals, also from another stop. Signals
 * that arrive meanwhile are passed on: they are its own.
 */
static int interrupt(struct tracee *t)
{
	int status, sig, r = request(t, PTRACE_INTERRUPT, NULL, NULL, "stop");

	if (r == 0 && t->stopped)
		r = go_on(t, PTRACE_CONT, 0);
	while (r == 0) {
		r = wait_stop(t, &status);
		if (r < 0 || EVENT(status) == PTRACE_EVENT_STOP)
			return r;
		sig = EVENT(status) || WSTOPSIG(status) == AT_SYSCALL ? 0 : WSTOPSIG(status);
		r = go_on(t, PTRACE_CONT, sig);
	}
	return r;
}

static int get_regs(struct tracee *t, arch_regs *regs)
{
	struct iovec iov = { .iov_base = regs, .iov_len = sizeof(*regs) };
	int r = request(t, PTRACE_GETREGSET, (void *)NT_PRSTATUS, &iov, "read the registers of");

	if (r == 0 && !arch_regs_usable(regs, iov.iov_len))
		return fail(t, ENOTSUP, "take", "it is not a 64-bit program");
	return r;
}

static int set_regs(struct tracee *t, const arch_regs *regs)
{
	struct iovec iov = { .iov_base = (void *)regs, .iov_len = sizeof(*regs) };

	return request(t, PTRACE_SETREGSET, (void *)NT_PRSTATUS, &iov, "set the registers of");
}

static int set_mask(struct tracee *t, uint64_t mask)
{
	return request(t, PTRACE_SETSIGMASK, (void *)sizeof(mask), &mask,
		       "set the signal mask of");
}

/* The instruction's address in [start, end) of its memory, 0 if it has none. */
static uint64_t scan(const struct tracee *t, uint64_t start, uint64_t end)
{
	size_t len = end - start > CODE_MAX ? CODE_MAX : end - start, i;
	unsigned char *code = malloc(len);
	ssize_t n = code ? pread(t->mem, code, len, (off_t)start) : -1;
	uint64_t found = 0;

	for (i = 0; n > 0 && !found && i + arch_syscall_len <= (size_t)n; i += arch_syscall_align)
		if (!memcmp(code + i, arch_syscall, arch_syscall_len))
			found = start + i;
	free(code);
	return found;
}

static int find_insn(struct tracee *t)
{
	unsigned long long start, end;
	char path[40], perms[8], *maps, *line, *save = NULL;

	text_fmt(path, sizeof(path), "/proc/%d/maps", (int)t->pid);
	maps = read_whole(path);
	for (line = maps ? strtok_r(maps, "\n", &save) : NULL; line && !t->insn;
	     line = strtok_r(NULL, "\n", &save))
		/* [vsyscall] is executable, but cannot be read */
		if (sscanf(line, "%llx-%llx %7s", &start, &end, perms) == 3 &&
		    perms[0] == 'r' && perms[2] == 'x')
			t->insn = scan(t, start, end);
	free(maps);
	return t->insn ? 0 : fail(t, ENOEXEC, "take",
				  "no system call instruction was found in its code");
}

static int write_words(struct tracee *t, const char *path, const char *arg0)
{
	struct words w;

	if (strlen(path) >= sizeof(w.path) || strlen(arg0) >= sizeof(w.arg0))
		return fail(t, ENAMETOOLONG, "take", NULL);
	t->at = (arch_stack(&t->regs) - arch_redzone - sizeof(w)) & ~(uint64_t)15;
	memset(&w, 0, sizeof(w));
	w.argv[0] = t->at + offsetof(struct words, arg0);
	text_fmt(w.path, sizeof(w.path), "%s", path);
	text_fmt(w.arg0, sizeof(w.arg0), "%s", arg0);
	if (pread(t->mem, &t->saved, sizeof(t->saved), (off_t)t->at) != (ssize_t)sizeof(t->saved))
		return fail(t, EFAULT, "read the stack of", NULL);
	t->written = true;
	if (pwrite(t->mem, &w, sizeof(w), (off_t)t->at) != (ssize_t)sizeof(w))
		return fail(t, EFAULT, "write to the stack of", NULL);
	return 0;
}

/* Let it run to a system call's entry or exit, or to PTRACE_EVENT_EXEC. */
static int run_to_stop(struct tracee *t, int *ret_status)
{
	int r = go_on(t, PTRACE_SYSCALL, 0);

	return r < 0 ? r : wait_stop(t, ret_status);
}

static int inject(struct tracee *t)
{
	arch_regs regs = t->regs;
	int status, r;
	long code;

	arch_set_execve(&regs, t->insn, t->at + offsetof(struct words, path),
			t->at + offsetof(struct words, argv),
			t->at + offsetof(struct words, envp));
	r = set_regs(t, &regs);
	if (r == 0)
		r = run_to_stop(t, &status);
	if (r == 0)
		r = get_regs(t, &regs);
	if (r < 0)
		return r;
	if (WSTOPSIG(status) != AT_SYSCALL || !arch_in_execve(&regs))
		return fail(t, EIO, "take", "it did not reach the system call");
	r = run_to_stop(t, &status);
	if (r < 0 || EVENT(status) == PTRACE_EVENT_EXEC)
		return r;
	r = get_regs(t, &regs);
	if (r < 0)
		return r;
	code = arch_result(&regs);
	return fail(t, code < 0 && code > -4096 ? (int)-code : EIO, "make execute the program", NULL);
}

static int prepare(struct tracee *t, const char *path, const char *arg0)
{
	char mem[40];
	int r = interrupt(t);

	if (r == 0)
		r = get_regs(t, &t->regs);
	if (r < 0)
		return r;
	text_fmt(mem, sizeof(mem), "/proc/%d/mem", (int)t->pid);
	t->mem = open(mem, O_RDWR | O_CLOEXEC);
	if (t->mem < 0)
		return fail(t, errno, "open the memory of", NULL);
	r = find_insn(t);
	if (r == 0)
		r = request(t, PTRACE_GETSIGMASK, (void *)sizeof(t->mask), &t->mask,
			    "read the signal mask of");
	if (r < 0)
		return r;
	/* A handler must not run on the changed stack: its signals wait. */
	t->masked = true;
	r = set_mask(t, ~(uint64_t)0);
	return r < 0 ? r : write_words(t, path, arg0);
}

/* Does a signal wait for a handler, once the mask is as it was? */
static bool signal_waits(const struct tracee *t)
{
	uint64_t pending = signal_set(t->pid, "SigPnd") | signal_set(t->pid, "ShdPnd");

	return pending & signal_set(t->pid, "SigCgt") & ~t->mask;
}

/* A call that the signal would have ended must not be made again after its handler. */
static void end_interrupted(struct tracee *t)
{
	uint64_t *pc = arch_restart_pc(&t->regs);
	unsigned char code[8];

	if (pc && signal_waits(t) && arch_syscall_len <= sizeof(code) &&
	    pread(t->mem, code, arch_syscall_len, (off_t)*pc) == (ssize_t)arch_syscall_len &&
	    !memcmp(code, arch_syscall, arch_syscall_len))
		arch_set_eintr(&t->regs);
}

/* Put everything back, at a stop where an interrupted call starts again. */
static void restore(struct tracee *t)
{
	struct error *err = t->err, ignored;

	t->err = &ignored;		/* the first failure is the one to tell */
	if (t->attached && t->written && interrupt(t) == 0) {
		end_interrupted(t);
		if (pwrite(t->mem, &t->saved, sizeof(t->saved), (off_t)t->at) < 0 ||
		    set_regs(t, &t->regs) < 0)
			error_set(err, EIO, "put back", "PID 1", NULL,
				  "Its memory or registers could not be put back.");
	}
	if (t->attached && t->masked)
		set_mask(t, t->mask);
	t->err = err;
}

static int attach(struct tracee *t)
{
	char scope[8] = "";
	long opts = PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD;
	int r;

	/* Documentation/admin-guide/LSM/Yama.rst: 3 lets nobody attach, for ever */
	if (read_text("/proc/sys/kernel/yama/ptrace_scope", scope, sizeof(scope)) > 0 &&
	    scope[0] == '3')
		return fail(t, EPERM, "trace",
			    "kernel.yama.ptrace_scope is 3: no process may be traced until the next boot");
	r = (int)sys->ptrace(PTRACE_SEIZE, t->pid, NULL, (void *)opts);
	if (r < 0)
		return fail(t, r, "trace", r == -EPERM || r == -EACCES ?
			    "the kernel refuses it: a security module (see dmesg), or it is traced already" :
			    NULL);
	t->attached = true;
	return 0;
}

int ptrace_attach(pid_t pid, struct error *err)
{
	struct tracee t = { .pid = pid, .mem = -1, .err = err };

	return attach(&t);
}

int ptrace_exec(pid_t pid, const char *path, const char *arg0, struct error *err)
{
	struct tracee t = { .pid = pid, .mem = -1, .err = err };
	int r = attach(&t);

	if (r == 0)
		r = prepare(&t, path, arg0);
	if (r == 0)
		r = inject(&t);
	if (r < 0)
		restore(&t);
	if (t.attached)
		sys->ptrace(PTRACE_DETACH, pid, NULL, NULL);
	if (t.mem >= 0)
		close(t.mem);
	return r;
}
