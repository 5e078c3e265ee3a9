/* term.c - curses in and out; see term.h */
#include "term.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include <curses.h>

#include "base/text.h"
#include "cli.h"

#define MAX_CELLS 512

/* From curses' own term.h, whose name ours takes. */
extern int setupterm(const char *name, int fd, int *err);

static struct {
	bool open, utf8, colour;
	int pipe[2];
	int cursor_y, cursor_x;
	struct termios shell;
	attr_t attr[ST_STYLES];
} term = { .pipe = { -1, -1 }, .cursor_y = -1 };

/* Ours, in a terminal that cannot show them. One column each. */
static const struct {
	wchar_t glyph;
	char ascii;
} translit[] = {
	{ L'✓', '+' }, { L'✗', 'x' }, { L'▸', '>' }, { L'·', '.' }, { L'●', '*' },
	{ L'–', '-' }, { L'…', '~' }, { L'×', 'x' }, { L'→', '>' },
	{ L'│', '|' }, { L'─', '-' }, { L'├', '|' }, { L'└', '+' }, { L'┌', '+' },
	{ L'┐', '+' }, { L'┘', '+' }, { L'█', '#' }, { L'░', '.' }, { L'▲', '^' },
	{ L'▼', 'v' },
};

static const struct {
	int curses, key;
} keys[] = {
	{ KEY_UP, K_UP }, { KEY_DOWN, K_DOWN }, { KEY_LEFT, K_LEFT },
	{ KEY_RIGHT, K_RIGHT }, { KEY_PPAGE, K_PGUP }, { KEY_NPAGE, K_PGDN },
	{ KEY_HOME, K_HOME }, { KEY_END, K_END }, { KEY_A1, K_HOME }, { KEY_C1, K_END },
	{ KEY_BACKSPACE, K_BACKSPACE }, { KEY_DC, K_DELETE }, { KEY_BTAB, K_BTAB },
	{ KEY_F(1), K_F1 }, { KEY_F(5), K_F5 }, { KEY_F(10), K_F10 },
	{ KEY_ENTER, K_ENTER },
};

static void on_winch(int sig)
{
	int saved = errno;

	(void)sig;
	(void)!write(term.pipe[1], "w", 1);
	errno = saved;
}

/* The terminal is gone: there is nothing to restore and nobody to tell. */
static void on_hangup(int sig)
{
	(void)sig;
	_exit(EXIT_HANGUP);
}

/*
 * Over ssh LANG is seldom passed on; every terminal of this century that says
 * nothing about its character set is UTF-8. Who says LANG=C gets ASCII.
 */
static void choose_locale(void)
{
	const char *vars[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *named = NULL;

	for (size_t i = 0; i < 3 && !named; i++) {
		const char *v = getenv(vars[i]);

		if (v && *v)
			named = v;
	}
	if (!named || (!setlocale(LC_CTYPE, "") &&
		       (strcasestr(named, "UTF-8") || strcasestr(named, "utf8"))))
		setlocale(LC_CTYPE, "C.UTF-8");
	term.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* setupterm() first: initscr() would exit() on a terminal it does not know. */
static int choose_terminal(const char **note)
{
	static char text[120];
	static const char *const fallback[] = { "xterm", "vt100", "ansi" };
	const char *name = getenv("TERM");
	int err;

	*note = "";
	if (name && strcmp(name, "dumb") == 0)
		return -ENOENT;
	if (name && *name && setupterm(name, STDOUT_FILENO, &err) == OK)
		return 0;
	for (size_t i = 0; i < 3; i++) {
		if (setupterm(fallback[i], STDOUT_FILENO, &err) != OK)
			continue;
		text_fmt(text, sizeof(text),
			 "This terminal calls itself \"%.40s\", which is unknown here; "
			 "treated as %s.", name ? name : "", fallback[i]);
		setenv("TERM", fallback[i], 1);
		*note = text;
		return 0;
	}
	return -ENOENT;
}

static void choose_styles(void)
{
	static const struct {
		enum style style;
		short colour;
		attr_t mono, with_colour;
	} rows[] = {
		{ ST_DIM, -1, A_DIM, A_DIM },
		{ ST_BOLD, -1, A_BOLD, A_BOLD },
		{ ST_ACCENT, COLOR_CYAN, A_BOLD, A_NORMAL },
		{ ST_GOOD, COLOR_GREEN, A_NORMAL, A_NORMAL },
		{ ST_WARN, COLOR_YELLOW, A_BOLD, A_NORMAL },
		{ ST_BAD, COLOR_RED, A_BOLD, A_BOLD },
	};
	const char *no = getenv("NO_COLOR");

	term.colour = !(no && *no) && has_colors() && start_color() == OK;
	if (term.colour)
		use_default_colors();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		term.attr[rows[i].style] = term.colour ? rows[i].with_colour : rows[i].mono;
		if (term.colour && rows[i].colour >= 0) {
			init_pair(rows[i].style, rows[i].colour, -1);
			term.attr[rows[i].style] |= COLOR_PAIR(rows[i].style);
		}
	}
}

static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_winch, .sa_flags = SA_RESTART };

	if (pipe2(term.pipe, O_CLOEXEC | O_NONBLOCK) == 0)
		sigaction(SIGWINCH, &sa, NULL);
	sa.sa_handler = on_hangup;
	sigaction(SIGHUP, &sa, NULL);
	sigaction(SIGPIPE, &sa, NULL);
}

