/* fuzz_term.c - see fuzz_term.h; isatty(3) and tcgetattr(3) come here by --wrap */
#include "fuzz_term.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <curses.h>

#include "term.h"

int __wrap_isatty(int fd);
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);
int __wrap_tcgetattr(int fd, struct termios *t);

/* What curses keeps for itself until the end of the process. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libtinfo\nleak:libncursesw\n";
}

const char *__lsan_default_options(void)
{
	return "print_suppressions=0";
}

int __wrap_isatty(int fd)
{
	(void)fd;
	return 1;
}

int __wrap_tcgetattr(int fd, struct termios *t)
{
	(void)fd;
	memset(t, 0, sizeof(*t));
	return 0;
}

int fuzz_term(void)
{
	static int fd[2];
	const char *note;

	if (fd[1])
		return fd[1];
	setenv("TERM", "xterm", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("LINES", "24", 1);
	setenv("COLUMNS", "80", 1);
	if (pipe(fd) < 0 || dup2(fd[0], 0) < 0 || !freopen("/dev/null", "w", stdout) ||
	    term_open(&note) < 0)
		abort();
	/* all that will come is there: an Escape is waited for by nobody */
	set_escdelay(0);
	return fd[1];
}

void fuzz_term_size(int rows, int cols)
{
	if (rows != LINES || cols != COLS)
		resizeterm(rows, cols);
}
