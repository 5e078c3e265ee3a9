/* console.c - the console's loop: wait for the kernel, the worker or a key */
#include "console.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.h"
#include "cli.h"
#include "clock.h"
#include "plan/deadman.h"
#include "run/deadman.h"
#include "shell.h"
#include "watch.h"

#define RESCAN_MS 3000		/* holders, while they are on the screen */
#define SETTLE_MS 200		/* after one snapshot, before the next for an event */
#define IDLE_MS 10000		/* a key after this long looks again */
#define JOB_MS 100		/* a chatty job is read ten times a second at most */

enum { FD_KEYS = WATCH_FDS, FD_RESIZE, FDS };

static void note(struct note *n, int style, const char *fmt, va_list ap)
{
	vsnprintf(n->text, sizeof(n->text), fmt, ap);
	n->style = style;
}

void console_note(struct console *c, int style, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(&c->note, style, fmt, ap);
	va_end(ap);
	c->dirty = true;
}

/* What has come about by itself does not take the place of an answer to a key. */
static void show_news(struct console *c)
{
	if (c->note.text[0] || !c->news.text[0])
		return;
	c->note = c->news;
	c->news.text[0] = '\0';
	c->dirty = true;
}

__attribute__((format(printf, 3, 4)))
static void console_news(struct console *c, int style, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(&c->news, style, fmt, ap);
	va_end(ap);
	show_news(c);
}

void console_error(struct console *c, const struct error *err)
{
	char text[640];

	error_text(err, text, sizeof(text));
	if (text[0] >= 'a' && text[0] <= 'z')
		text[0] -= 'a' - 'A';
	console_note(c, ST_WARN, "%s", text);
}

bool console_job_running(const struct console *c)
{
	return c->job && c->job->status == JOB_RUNNING;
}

bool console_may_write(const struct console *c)
{
	return c->snap && c->snap->host.place == PLACE_RESCUE &&
	       (!c->writer.pid || c->writer.mine);
}

void console_choose(struct console *c, int index)
{
	if (index < 0 || index >= c->nsteps)
		return;
	c->step = index;
	c->step_chosen = true;
	screen_update(c);
}

void console_view(struct console *c, const char *name)
{
	const struct screen_ops *ops = name ? screen_find(name) : NULL;

	if (ops)
		screen_push(c, ops);
}

static void count_steps(struct console *c)
{
	c->nsteps = 0;
	while (steps[c->nsteps] && c->nsteps < MAX_STEPS)
		c->nsteps++;
}

/* The operator's choice holds until a job has ended; then the next step leads. */
static void judge_steps(struct console *c)
{
	const struct step *next = step_next(c->snap);

	for (int i = 0; i < c->nsteps; i++) {
		memset(&c->state[i], 0, sizeof(c->state[i]));
		steps[i]->state(c->snap, &c->state[i]);
	}
	for (int i = 0; i < c->nsteps && !c->step_chosen; i++)
		if (steps[i] == next)
			c->step = i;
}

static void forget_terminal(struct console *c)
{
	for (size_t i = 0; i < sizeof(c->terminal) / sizeof(c->terminal[0]); i++) {
		free(c->terminal[i]);
		c->terminal[i] = NULL;
	}
	c->terminal_job[0] = '\0';
}

void console_terminal(struct console *c, const char *id, char *const argv[])
{
	forget_terminal(c);
	text_fmt(c->terminal_job, sizeof(c->terminal_job), "%s", id);
	for (size_t i = 0; argv[i] && i + 1 < sizeof(c->terminal) / sizeof(c->terminal[0]); i++)
		c->terminal[i] = strdup(argv[i]);
}

static void visit_terminal(struct console *c)
{
	int r;

	term_suspend();
	r = shell_run(c->terminal);
	term_resume();
	if (r == 0)
		console_note(c, ST_NORMAL, "%s has ended. The Devices view shows what the kernel has "
			     "read; if that is the old table: Read the table again.", c->terminal[0]);
	else
		console_note(c, ST_WARN, "%s has ended with %s %d.", c->terminal[0],
			     r < 0 ? "error" : "status", r < 0 ? -r : r);
	c->stale = c->hurry = c->dirty = true;
}