/* ^C is what a frightened hand presses: it must be a key, not an end. */
static void quiet_keys(void)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &t) < 0)
		return;
	t.c_cc[VINTR] = t.c_cc[VQUIT] = _POSIX_VDISABLE;
	t.c_iflag &= ~IXON;
	tcsetattr(STDIN_FILENO, TCSANOW, &t);
	def_prog_mode();
}

int term_open(const char **ret_note)
{
	int r;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
	    tcgetattr(STDIN_FILENO, &term.shell) < 0)
		return -ENOTTY;
	choose_locale();
	r = choose_terminal(ret_note);
	if (r < 0)
		return r;
	if (!newterm(NULL, stdout, stdin))
		return -ENOENT;
	cbreak();
	noecho();
	nonl();
	quiet_keys();
	/*
	 * Until its first endwin() mvcur() takes itself for one that a program without a
	 * screen calls, and flushes (ncurses, tinfo/lib_mvcur.c: ewInitial): a write(2) for
	 * each move, with an ssh packet each. From then on there is one a refresh.
	 */
	endwin();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(50);
	leaveok(stdscr, FALSE);
	/* a list that scrolls by a line is not sent anew */
	idlok(stdscr, TRUE);
	curs_set(0);
	choose_styles();
	catch_signals();
	term.open = true;
	return 0;
}

void term_close(void)
{
	if (!term.open)
		return;
	curs_set(1);
	endwin();
	tcsetattr(STDIN_FILENO, TCSANOW, &term.shell);
	term.open = false;
}

void term_suspend(void)
{
	def_prog_mode();
	curs_set(1);
	endwin();
	tcsetattr(STDIN_FILENO, TCSANOW, &term.shell);
}

void term_resume(void)
{
	reset_prog_mode();
	quiet_keys();
	curs_set(0);
	term_resized();
	term_redraw();
}

int term_rows(void)
{
	return LINES;
}

int term_cols(void)
{
	return COLS;
}

bool term_utf8(void)
{
	return term.utf8;
}

int term_resize_fd(void)
{
	return term.pipe[0];
}

void term_resized(void)
{
	struct winsize ws;
	char buf[64];

	while (read(term.pipe[0], buf, sizeof(buf)) > 0)
		;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_row && ws.ws_col)
		resizeterm(ws.ws_row, ws.ws_col);
	clearok(curscr, TRUE);
}

/*
 * A hung-up terminal is readable for ever with nothing to read. Curses cannot
 * tell that from "no key yet", so the kernel is asked.
 */
bool term_hung_up(int revents)
{
	int n = 0;

	if (revents & (POLLHUP | POLLERR | POLLNVAL))
		return true;
	return (revents & POLLIN) && (ioctl(STDIN_FILENO, FIONREAD, &n) < 0 || n == 0);
}

