/*
 * holders.c - who keeps the old root in use: the scan as a whole
 *
 * Two children share the list of processes through one counter, so that one
 * slow process does not hold up the rest, and each says which process it is
 * looking at, so that one that hangs can be named.
 */
#include "model/holders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/pool.h"
#include "base/text.h"
#include "model/workers.h"
#include "model/kernel_holders.h"
#include "model/network.h"
#include "model/process.h"
#include "model/rescue.h"
#include "model/scan.h"
#include "paths.h"

enum { MAX_ANCESTORS = 32 };

unsigned holders_deadline_ms = 20000;

struct shared {
	atomic_size_t next;	/* index of the next process to look at */
	atomic_int current[CHILD_WORKERS];	/* pid it is at, 0 between two */
};

struct work {
	struct scan scan;
	const struct mounts *ms;
	const pid_t *pid;
	size_t npid;
	pid_t self[MAX_ANCESTORS];	/* this process, and its parents above */
	size_t nself;
	bool stacked;		/* the old root lies over "/" */
	struct shared *shared;
	int out;		/* in a child */
	struct holders *hs;	/* in the parent */
};

/* A holder as it goes through the pipe: its strings follow it. */
enum { STRINGS = 4 };

static char **string_of(struct holder *h, int i)
{
	char **const list[STRINGS] = { &h->command, &h->cmdline, &h->what, &h->unit };

	return list[i];
}

static void send_holder(void *arg, const struct holder *h)
{
	char buf[sizeof(*h) + 16384];
	struct holder copy = *h;
	size_t at = sizeof(copy), len;
	int i;

	for (i = 0; i < STRINGS; i++) {
		const char *s = *string_of(&copy, i);

		len = strlen(s ? s : "");
		if (len > sizeof(buf) - at - STRINGS)
			len = sizeof(buf) - at - STRINGS;
		memcpy(buf + at, s ? s : "", len);
		at += len;
		buf[at++] = '\0';
		*string_of(&copy, i) = NULL;
	}
	memcpy(buf, &copy, sizeof(copy));
	child_put(((struct work *)arg)->out, buf, at);
}

static bool is_self(const struct work *w, pid_t pid)
{
	size_t i;

	for (i = 0; i < w->nself; i++)
		if (w->self[i] == pid)
			return true;
	return false;
}

/* Ours by its name, and neither its program nor its root is the old root's. */
static bool is_lifeline(const struct found *f)
{
	if (f->holds & (HOLD_ROOT | HOLD_EXE))
		return false;
	return !strcmp(f->st.comm, "careen-lifeline") || !strcmp(f->st.comm, "lifeline") ||
	       !strcmp(f->st.comm, "dropbear");
}

static bool lies_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && (!path[len] || path[len] == '/');
}

/* Of the rescue, with nothing but the disk open, or files where a repair has mounted it. */
static bool at_work(const struct work *w, const struct found *f)
{
	bool repairs = !(f->holds & ~(HOLD_DEV | HOLD_FD | HOLD_CWD | HOLD_MAP)) &&
		       (lies_below(f->what, CAREEN_MNT) || lies_below(f->what, CAREEN_SAVE));

	return (f->holds == HOLD_DEV || repairs) && !w->stacked && rescue_process(f->st.pid);
}

/* Why a process is never to be killed, or NULL. */
static const char *keep_reason(const struct work *w, const struct found *f,
			       const char *cmdline)
{
	if (f->st.pid == 1)
		return f->holds & HOLD_ROOT ? "PID 1: the detach moves it" : "PID 1";
	if (is_lifeline(f))
		return "the lifeline";
	if (f->st.pid == w->self[0])
		return "this program itself";
	if (f->holds == HOLD_UNKNOWN && !w->stacked && rescue_process(f->st.pid))
		return "it runs in the rescue";
	/* In the normal system our parents are ordinary processes of it. */
	if (is_self(w, f->st.pid) && !(f->holds & HOLD_ROOT))
		return "this session";
	if (!strcmp(f->st.comm, "careen") && at_work(w, f))
		return "it looks at the disk";
	/* https://systemd.io/ROOT_STORAGE_DAEMONS: "@" says that a root file
	 * system's storage needs it. */
	if (cmdline[0] == '@')
		return "serves storage (its name begins with @)";
	return NULL;
}

