/*
 * keys.c - what is typed at the console, on the machines that tests/fixtures makes up
 *
 * The input's first byte is the machine, from 128 on with every program, the second the
 * terminal's size, the rest are keys. Five that the console has no use for do what no key can:
 * ^A types the word that is asked for; ^E makes the machine the one that the next byte tells, with
 * no job of this console's; ^D ends the job that was started, badly if the next byte is odd; ^W
 * gives the terminal the size of the next byte; at ^T three minutes have gone by.
 *
 * Whatever is typed: no job starts while another operator writes, nor without the word and the
 * secret that its plan asks for.
 */
#include "console.c"
#include "screens/confirm.c"

#include "fixture.h"
#include "fuzz.h"
#include "fuzz_term.h"
#include "provider.h"

int __wrap_shell_visit(void);
int __wrap_shell_run(char *const argv[]);

static struct console con;
static bool all_programs;

int __wrap_shell_visit(void)
{
	return 0;
}

int __wrap_shell_run(char *const argv[])
{
	return argv[0] ? 0 : -ENOENT;
}

/* The word: typed is what stood in the line when Enter came. */
static void at_start(const struct plan *started)
{
	if (!console_may_write(&con) || plan != started ||
	    (started->token && !word_given && strcmp(typed, started->token)))
		abort();
	for (size_t i = 0; i < started->n; i++)
		if (started->ops[i].needs_secret && !started->ops[i].secret)
			abort();
}

static void look(void)
{
	struct watch_events ev = { .snap = fixture_snapshot(scene_now()) };

	if (all_programs) {
		free(ev.snap->programs.names);
		ev.snap->programs.names = NULL;
	}
	con.stale = con.hurry = false;
	new_snapshot(&con, &ev);
}

/* 2,000 mounts tell nothing that few in a small window do not, and take fifty times as long. */
static void choose(int which)
{
	const char *name = scene_name((unsigned)which);

	all_programs = which >= 128;
	setenv("CAREEN_SCENE", strcmp(name, "huge") ? name : "killed", 1);
}

static void machine(int which)
{
	provider_forget();
	choose(which);
	con.job_stale = true;
	look();
}

static void end_job(int which)
{
	provider_end_job(which % 2 ? JOB_FAILED : JOB_DONE);
	console_read_job(&con);
}

static void size(int which)
{
	static const struct { int rows, cols; } sizes[] = {
		{ 24, 80 }, { 16, 60 }, { 43, 132 }, { 15, 59 }, { 24, 71 }, { 200, 300 }, { 1, 1 },
	};
	size_t i = (size_t)which % (sizeof(sizes) / sizeof(sizes[0]));

	fuzz_term_size(sizes[i].rows, sizes[i].cols);
}

/* @n: at most what a pipe has room for, more would wait for ever. */
static void type(const char *keys, size_t n)
{
	int key;

	if (write(fuzz_term(), keys, n) != (ssize_t)n)
		abort();
	while ((key = term_key()) != K_NONE) {
		if (con.quit)
			continue;
		handle_key(&con, key);
		if (con.job_stale)
			console_read_job(&con);
		if (con.stale)
			look();
		/* letters may come faster than they are drawn */
		if (key < 0x20 || key >= K_UP)
			screen_draw(&con);
	}
	screen_draw(&con);
}

/* Returns how many bytes of @at were used. */
static size_t act(const char *at, size_t n)
{
	int next = n > 1 ? (unsigned char)at[1] : 0;
	size_t keys = 0;

	switch (*at) {
	case K_CTRL('a'):
		if (plan && plan->token)
			type(plan->token, strlen(plan->token));
		return 1;
	case K_CTRL('e'):
		machine(next);
		break;
	case K_CTRL('d'):
		end_job(next);
		break;
	case K_CTRL('w'):
		size(next);
		break;
	case K_CTRL('t'):
		setenv("CAREEN_LATER", "/", 1);
		return 1;
	default:
		while (keys < n && keys < 4096 && !memchr("\1\4\5\24\27", at[keys], 5))
			keys++;
		type(at, keys);
		return keys;
	}
	return n > 1 ? 2 : 1;
}

/* No text to look for stays, and the cursor is on the first line; how it is sorted does stay. */
static void leave_list(void)
{
	const struct screen_ops *top = screen_top(&con);

	if (top->key)
		top->key(&con, K_ESC);
	top = screen_top(&con);
	if (top->request) {
		top->request(&con, REQ_BACK);
		top->request(&con, REQ_HOME);
	}
}

/* As at the program's end, but for what every console has. */
static void end(void)
{
	while (con.depth > 1) {
		leave_list();
		screen_pop(&con);
	}
	for (int i = 0; screen_views[i]; i++) {
		screen_push(&con, screen_views[i]);
		leave_list();
	}
	screen_push(&con, &screen_overview);
	forget_terminal(&con);
	snapshot_free(con.snap);
	job_free(con.job);
	con = (struct console){ .watch = con.watch };
	provider_forget();
	unsetenv("CAREEN_LATER");
}

void fuzz_one(char *text, size_t n)
{
	if (n < 2)
		return;
	fuzz_term();
	provider_on_start = at_start;
	if (!con.watch)
		con.watch = watch_new();
	choose((unsigned char)text[0]);
	size((unsigned char)text[1]);
	start(&con, "");
	look();
	for (size_t at = 2; at < n && !con.quit; )
		at += act(text + at, n - at);
	end();
}