int term_key(void)
{
	wint_t wc;
	int r = get_wch(&wc);

	if (r == ERR)
		return K_NONE;
	if (r == OK) {
		if (wc == '\n')
			return K_ENTER;
		return wc == 0x7f || wc == '\b' ? K_BACKSPACE : (int)wc;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if ((wint_t)keys[i].curses == wc)
			return keys[i].key;
	return K_NONE;
}

void term_clear(void)
{
	erase();
	term.cursor_y = -1;
}

void term_flush(void)
{
	if (term.cursor_y >= 0) {
		move(term.cursor_y, term.cursor_x);
		curs_set(1);
	} else {
		curs_set(0);
	}
	refresh();
}

void term_redraw(void)
{
	clearok(curscr, TRUE);
}

void term_cursor(int y, int x)
{
	term.cursor_y = y;
	term.cursor_x = x < COLS ? x : COLS - 1;
}

static wchar_t shown(wchar_t c)
{
	if (term.utf8)
		return c;
	for (size_t i = 0; i < sizeof(translit) / sizeof(translit[0]); i++)
		if (translit[i].glyph == c)
			return translit[i].ascii;
	return c < 0x80 ? c : L'?';
}

/* UTF-8 by hand: the locale may be C, and text_clean() has proved it valid. */
static size_t decode(const char *s, wchar_t *ret)
{
	const unsigned char *u = (const unsigned char *)s;

	if (u[0] < 0x80)
		*ret = u[0];
	else if (u[0] < 0xe0)
		return *ret = (u[0] & 0x1f) << 6 | (u[1] & 0x3f), 2;
	else if (u[0] < 0xf0)
		return *ret = (u[0] & 0x0f) << 12 | (u[1] & 0x3f) << 6 | (u[2] & 0x3f), 3;
	else
		return *ret = (u[0] & 0x07) << 18 | (u[1] & 0x3f) << 12 |
			      (u[2] & 0x3f) << 6 | (u[3] & 0x3f), 4;
	return 1;
}

static int columns(wchar_t c)
{
	int w = c < 0x80 ? 1 : wcwidth(c);

	return w < 0 ? 1 : w;
}

struct cells {
	wchar_t c[MAX_CELLS];
	int n, width;
};

/* Safe, decoded, without combining marks (a column is a column). */
static void cells_from(struct cells *cells, const char *s)
{
	char clean[MAX_CELLS * 4];

	text_clean(clean, sizeof(clean), s);
	cells->n = cells->width = 0;
	for (const char *p = clean; *p && cells->n < MAX_CELLS - 1; ) {
		wchar_t c;

		p += decode(p, &c);
		c = shown(c);
		if (columns(c) == 0)
			continue;
		if (c >= 0x80 && wcwidth(c) < 0)
			c = L'?';
		cells->c[cells->n++] = c;
		cells->width += columns(c);
	}
}

static attr_t attributes(int style)
{
	if (style & ST_SELECT)
		return A_REVERSE | (term.attr[style & 15] & A_BOLD);
	return term.attr[style & 15];
}

static int put_cells(int y, int x, int style, const wchar_t *c, int n)
{
	int width = 0;

	if (y < 0 || y >= LINES || x < 0 || x >= COLS)
		return 0;
	attrset(attributes(style));
	mvaddnwstr(y, x, c, n);
	attrset(A_NORMAL);
	for (int i = 0; i < n; i++)
		width += columns(c[i]);
	return width;
}

/* How many of the first (step 1) or last (step -1) cells fit into @w columns. */
static int fit(const struct cells *cells, int w, int step)
{
	int n = 0, i = step > 0 ? 0 : cells->n - 1;

	for (; n < cells->n; n++, i += step) {
		w -= columns(cells->c[i]);
		if (w < 0)
			break;
	}
	return n;
}

static int put_cut(int y, int x, int w, int style, const char *s, int tail)
{
	struct cells cells;
	wchar_t dots = shown(L'…');
	int used, n;

	if (w <= 0)
		return 0;
	cells_from(&cells, s);
	if (cells.width <= w)
		return put_cells(y, x, style, cells.c, cells.n);
	n = fit(&cells, w - 1 - tail, 1);
	used = put_cells(y, x, style, cells.c, n);
	used += put_cells(y, x + used, style, &dots, 1);
	n = tail ? fit(&cells, w - used, -1) : 0;
	return used + put_cells(y, x + used, style, cells.c + cells.n - n, n);
}

int term_put(int y, int x, int w, int style, const char *s)
{
	return put_cut(y, x, w, style, s, 0);
}

int term_put_middle(int y, int x, int w, int style, const char *s)
{
	return put_cut(y, x, w, style, s, w > 8 ? w / 2 : 0);
}

int term_putf(int y, int x, int w, int style, const char *fmt, ...)
{
	char buf[MAX_CELLS];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	return term_put(y, x, w, style, buf);
}

void term_put_right(int y, int x, int w, int style, const char *s)
{
	int width = term_width(s);

	if (width < w)
		x += w - width, w = width;
	term_put(y, x, w, style, s);
}

void term_fill(int y, int x, int w, int style, const char *glyph)
{
	while (w-- > 0)
		term_put(y, x++, 1, style, glyph);
}

int term_width(const char *s)
{
	struct cells cells;

	cells_from(&cells, s);
	return cells.width;
}

size_t term_wrap(const char *s, int w, size_t *ret_skip)
{
	size_t i = 0, blank = 0, len = strlen(s);
	int width = 0;

	while (i < len && s[i] != '\n') {
		size_t next = i + 1;
		char one[8] = "";

		while (((unsigned char)s[next] & 0xc0) == 0x80 && next - i < 4)
			next++;
		memcpy(one, s + i, next - i);
		width += term_width(one);
		if (s[i] == ' ')
			blank = i;
		if (width > w && s[i] != ' ')
			break;
		i = next;
	}
	if (i < len && s[i] != '\n' && blank)
		i = blank;
	if (i == 0 && len && s[0] != '\n')
		i = 1;
	*ret_skip = 0;
	if (s[i] == '\n')
		*ret_skip = 1;
	else
		while (s[i + *ret_skip] == ' ')
			++*ret_skip;
	while (i && s[i - 1] == ' ')
		i--, ++*ret_skip;
	return i;
}