/* The latest job is the one that a program waits for, and has ended. */
static void end_of_job(struct console *c)
{
	if (!c->terminal_job[0] || strcmp(c->terminal_job, c->job->id) || console_job_running(c))
		return;
	if (c->job->status == JOB_DONE && c->terminal[0])
		visit_terminal(c);
	forget_terminal(c);
}

void console_read_job(struct console *c)
{
	struct job_view *job = NULL;
	bool was_running = console_job_running(c), news;

	c->job_stale = false;
	c->job_read_ms = clock_mono_ms();
	if (job_read(NULL, &job, NULL) < 0)
		return;
	news = !c->job || strcmp(c->job->id, job->id);
	job_free(c->job);
	c->job = job;
	watch_job(c->watch, console_job_running(c) ? job->id : "");
	if (console_job_running(c) && !was_running &&
	    screen_top(c) != &screen_job && screen_top(c) != &screen_ask)
		screen_push(c, &screen_job);
	/* a quick job has ended before it was ever seen running */
	if ((was_running || news) && !console_job_running(c)) {
		c->stale = c->hurry = true;
		c->step_chosen = false;
	}
	end_of_job(c);
	screen_update(c);
}

/*
 * Once a second while it is armed: what is left is on the screen, and other consoles,
 * jobs and the lifeline have their part in it.
 */
static void read_deadman(struct console *c)
{
	struct deadman was = c->deadman;
	int64_t now = clock_boot_ms();

	deadman_read(&c->deadman);
	c->deadman_read_ms = now;
	/* the other way for it to go is that its time was over */
	if (was.relogin && !c->deadman.relogin && c->deadman.armed && relogin_left_ms(&was, now) > 1500)
		console_news(c, ST_GOOD, "The new login has worked: the way in is proven, Kill is kept.");
}

static bool clock_shown(const struct console *c)
{
	return c->snap && c->snap->host.place == PLACE_RESCUE &&
	       (c->deadman.armed || c->deadman.relogin);
}

/* The phase after which nothing starts by itself is told when it begins. */
static void tell_phase(struct console *c, const struct snapshot *old)
{
	char why[200];

	if (old && c->deadman.armed && deadman_end(old, why, sizeof(why)) != DEADMAN_HOLDS &&
	    deadman_end(c->snap, why, sizeof(why)) == DEADMAN_HOLDS)
		console_news(c, ST_WARN, "From now on the dead-man timer only holds the way in open. %s", why);
}

static void new_snapshot(struct console *c, const struct watch_events *ev)
{
	struct snapshot *old = c->snap;
	void (*act)(struct console *c);

	c->snap_error = ev->error;
	if (!ev->snap) {
		if (ev->failed && c->snap)
			console_error(c, &ev->error);
		if (ev->failed)
			c->when_fresh = NULL;
		c->dirty = true;
		return;
	}
	/* The first console in the rescue writes; who comes later watches. */
	if (!old && ev->snap->host.place == PLACE_RESCUE)
		(void)writer_take(false, NULL);
	c->snap = ev->snap;
	writer_read(&c->writer);
	read_deadman(c);
	tell_phase(c, old);
	judge_steps(c);
	if (!c->job || strcmp(c->job->id, c->snap->job.id) ||
	    console_job_running(c) != c->snap->job.running)
		c->job_stale = c->snap->job.id[0] != '\0';
	screen_update(c);
	snapshot_free(old);
	/* on a machine that never rests, the second look is new enough */
	if (c->when_fresh && (console_fresh(c) || ++c->looks > 1)) {
		act = c->when_fresh;
		c->when_fresh = NULL;
		c->note.text[0] = '\0';
		act(c);
		show_news(c);
	}
}

static void visit_shell(struct console *c)
{
	int r;

	term_suspend();
	r = shell_visit();
	term_resume();
	if (r < 0)
		console_note(c, ST_WARN, "There is no shell here: %s.", strerror(-r));
	c->stale = c->hurry = c->dirty = true;
}

static void take_over(struct console *c)
{
	struct error err = { 0 };

	if (!c->snap || c->snap->host.place != PLACE_RESCUE)
		return console_note(c, ST_NORMAL, "Nothing is written from here.");
	if (c->writer.mine)
		return console_note(c, ST_NORMAL, "You are the one who writes already.");
	if (writer_take(true, &err) < 0)
		return console_error(c, &err);
	writer_read(&c->writer);
	console_note(c, ST_NORMAL, "You write now; the other console watches.");
}

