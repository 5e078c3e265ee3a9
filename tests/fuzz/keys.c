/*
 * keys.c - what is typed at the console, on the machines that tests/fixtures makes up
 *
 * The input's first line is "SCENE ROWS COLS", the rest are keys. What the console keeps
 * between two inputs is what it keeps between two keys; its stack of screens begins anew.
 */
#include "console.c"

#include "fixture.h"
#include "fuzz.h"
#include "fuzz_term.h"

int __wrap_shell_visit(void);
int __wrap_shell_run(char *const argv[]);

int __wrap_shell_visit(void)
{
	return 0;
}

int __wrap_shell_run(char *const argv[])
{
	return argv[0] ? 0 : -ENOENT;
}

static void look(struct console *c)
{
	struct watch_events ev = { .snap = fixture_snapshot(scene_now()) };

	c->stale = c->hurry = false;
	new_snapshot(c, &ev);
}

static void type(struct console *c)
{
	int key;

	while ((key = term_key()) != K_NONE) {
		handle_key(c, key);
		if (c->job_stale)
			console_read_job(c);
		if (c->stale)
			look(c);
		screen_draw(c);
	}
}

void fuzz_one(char *text, size_t size)
{
	static struct console c;
	char scene[32] = "", *end = memchr(text, '\n', size);
	int fd = fuzz_term(), rows = 24, cols = 80;
	size_t n = end ? size - (size_t)(end + 1 - text) : 0;

	/* more than a pipe has room for would wait for ever */
	if (!end || n > 4096 || sscanf(text, "%31[a-z-] %3d %3d", scene, &rows, &cols) < 1)
		return;
	setenv("CAREEN_SCENE", scene, 1);
	fuzz_term_size(rows < 1 ? 1 : rows, cols < 1 ? 1 : cols);
	if (!c.watch)
		start(&c, "");
	look(&c);
	if (write(fd, end + 1, n) != (ssize_t)n)
		abort();
	type(&c);
	c.quit = false;
	screen_push(&c, &screen_overview);
}
