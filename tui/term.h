/*
 * term.h - the terminal: the only files that know curses are this and term.c
 *
 * Text is UTF-8 and may come from anywhere: term_put() makes it safe and, on a
 * terminal without UTF-8, writes the glyphs of ours in ASCII.
 */
#ifndef CAREEN_TERM_H
#define CAREEN_TERM_H

#include <stdbool.h>
#include <stddef.h>

#define TERM_MIN_COLS 60
#define TERM_MIN_ROWS 16

/* What a piece of text is, not what it looks like; or'ed with ST_SELECT. */
enum style {
	ST_NORMAL, ST_DIM, ST_BOLD, ST_ACCENT, ST_GOOD, ST_WARN, ST_BAD, ST_STYLES,
	ST_SELECT = 16,
};

/* Keys that are not characters lie above Unicode. */
enum key {
	K_ENTER = '\r', K_TAB = '\t', K_ESC = 27,
	K_UP = 0x110000, K_DOWN, K_LEFT, K_RIGHT, K_PGUP, K_PGDN, K_HOME, K_END,
	K_BACKSPACE, K_DELETE, K_BTAB, K_F1, K_F5, K_F10,
	K_NONE, K_HANGUP,
};

#define K_CTRL(c) ((c) & 0x1f)

struct box {
	int y, x, h, w;
};

/* 0, or -ENOTTY (no terminal), -ENOENT (TERM=dumb); the note is "" or a remark. */
int term_open(const char **ret_note);
void term_close(void);
/* Leave the screen to another program, and come back. */
void term_suspend(void);
void term_resume(void);

int term_rows(void);
int term_cols(void);
bool term_utf8(void);
/* Readable (poll) when the window's size has changed. */
int term_resize_fd(void);
void term_resized(void);

/* Next key without waiting; K_NONE when there is none, K_HANGUP at the end. */
int term_key(void);
/* poll() says stdin is readable: is anything there, or is it the end? */
bool term_hung_up(int revents);

void term_clear(void);
void term_flush(void);
void term_redraw(void);
/* At most @w columns of @s; an ellipsis where it is cut. Returns columns used. */
int term_put(int y, int x, int w, int style, const char *s);
int term_putf(int y, int x, int w, int style, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* Right-aligned in @w columns. */
void term_put_right(int y, int x, int w, int style, const char *s);
/* Cut in the middle: both ends of a path matter. */
int term_put_middle(int y, int x, int w, int style, const char *s);
void term_fill(int y, int x, int w, int style, const char *glyph);
void term_cursor(int y, int x);

/* Columns @s takes on this terminal, once it is made safe. */
int term_width(const char *s);
/*
 * How many bytes of @s fit into @w columns when lines are broken at blanks;
 * *@ret_skip are the blanks after them.
 */
size_t term_wrap(const char *s, int w, size_t *ret_skip);

#endif
