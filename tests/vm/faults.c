/*
 * faults.c - careen, but an operation of a job fails, hangs or is killed
 *
 * Linked with --wrap: the table of executors comes here first, everything else is the
 * real program. /run/careen/fault has one word, what is to happen to each operation the
 * first time it is run; /run/careen/faulted gets a line of each to which it has happened.
 *
 *	fail	it does nothing, and says that it failed
 *	late	it does all, and says that it failed
 *	stuck	the job itself hangs before it: it is stopped, by a signal
 *	die	the job is killed before it
 *	gone	the job is killed after it
 *	hang	the first system call of its own that changes something never returns; those by
 *		which processes are signalled cannot hang in the kernel
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"
#include "run/exec.h"

#define FAULT	"/run/careen/fault"
#define FAULTED	"/run/careen/faulted"

static char line[400];

static bool happened(void)
{
	FILE *f = fopen(FAULTED, "re");
	char had[400];
	bool found = false;

	while (f && !found && fgets(had, sizeof(had), f))
		found = !strcmp(had, line);
	if (f)
		fclose(f);
	return found;
}

static void note_it(void)
{
	int fd = open(FAULTED, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		_exit(99);
	close(fd);
}

static void hang(void)
{
	note_it();
	for (;;)
		pause();
}

/* Every entry is a pointer to a function. */
static const struct sys *hanging_sys(void)
{
	static struct { void (*call[sizeof(struct sys) / sizeof(void (*)(void))])(void); } all;
	static struct sys table;

	for (size_t i = 0; i < sizeof(all.call) / sizeof(all.call[0]); i++)
		all.call[i] = hang;
	memcpy(&table, &all, sizeof(table));
	table.pidfd_open = sys_real.pidfd_open;
	table.pidfd_signal = sys_real.pidfd_signal;
	table.kill = sys_real.kill;
	return &table;
}

static int injected(const char *name, struct error *err)
{
	return error_set(err, EIO, name, "", "a fault of the test", "Try again.");
}

static int run(const char *name, op_fn *real, struct op_ctx *ctx, const struct op *op, struct error *err)
{
	struct op quick = *op;
	char fault[16] = "";
	int r;

	if (read_text(FAULT, fault, sizeof(fault)) <= 0)
		return real(ctx, op, err);
	fault[strcspn(fault, "\n")] = '\0';
	snprintf(line, sizeof(line), "%s\t%s\t%s\n", fault, name + 3, op->title);
	if (happened())
		return real(ctx, op, err);
	if (!strcmp(fault, "hang")) {
		if (quick.deadline_s > 20 && quick.deadline_s <= 60)
			quick.deadline_s = 20;
		sys = hanging_sys();
		r = real(ctx, &quick, err);
		sys = &sys_real;
		return r;
	}
	note_it();
	if (!strcmp(fault, "stuck"))
		kill(getpid(), SIGSTOP);
	if (!strcmp(fault, "die"))
		kill(getpid(), SIGKILL);
	if (!strcmp(fault, "fail"))
		return injected(name, err);
	r = real(ctx, op, err);
	if (!strcmp(fault, "gone"))
		kill(getpid(), SIGKILL);
	return r < 0 ? r : injected(name, err);
}

/* tests.mk makes the list from run/exec.h. */
#define OP(name) \
	op_fn __real_##name, __wrap_##name; \
	int __wrap_##name(struct op_ctx *ctx, const struct op *op, struct error *err) \
	{ return run(#name, __real_##name, ctx, op, err); }
#include "faults.list"
