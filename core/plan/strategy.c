/* strategy.c - the ways to take PID 1, best first */
#include "plan/strategy.h"

#include <string.h>

#include "base/text.h"

/*
 * What makes an init execute its own binary again, as a shell command in the
 * rescue; core/run/trigger.c does it. Without one, why not: a clause.
 */
static const struct reexec {
	enum init_kind kind;
	const char *command, *why_not;
} reexecs[] = {
	/* On SIGTERM as on daemon-reexec, but without a bus that may be dead
	   [systemd(1) SIGNALS; src/core/main.c do_reexecute()]. */
	{ INIT_SYSTEMD, "kill -TERM 1", NULL },
	/* struct init_request for runlevel U, as `telinit u` sends it; telinit
	   itself is a link to the init that our program hides [src/initreq.h]. */
	{ INIT_SYSVINIT, "{ printf '\\151\\031\\011\\003\\001\\0\\0\\0U'; head -c 375 /dev/zero; }"
	  " >/oldroot/run/initctl", NULL },
	{ INIT_OPENRC, "printf reexec >/oldroot/run/openrc/init.ctl", NULL },
	/* init/init.c exec_restart_action(): kill(-1), which spares PID 1 only */
	{ INIT_BUSYBOX, NULL, "busybox init kills every other process before it executes itself again, "
	  "this ssh server too" },
	{ INIT_RUNIT, NULL, "runit does not execute itself again" },
	{ INIT_UNKNOWN, NULL, NULL }
};

static const struct reexec *find_reexec(enum init_kind kind)
{
	const struct reexec *r = reexecs;

	while (r->kind != kind && r->kind != INIT_UNKNOWN)
		r++;
	return r;
}

const char *strategy_trigger(enum init_kind kind)
{
	return find_reexec(kind)->command;
}

static bool reexec_applies(const struct snapshot *s, char *why, unsigned long size)
{
	const struct reexec *r = find_reexec(s->init.kind);

	if (!r->command && r->why_not)
		text_fmt(why, size, "%s", r->why_not);
	else if (!r->command)
		text_fmt(why, size, "%s has no re-exec that careen knows", s->init.name);
	else if (s->init.frozen)	/* it obeys nothing any more */
		text_fmt(why, size, "PID 1 has frozen itself and obeys no signal");
	else
		return true;
	return false;
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

static unsigned leading_number(const char *s)
{
	unsigned n = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (unsigned)(*s - '0');
	return n;
}

/*
 * It came with systemd 254; one that spares a cgroup, ours, from its last kill
 * with 255 [NEWS].
 */
static bool softreboot_applies(const struct snapshot *s, char *why, unsigned long size)
{
	if (s->init.kind != INIT_SYSTEMD)
		text_fmt(why, size, "only systemd has a soft reboot");
	else if (s->init.frozen)
		text_fmt(why, size, "PID 1 has frozen itself and stops nothing");
	else if (snapshot_around(s))	/* its end is not ours to choose: it unmounts */
		text_fmt(why, size, "the rescue still lies in the system that would be taken down");
	else if (leading_number(s->init.version) < 255)
		text_fmt(why, size, "systemd %s has no soft reboot that spares this session",
			 s->init.version);
	else
		return true;
	return false;
}

const struct strategy strategies[] = {
	{
		.name = "reexec", .title = "its own re-exec",
		.about = "PID 1's own re-exec runs our program, bound over its binary",
		.command = "mount --bind /usr/lib/careen/escape /oldroot%s", .triggered = true,
		.deadline_s = 30, .danger = DANGER_UNDOABLE,
		.applies = reexec_applies,
	},
	{
		.name = "ptrace", .title = "ptrace",
		.about = "PID 1 is stopped by ptrace and made to execute our program",
		.command = "ptrace 1: execve(/usr/lib/careen/escape) in place of %s", .outline = true,
		.deadline_s = 30, .danger = DANGER_UNDOABLE,
		.applies = ptrace_applies,
	},
	{
		.name = "softreboot", .title = "a soft reboot",
		.about = "systemd stops every unit in its order, kills all that is left, and executes our program",
		.command = "mount --bind /usr/lib/careen/escape /oldroot%s; chroot /oldroot systemctl soft-reboot",
		.deadline_s = 300, .danger = DANGER_LOSES, .stops = true,
		.applies = softreboot_applies,
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