/* Of a tool whose job was killed: it goes on [run/spawn.c]. */
static const char *whose_tool(const struct found *f)
{
	struct proc_stat up;
	char path[32];

	if (f->st.ppid <= 1)
		return "a tool at work, its job has died";
	text_fmt(path, sizeof(path), "/proc/%d/stat", f->st.ppid);
	return proc_stat_read(AT_FDCWD, path, &up) == 0 && !strcmp(up.comm, "careen") ?
	       "a tool at work, of a job" : "a tool at work";
}

static enum way_out way_out_of(const struct found *f, const char *keep, const char *tool)
{
	bool needed;

	if (keep)
		return OUT_KEEP;
	if (tool)
		return OUT_WAIT;
	return network_manager_name(f->st.comm, &needed) ? OUT_KILL : OUT_TERM;
}

static void one_process(struct work *w, pid_t pid)
{
	char cmdline[4096] = "", unit[256] = "", what[512];
	struct holder h = { .kind = HOLDER_PROCESS, .pid = pid };
	struct found f;
	const char *keep, *tool = NULL, *why;

	if (scan_process(&w->scan, pid, &f) < 0 || !f.holds)
		return;
	process_cmdline(pid, cmdline, sizeof(cmdline));
	process_unit(pid, unit, sizeof(unit));
	process_user(pid, &h.uid, h.user, sizeof(h.user));
	keep = keep_reason(w, &f, cmdline);
	if (!keep && at_work(w, &f))
		tool = whose_tool(&f);
	why = keep ? keep : tool;
	text_fmt(what, sizeof(what), "%s%s%s", why ? why : "",
		 why && f.st.pid != 1 && f.what[0] ? ": " : "",
		 keep && f.st.pid == 1 ? "" : f.what);
	h.out = way_out_of(&f, keep, tool);
	h.holds = f.holds;
	h.start = f.st.start;
	h.nfd = f.nfd;
	h.dev = f.dev;
	h.command = f.st.comm;
	h.cmdline = cmdline;
	h.unit = unit;
	h.what = what;
	send_holder(w, &h);
}

static void scan_worker(int out, unsigned worker, void *arg)
{
	struct work *w = arg;
	size_t i;

	w->out = out;
	kernel_overlays(&w->scan, w->ms);
	if (worker == 0)
		kernel_holders(&w->scan, w->ms, send_holder, w);
	while ((i = atomic_fetch_add(&w->shared->next, 1)) < w->npid) {
		atomic_store(&w->shared->current[worker], w->pid[i]);
		one_process(w, w->pid[i]);
		atomic_store(&w->shared->current[worker], 0);
	}
}

bool holder_only_looks(const struct holder *h)
{
	return h->out == OUT_KEEP && h->holds == HOLD_DEV;
}

int holders_add(struct holders *hs, const struct holder *h)
{
	struct holder row = *h;
	int i;

	if (!grow((void **)&hs->row, hs->n, &hs->cap, sizeof(*hs->row)))
		return -ENOMEM;
	for (i = 0; i < STRINGS; i++) {
		char **s = string_of(&row, i);

		*s = pool_text(&hs->texts, *s ? *s : "", *s ? strlen(*s) : 0);
		if (!*s)
			return -ENOMEM;
	}
	hs->row[hs->n++] = row;
	return 0;
}

/* See send_holder(). */
static int take_row(void *arg, const void *record, size_t size)
{
	struct work *w = arg;
	struct holder h;
	char *strings = (char *)record + sizeof(h);
	int i;

	(void)size;
	memcpy(&h, record, sizeof(h));
	for (i = 0; i < STRINGS; i++) {
		*string_of(&h, i) = strings;
		strings += strlen(strings) + 1;
	}
	return holders_add(w->hs, &h);
}

/*
 * A process that the scan did not get to, or got stuck in: never "no holder",
 * and never killed either if it may be what this session hangs on.
 */
static int add_unread(struct holders *hs, const struct work *w, pid_t pid)
{
	struct found f = { .holds = HOLD_UNKNOWN };
	struct holder h = { .kind = HOLDER_PROCESS, .pid = pid, .holds = HOLD_UNKNOWN };
	char path[32], what[256];
	const char *keep;

	text_fmt(path, sizeof(path), "/proc/%d/stat", pid);
	if (proc_stat_read(AT_FDCWD, path, &f.st) < 0 || (f.st.flags & PROC_PF_KTHREAD))
		return 0;
	keep = keep_reason(w, &f, "");
	h.out = way_out_of(&f, keep, NULL);
	h.start = f.st.start;
	text_fmt(what, sizeof(what), "%s%scould not be looked at in time",
		 keep ? keep : "", keep ? ": " : "");
	h.command = f.st.comm;
	h.what = what;
	return holders_add(hs, &h);
}