static void quit(struct console *c)
{
	c->quit = true;
}

static void show_job(struct console *c)
{
	if (c->job)
		screen_push(c, &screen_job);
	else
		console_note(c, ST_NORMAL, "There has been no job yet.");
}

/*
 * What ends by itself, and its end is not announced: a disk that is busy for no reason that shows
 * (an umount has left the mount table, but the kernel is still writing); a tool that somebody has
 * begun in a shell.
 */
static bool settles(const struct snapshot *s)
{
	for (size_t i = 0; s && i < s->devs.n; i++) {
		const struct blockdev *d = &s->devs.row[i];

		if (d->busy_open && !d->mounted && !d->swap && !d->stacked &&
		    !blockdevs_child_busy(&s->devs, i))
			return true;
	}
	for (size_t i = 0; s && i < s->holders.n; i++)
		if (s->holders.row[i].out == OUT_WAIT)
			return true;
	return false;
}

bool console_fresh(const struct console *c)
{
	return c->snap && !c->stale && !watch_busy(c->watch);
}

void console_when_fresh(struct console *c, void (*act)(struct console *c))
{
	c->when_fresh = NULL;
	c->looks = 0;
	if (settles(c->snap))
		c->stale = true;
	if (console_fresh(c))
		return act(c);
	c->when_fresh = act;
	console_note(c, ST_DIM, "Looking at the machine…");
}

/* Keys that mean the same on every screen. */
static void handle_request(struct console *c, enum request request)
{
	if (screen_top(c)->request && screen_top(c)->request(c, request))
		return;
	switch (request) {
	case REQ_HELP: screen_push(c, &screen_help); break;
	case REQ_VIEW: screen_turn(c, 1); break;
	case REQ_VIEW_BACK: screen_turn(c, -1); break;
	case REQ_ENTER: case REQ_PLAN: console_when_fresh(c, console_run_step); break;
	case REQ_BACK: screen_pop(c); break;
	case REQ_LOG: screen_push(c, &screen_log); break;
	case REQ_JOB: show_job(c); break;
	case REQ_SHELL: visit_shell(c); break;
	case REQ_TAKE_OVER: take_over(c); break;
	case REQ_REFRESH: c->stale = c->hurry = true; break;
	case REQ_REDRAW: term_redraw(); break;
	case REQ_QUIT: quit(c); break;
	default: break;
	}
}

/*
 * A key is what tells that somebody is there: a console whose connection is dead draws on for
 * minutes.
 */
static void see_job(struct console *c)
{
	if (screen_top(c) != &screen_job || !c->job || c->job->seen || console_job_running(c))
		return;
	job_mark_seen(c->job->id);
	c->job->seen = true;
}

static void take_key(struct console *c, int key)
{
	const struct screen_ops *top = screen_top(c);
	bool small = term_cols() < TERM_MIN_COLS || term_rows() < TERM_MIN_ROWS;
	int64_t now = clock_mono_ms();

	c->note.text[0] = '\0';
	c->dirty = true;
	c->when_fresh = NULL;
	if (now - c->key_ms > IDLE_MS)
		c->stale = true;
	c->key_ms = now;
	if (clock_shown(c)) {
		deadman_keep();
		read_deadman(c);
	}
	/* What cannot be read must not be answered. */
	if (small) {
		if (key == 'q' || key == K_F10)
			quit(c);
		return;
	}
	see_job(c);
	if (top->key && top->key(c, key))
		return;
	if (top->view && key >= '1' && key < '1' + c->nsteps) {
		screen_push(c, &screen_overview);
		console_choose(c, key - '1');
		return;
	}
	handle_request(c, keymap_request(key));
}

static void handle_key(struct console *c, int key)
{
	take_key(c, key);
	show_news(c);
}

/* When may the machine be looked at again, at no more than a fifth of the time? */
static int64_t next_look(const struct console *c, int64_t least)
{
	int64_t rest = 4 * watch_cost_ms(c->watch);

	return watch_ended_ms(c->watch) + (rest > least ? rest : least);
}

static void sooner(int64_t *timeout, int64_t ms)
{
	if (ms < 0)
		ms = 0;
	if (*timeout < 0 || ms < *timeout)
		*timeout = ms;
}

