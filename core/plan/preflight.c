/* preflight.c - the step that costs nothing: what would stand in the way? */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "model/stack.h"
#include "plan/common.h"
#include "plan/strategy.h"

struct findings {
	struct finding *row;
	size_t n;
};

static struct finding *add(struct findings *f, int level, const char *what,
			   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/*
 * Never NULL: findings beyond the room there is go to a scratch row. But what blocks is never
 * left out, as Detach goes by it: the last one that does not block makes room.
 */
static struct finding *next_row(struct findings *f, int level)
{
	static _Thread_local struct finding scratch;
	size_t i = f->n;

	if (f->n < FINDINGS)
		return &f->row[f->n++];
	while (level == FIND_BLOCKER && i-- > 0) {
		if (f->row[i].level == FIND_BLOCKER)
			continue;
		memmove(&f->row[i], &f->row[i + 1], (f->n - i - 1) * sizeof(*f->row));
		return &f->row[f->n - 1];
	}
	return &scratch;
}

static struct finding *add(struct findings *f, int level, const char *what,
			   const char *fmt, ...)
{
	struct finding *row = next_row(f, level);
	va_list ap;

	memset(row, 0, sizeof(*row));
	row->level = level;
	text_fmt(row->what, sizeof(row->what), "%s", what);
	va_start(ap, fmt);
	vsnprintf(row->text, sizeof(row->text), fmt, ap);
	va_end(ap);
	return row;
}

#define MEND(row, ...) text_fmt((row)->mend, sizeof((row)->mend), __VA_ARGS__)

static void check_place(const struct snapshot *s, struct findings *f)
{
	struct step_state st;

	if (state_blocked(s, &st))
		add(f, FIND_BLOCKER, "Place", "%s", st.why);
}

static void check_init(const struct snapshot *s, struct findings *f)
{
	const struct strategy *st = strategy_best(s);
	struct finding *row;
	char why[160] = "";

	if (snapshot_detached(s) || pid1_waits(s)) {
		add(f, FIND_OK, "PID 1", "already in RAM (careen's stub)");
		return;
	}
	if (st && s->init.frozen) {
		add(f, FIND_NOTE, "PID 1", "%s %s has frozen itself; it can be taken by %s",
		    s->init.name, s->init.version, st->title);
		return;
	}
	if (st) {
		add(f, FIND_OK, "PID 1", "%s %s can be taken by %s", s->init.name,
		    s->init.version, st->title);
		return;
	}
	strategies[1].applies(s, why, sizeof(why));
	row = add(f, FIND_BLOCKER, "PID 1", "%s cannot be taken: %s", s->init.name, why);
	MEND(row, "Set kernel.yama.ptrace_scope below 3 and boot, or use an init with a re-exec.");
}

static void check_old_root(const struct snapshot *s, struct findings *f)
{
	const struct mount *top = mounts_old_top(&s->mounts);
	struct finding *row;

	if (snapshot_unmounted(s)) {
		add(f, FIND_OK, "Root", "off its disks (%s)", s->old.source);
	} else if (!top) {
		row = add(f, FIND_BLOCKER, "Root", "the root file system was not found in the mount table");
		MEND(row, "Look at the mounts view; report this with careen status --json.");
	} else if (top->net) {
		row = add(f, FIND_BLOCKER, "Root", "%s on %s needs the network to live", top->fstype, top->source);
		MEND(row, "careen cannot take a network root off yet.");
	} else {
		add(f, FIND_OK, "Root", "%s on %s, %u mounts", top->fstype, s->old.source,
		    mounts_left(s));
	}
	if (!old_root_full(&s->old))
		return;
	row = add(f, FIND_BLOCKER, "Root", "it lies on more than careen can keep in mind: %u devices, %u layers of them",
		  s->old.ndevs, s->old.nlayers);
	MEND(row, "Unmount, and close, what the root itself does not need.");
}

/* Programs of user space that a disk's transport needs while it is used. */
static const struct {
	const char *transport, *title, *program, *part;
	bool ends;		/* with the program, what was not yet written with it */
} transports[] = {
	{ "iscsi", "iSCSI", "iscsid", "repairs its connection", false },
	{ "nbd", "NBD", "nbd-client", "has its connection", true },
};

/* Does the file system on "/" lie on @disk? */
static bool below_root(const struct snapshot *s, const struct blockdev *disk)
{
	const struct blockdev *b;
	size_t i;

	for (i = 0; i < s->devs.n; i++) {
		b = &s->devs.row[i];
		if (b->old_root && text_has_word(b->used_by, "/") &&
		    stack_is_on(&s->devs, b, disk))
			return true;
	}
	return false;
}

static void check_disk(const struct snapshot *s, const struct blockdev *b, struct findings *f)
{
	bool root = below_root(s, b);
	struct finding *row;
	size_t i;

	for (i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
		if (strcmp(b->transport, transports[i].transport))
			continue;
		row = add(f, root || transports[i].ends ? FIND_BLOCKER : FIND_NOTE, "Disks",
			  "%s %s %s, and %s, which %s, lives on the root", b->path,
			  root ? "carries the root over" : "is used over", transports[i].title,
			  transports[i].program, transports[i].part);
		MEND(row, root ? "careen cannot take such a root off: work on it from its server." :
		     "It goes on while its connection holds. Unmount what is on it before the detach to be sure.");
	}
}

/* Seen from the normal system a tree of `careen enter` is a part of it, and these live there. */
static bool is_lifeline(const struct holder *h)
{
	return !strcmp(h->command, "careen-lifeline") || !strcmp(h->command, "careen-standby");
}

/* Who is not to be killed holds on to the end: better said before. */
static void check_storage(const struct snapshot *s, struct findings *f)
{
	const struct holder *h;
	struct finding *row;
	size_t i;

	if (snapshot_detached(s) || pid1_waits(s))
		return;
	for (i = 0; i < s->devs.n; i++)
		if (s->devs.row[i].old_root && *s->devs.row[i].transport)
			check_disk(s, &s->devs.row[i], f);
	for (i = 0; i < s->holders.n; i++) {
		h = &s->holders.row[i];
		if (h->out != OUT_KEEP || !h->cmdline || h->cmdline[0] != '@' ||
		    h->holds == HOLD_UNKNOWN || is_lifeline(h))
			continue;
		row = add(f, FIND_BLOCKER, "Disks", "%s (pid %d) serves storage, which must not end, and lives on the disk",
			  h->command, (int)h->pid);
		MEND(row, "If nothing that is mounted needs it, stop it.");
	}
}

/* ": nfsd, swap", each once: they come sorted by kind. */
static void kernel_kinds(const struct holders *hs, char *buf, size_t size)
{
	const char *last = "", *name;
	size_t i, len = 0;

	buf[0] = '\0';
	for (i = 0; i < hs->n && hs->row[i].kind != HOLDER_PROCESS; i++) {
		name = holder_kind_name(hs->row[i].kind);
		if (strcmp(name, last))
			text_fmt(buf + len, size - len, "%s%s", len ? ", " : ": ", name);
		len += strlen(buf + len);
		last = name;
	}
}

static void check_holders(const struct snapshot *s, struct findings *f)
{
	unsigned stop = holders_to_stop(s);
	struct finding *row;
	char kinds[120];

	if (s->holders.n_unknown || s->holders.incomplete) {
		row = add(f, FIND_NOTE, "Holders", "%zu processes could not be read: %s",
			  s->holders.n_unknown, s->holders.note);
		MEND(row, "They count as holders until they can be read.");
	}
	kernel_kinds(&s->holders, kinds, sizeof(kinds));
	add(f, FIND_OK, "Holders", "%u process%s to stop, %zu in the kernel%s", stop,
	    stop == 1 ? "" : "es", s->holders.n_kernel, kinds);
}

static void check_memory(const struct snapshot *s, struct findings *f)
{
	char avail[16], used[16];
	struct finding *row;

	text_size(avail, sizeof(avail), s->host.mem_available);
	text_size(used, sizeof(used), s->host.swap_used);
	if (s->host.swap_used + (32u << 20) > s->host.mem_available) {
		row = add(f, FIND_BLOCKER, "Memory", "%s free, but %s are in swap and must fit",
			  avail, used);
		MEND(row, "Stop something that uses memory.");
		return;
	}
	add(f, FIND_OK, "Memory", "%s available, %s in swap", avail, used);
}

static void check_lifeline(const struct snapshot *s, struct findings *f)
{
	const struct lifeline *ll = &s->lifeline;
	struct finding *row;

	if (ll->pid && !ll->port && ll->armed_only) {
		row = add(f, FIND_BLOCKER, "Lifeline", "its port is closed (port_open=armed in careen.conf)");
		MEND(row, "Open it for an hour, in the normal system: sudo careen arm");
	} else if (!ll->pid || !ll->port) {
		row = add(f, FIND_BLOCKER, "Lifeline", "no ssh server of the rescue is listening");
		MEND(row, "Start it: %s", CAREEN_LIFELINE);
	} else if (!ll->in_ram) {
		row = add(f, FIND_BLOCKER, "Lifeline", "not wholly in RAM: %s", ll->why);
		MEND(row, "Close that session, or log in again on port %d.", ll->port);
	} else if (ll->from_here) {
		row = add(f, FIND_BLOCKER, "Lifeline", "this session comes from this machine itself, and ends with what made it");
		MEND(row, "Log in from outside: ssh -p %d root@%s", ll->port, s->host.name);
	} else if (!ll->own_session) {
		add(f, FIND_NOTE, "Lifeline", "port %d, all in RAM; this session is not through it",
		    ll->port);
	} else {
		add(f, FIND_OK, "Lifeline", "port %d, %d session%s, all in RAM", ll->port,
		    ll->sessions, ll->sessions == 1 ? "" : "s");
	}
}

/* Its rules are the kernel's and outlive the detach; who has come in proves that they let him. */
static void check_filter(const struct snapshot *s, struct findings *f)
{
	struct finding *row;

	if (!s->net.filtered)
		return;
	if (s->lifeline.own_session && !s->lifeline.from_here) {
		add(f, FIND_OK, "Firewall", "it lets port %d through: this session came by it", s->lifeline.port);
		return;
	}
	row = add(f, FIND_NOTE, "Firewall", "there is one, and this session does not show that it lets port %d through",
		  s->lifeline.port);
	MEND(row, "Log in on it from where you will be, before Detach.");
}

static void check_needed(const struct snapshot *s, const struct net_manager *m, struct findings *f)
{
	struct finding *row = add(f, FIND_BLOCKER, "Network", "%s (pid %d) keeps %s up and lives on the disk",
				  m->name, (int)m->pid, m->link[0] ? m->link : "IPsec");

	if (m->link[0])
		MEND(row, "Come in on port %d by another link than %s, and end the sessions through it.",
		     s->lifeline.port, m->link);
	else
		MEND(row, "Come in without IPsec, and stop %s.", m->name);
}

static void check_network(const struct snapshot *s, struct findings *f)
{
	unsigned finite = 0;
	size_t i;

	/* what blocks first: there may be more than there is room for */
	for (i = 0; i < s->net.nmgr; i++)
		if (s->net.mgr[i].needed)
			check_needed(s, &s->net.mgr[i], f);
	for (i = 0; i < s->net.naddr; i++)
		finite += s->net.addr[i].valid_s != UINT32_MAX;
	add(f, FIND_OK, "Network", "%zu address%s, %u with a lease (made permanent by the detach)",
	    s->net.naddr, s->net.naddr == 1 ? "" : "es", finite);
	for (i = 0; i < s->net.nmgr; i++)
		if (!s->net.mgr[i].needed && s->net.mgr[i].link[0])
			add(f, FIND_NOTE, "Network", "%s goes down with %s (pid %d), until the resumed system starts it",
			    s->net.mgr[i].link, s->net.mgr[i].name, (int)s->net.mgr[i].pid);
}

size_t preflight_findings(const struct snapshot *s, struct finding ret[FINDINGS])
{
	struct findings f = { .row = ret };

	check_place(s, &f);
	check_init(s, &f);
	check_old_root(s, &f);
	check_storage(s, &f);
	check_holders(s, &f);
	check_memory(s, &f);
	check_lifeline(s, &f);
	check_network(s, &f);
	check_filter(s, &f);
	return f.n;
}

static void preflight_state(const struct snapshot *s, struct step_state *ret)
{
	struct finding f[FINDINGS];
	size_t n = preflight_findings(s, f), i;
	unsigned blockers = 0, good = 0;
	const char *first = "";

	for (i = 0; i < n; i++) {
		good += f[i].level == FIND_OK;
		if (f[i].level != FIND_BLOCKER)
			continue;
		if (!blockers++)
			first = f[i].text;
	}
	if (blockers)
		state_set(ret, STEP_BLOCKED, blockers, "overview", "%s", first);
	else
		state_set(ret, STEP_DONE, 0, "overview",
			  "Nothing stands in the way: %u of %zu checks are good%s. Enter proves the "
			  "hand-over of PID 1 in a child.", good, n,
			  good < n ? ", the rest is to be noted" : "");
}

static int preflight_plan(const struct snapshot *s, const struct plan_opts *opts,
			  struct plan **ret, struct error *err)
{
	const struct strategy *st = strategy_best(s);
	struct plan *plan;
	struct op *op;
	int r = plan_allowed(s, "preflight", err);

	(void)opts;
	if (r < 0)
		return r;
	if (snapshot_detached(s))
		return error_set(err, EALREADY, "preflight", "", "PID 1 is already in RAM",
				 "Go on with Kill, or back with Resume.");
	plan = plan_new("preflight", "Preflight: prove the hand-over");
	if (!plan)
		return plan_finish(plan, ret, err);
	plan_set(plan, &plan->undo, "Changes nothing.");
	op = plan_add(plan, OP_TRIAL, DANGER_NONE, 30,
		      "execute our program as PID 1 would, in a child");
	op->strategy = st ? st->name : NULL;
	plan_set(plan, &op->src, "%s", s->init.exe);
	plan_command(plan, op, "unshare -m sh -c 'mount --bind %s /oldroot$0; chroot /oldroot $0 --careen-trial' %s",
		     CAREEN_ESCAPE, s->init.exe);
	return plan_finish(plan, ret, err);
}

const struct step step_preflight = {
	.name = "preflight", .title = "Preflight",
	.about = "Say what holds the disk and what stands in the way; changes nothing.",
	.parts = SNAP_PLAN,
	.state = preflight_state, .plan = preflight_plan,
};
