/* strategy.c - the ways to take PID 1, best first */
#include "plan/strategy.h"

#include <string.h>

#include "base/text.h"

/*
 * systemd executes its own binary again on SIGTERM and on daemon-reexec
 * [systemd(1) SIGNALS; src/core/main.c do_reexecute()]. A frozen one obeys
 * nothing any more.
 */
static bool reexec_applies(const struct snapshot *s, char *why, unsigned long size)
{
	if (s->init.kind != INIT_SYSTEMD) {
		text_fmt(why, size, "%s has no re-exec that careen knows", s->init.name);
		return false;
	}
	if (s->init.frozen) {
		text_fmt(why, size, "PID 1 has frozen itself and obeys no signal");
		return false;
	}
	return true;
}

/* Documentation/admin-guide/LSM/Yama.rst: scope 3 means nobody, for ever. */
static bool ptrace_applies(const struct snapshot *s, char *why, unsigned long size)
{
	if (s->init.yama == 3) {
		text_fmt(why, size, "kernel.yama.ptrace_scope is 3: ptrace is off until the next boot");
		return false;
	}
	if (s->init.traced) {
		text_fmt(why, size, "another process is tracing PID 1");
		return false;
	}
	return true;
}

const struct strategy strategies[] = {
	{
		.name = "reexec", .title = "its own re-exec",
		.about = "PID 1's own re-exec runs our program, bound over its binary",
		.command = "mount --bind /usr/lib/careen/escape /oldroot%s; kill -TERM 1",
		.applies = reexec_applies,
	},
	{
		.name = "ptrace", .title = "ptrace",
		.about = "PID 1 is stopped by ptrace and made to execute our program",
		.command = "ptrace 1: execve(/usr/lib/careen/escape) in place of %s",
		.applies = ptrace_applies,
	},
	{ .name = NULL }
};

const struct strategy *strategy_find(const char *name)
{
	const struct strategy *st;

	for (st = strategies; st->name; st++)
		if (!strcmp(st->name, name))
			return st;
	return NULL;
}

const struct strategy *strategy_best(const struct snapshot *s)
{
	const struct strategy *st;
	char why[160];

	for (st = strategies; st->name; st++)
		if (st->applies(s, why, sizeof(why)))
			return st;
	return NULL;
}