/* Start what is due; returns how long poll() may sleep, -1 = for ever. */
static int64_t schedule(struct console *c)
{
	int64_t now = clock_mono_ms(), timeout = -1;
	bool polled = screen_top(c)->polled || settles(c->snap);

	/* first, since a job that has ended asks for a look at the machine */
	if (c->job_stale && now >= c->job_read_ms + JOB_MS)
		console_read_job(c);
	else if (c->job_stale)
		sooner(&timeout, c->job_read_ms + JOB_MS - now);
	if (polled && now >= next_look(c, RESCAN_MS))
		c->stale = true;
	if (c->stale && !watch_busy(c->watch)) {
		/* who waits for the answer is not made to wait longer */
		if (now >= next_look(c, SETTLE_MS) || !c->snap || c->hurry || c->when_fresh) {
			c->stale = c->hurry = false;
			watch_refresh(c->watch);
		} else {
			sooner(&timeout, next_look(c, SETTLE_MS) - now);
		}
	}
	if (polled && !watch_busy(c->watch))
		sooner(&timeout, next_look(c, RESCAN_MS) - now);
	if (clock_shown(c) && clock_boot_ms() - c->deadman_read_ms >= 1000)
		read_deadman(c);
	if (console_job_running(c) || clock_shown(c))
		sooner(&timeout, 1000 - clock_boot_ms() % 1000);
	return timeout;
}

static void handle_events(struct console *c, const struct pollfd *fds)
{
	struct watch_events ev;

	watch_handle(c->watch, fds, &ev);
	c->stale |= ev.machine;
	c->job_stale |= ev.job;
	if (fds[WATCH_WORKER].revents)
		new_snapshot(c, &ev);
	if (fds[FD_RESIZE].revents) {
		term_resized();
		c->dirty = true;
	}
}

/* false: the terminal has gone. */
static bool handle_terminal(struct console *c, int revents)
{
	int key;

	if (!revents)
		return true;
	if (term_hung_up(revents))
		return false;
	while (!c->quit && (key = term_key()) != K_NONE)
		handle_key(c, key);
	return true;
}

static bool turn(struct console *c)
{
	struct pollfd fds[FDS];
	int64_t timeout = schedule(c);
	int n;

	if (c->dirty)
		screen_draw(c);
	c->dirty = false;
	watch_poll(c->watch, fds);
	fds[FD_KEYS] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	fds[FD_RESIZE] = (struct pollfd){ .fd = term_resize_fd(), .events = POLLIN };
	n = poll(fds, FDS, timeout > 60000 ? 60000 : (int)timeout);
	if (n < 0)
		return errno == EINTR;
	if (n == 0) {
		c->dirty = console_job_running(c) || clock_shown(c);
		return true;
	}
	handle_events(c, fds);
	return handle_terminal(c, fds[FD_KEYS].revents);
}

/* What a look at a large machine took is given back when the next one has come. */
static void keep_small(void)
{
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 64 << 10);
	mallopt(M_TRIM_THRESHOLD, 64 << 10);
}

/* Who was cut off from a job comes back to how it ended. */
static void show_unseen(struct console *c)
{
	if (!c->job || c->job->seen || console_job_running(c))
		return;
	screen_push(c, &screen_job);
	console_note(c, ST_NORMAL, "Job %s came to its end with nobody to see it.", c->job->id);
}

static void start(struct console *c, const char *note)
{
	count_steps(c);
	c->key_ms = clock_mono_ms();
	c->stale = true;
	/* The console must not be swapped out to the disk it helps to free. */
	(void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
	screen_push(c, &screen_overview);
	console_read_job(c);
	show_unseen(c);
	if (*note)
		console_note(c, ST_WARN, "%s", note);
}

static void farewell(const struct console *c)
{
	if (console_job_running(c))
		printf("Job %s (%s) goes on. Log in again to see it, or: careen log --follow\n",
		       c->job->id, c->job->step);
}

int console_run(void)
{
	static struct console c;
	const char *note;
	int r = term_open(&note);

	if (r < 0)
		return r;
	keep_small();
	c.watch = watch_new();
	start(&c, note);
	while (!c.quit)
		if (!turn(&c))
			_exit(EXIT_HANGUP);
	term_close();
	writer_release();
	watch_free(c.watch);
	farewell(&c);
	return 0;
}