static int add_all_unread(struct holders *hs, const struct work *w)
{
	pid_t stuck = 0;
	size_t i;
	int code = 0;

	for (i = 0; i < CHILD_WORKERS && !code; i++) {
		pid_t pid = atomic_load(&w->shared->current[i]);

		if (!pid)
			continue;
		stuck = pid;
		code = add_unread(hs, w, pid);
	}
	for (i = atomic_load(&w->shared->next); i < w->npid && !code; i++)
		code = add_unread(hs, w, w->pid[i]);
	hs->incomplete = true;
	if (stuck)
		text_fmt(hs->note, sizeof(hs->note), "looking at pid %d hung for %u s: "
			 "it may use a server that does not answer", stuck,
			 holders_deadline_ms / 1000);
	else
		text_fmt(hs->note, sizeof(hs->note), "the scan took longer than %u s",
			 holders_deadline_ms / 1000);
	return code;
}

static int compare_holders(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;
	bool px = x->kind == HOLDER_PROCESS, py = y->kind == HOLDER_PROCESS;

	if (px != py)
		return px ? 1 : -1;
	if (px)
		return x->pid < y->pid ? -1 : x->pid > y->pid;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->command, y->command);
}

static void count(struct holders *hs)
{
	size_t i;

	for (i = 0; i < hs->n; i++) {
		if (hs->row[i].kind == HOLDER_PROCESS)
			hs->n_process++;
		else
			hs->n_kernel++;
		if (hs->row[i].holds & HOLD_UNKNOWN)
			hs->n_unknown++;
	}
	if (hs->n)
		qsort(hs->row, hs->n, sizeof(*hs->row), compare_holders);
}

static int run_scan(struct holders *hs, struct work *w, struct error *err)
{
	const struct child_work work = {
		.look = scan_worker, .take = take_row, .arg = w, .workers = CHILD_WORKERS,
		.deadline_ms = holders_deadline_ms,
	};
	bool partial;
	int code = children_run(&work, &partial, err);

	if (code < 0)
		return code;
	if (partial)
		code = add_all_unread(hs, w);
	if (code < 0)
		return error_set(err, code, "look for holders", "", NULL, NULL);
	count(hs);
	return 0;
}

int holders_read(struct holders *hs, const struct mounts *ms,
		 const dev_t *devs, size_t ndevs, struct error *err)
{
	const struct mount *top = mounts_old_top(ms);
	struct holders all = { 0 };
	struct work w = { .ms = ms, .stacked = top && !top->skip, .hs = &all };
	pid_t *pid = NULL;
	int code = pids_list(AT_FDCWD, "/proc", &pid, &w.npid);

	if (code < 0)
		return error_set(err, code, "look for holders", "/proc", NULL, NULL);
	/* Listed before the children are born: they are not among them. */
	w.pid = pid;
	w.nself = process_ancestors(w.self, MAX_ANCESTORS);
	w.shared = shared_new(sizeof(*w.shared));
	code = w.shared ? scan_init(&w.scan, ms, devs, ndevs, false) : -ENOMEM;
	if (code < 0)
		error_set(err, code, "look for holders", "", NULL, NULL);
	else
		code = run_scan(&all, &w, err);
	scan_free(&w.scan);
	shared_free(w.shared, sizeof(*w.shared));
	free(pid);
	if (code < 0)
		holders_free(&all);
	else
		*hs = all;
	return code;
}

int holders_add_unseen(struct holders *hs, const char *name, dev_t dev)
{
	struct holder h = { .kind = HOLDER_UNSEEN, .out = OUT_NONE, .dev = dev };
	char what[300];
	int code;

	text_fmt(what, sizeof(what), "/dev/%s is held by the kernel, unseen", name);
	h.command = (char *)name;
	h.what = what;
	code = holders_add(hs, &h);
	if (code < 0)
		return code;
	h = hs->row[hs->n - 1];
	memmove(hs->row + 1, hs->row, (hs->n - 1) * sizeof(*hs->row));
	hs->row[0] = h;
	hs->n_kernel++;
	return 0;
}

void holders_free(struct holders *hs)
{
	free(hs->row);
	pool_free(hs->texts);
	*hs = (struct holders){ 0 };
}

uint64_t process_start(pid_t pid)
{
	struct proc_stat st;
	char path[32];

	text_fmt(path, sizeof(path), "/proc/%d/stat", pid);
	return proc_stat_read(AT_FDCWD, path, &st) < 0 ? 0 : st.start;
}
