/*
 * local.c - the console on the machine's own screen or serial line, in the stub
 *
 * Only while the system is detached: before and after that its getty has the line.
 * There is no login, as in many a rescue system: who is at the machine's console has the
 * machine. So it is off unless careen.conf names lines (console=tty1 ttyS0).
 */
#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "common.h"

#define CONSOLE		"/usr/bin/careen"
#define MAX_LINES	4
#define AGAIN_MS	2000	/* a line that is not there must not make PID 1 spin */
#define STOP_MS		2000

static struct line {
	char name[32];
	pid_t pid;
	long long started;
} lines[MAX_LINES];
static size_t nlines;

static void read_lines(void)
{
	static char text[256];
	static bool done;
	char *save = NULL, *word;

	if (done)
		return;
	done = true;
	if (read_setting("consoles", text, sizeof(text)) <= 0)
		return;
	for (word = strtok_r(text, " ", &save); word && nlines < MAX_LINES;
	     word = strtok_r(NULL, " ", &save))
		snprintf(lines[nlines++].name, sizeof(lines[0].name), "%s", word);
}

/* Whoever was there before may have left it raw; 24x80 where nobody knows the size. */
static void make_sane(void)
{
	struct winsize size;
	struct termios t;

	if (!tcgetattr(0, &t)) {
		t.c_iflag = ICRNL | IXON | BRKINT;
		t.c_oflag = OPOST | ONLCR;
		t.c_lflag = ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK;
		t.c_cflag |= CREAD | CLOCAL | HUPCL;
		t.c_cc[VMIN] = 1;
		t.c_cc[VTIME] = 0;
		tcsetattr(0, TCSANOW, &t);
	}
	if (!ioctl(0, TIOCGWINSZ, &size) && (!size.ws_row || !size.ws_col)) {
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
		ioctl(0, TIOCSWINSZ, &size);
	}
}

/* Without waiting for a carrier. */
static int open_line(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return -1;
	fcntl(fd, F_SETFL, O_RDWR);
	for (int to = 0; to < 3; to++)
		if (fd != to && dup2(fd, to) < 0)
			return -1;
	if (fd > 2)
		close(fd);
	return 0;
}

/*
 * The getty of the old system, or who has logged in by it, would take every second key:
 * a hang-up takes the line from them, and from our own descriptors as well.
 */
static int take_line(const char *path)
{
	setsid();
	if (open_line(path) || ioctl(0, TIOCSCTTY, 1))
		return -1;
	signal(SIGHUP, SIG_IGN);
	vhangup();
	signal(SIGHUP, SIG_DFL);
	if (open_line(path))
		return -1;
	ioctl(0, TIOCSCTTY, 1);
	make_sane();
	return 0;
}

/* Not before a key is pressed: a console may be the one that writes, and nobody may be here. */
static void line_child(const char *name)
{
	char *const argv[] = { "-careen", NULL };
	char term[16], path[48], key;
	/* ASCII: the font of a screen and the width of a line are not known */
	char *const env[] = { "HOME=/root", "LANG=C", "CAREEN_LOCAL=1", term, "USER=root", "LOGNAME=root", "SHELL=" CONSOLE,
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL };

	snprintf(path, sizeof(path), "/dev/%s", name);
	snprintf(term, sizeof(term), "TERM=%s",
		 !strncmp(name, "tty", 3) && name[3] >= '0' && name[3] <= '9' ? "linux" : "vt220");
	reset_signals();
	if (take_line(path))
		_exit(1);
	write_text("/proc/self/oom_score_adj", "-900");	/* as a session's: tui/shell.c raises it */
	dprintf(1, "\r\nThis system is off its disks. Enter opens careen's console. ");
	do {
		if (read(0, &key, 1) <= 0)
			_exit(1);
	} while (key != '\n');
	execve(CONSOLE, argv, env);
	_exit(127);
}

void local_keep(void)
{
	read_lines();
	for (size_t i = 0; i < nlines; i++) {
		if (lines[i].pid || now_ms() - lines[i].started < AGAIN_MS)
			continue;
		lines[i].started = now_ms();
		lines[i].pid = fork();
		if (!lines[i].pid)
			line_child(lines[i].name);
		if (lines[i].pid < 0)
			lines[i].pid = 0;
	}
}

void local_reaped(pid_t pid)
{
	for (size_t i = 0; i < nlines; i++)
		if (lines[i].pid == pid)
			lines[i].pid = 0;
}

/* The console puts its terminal right when it is hung up; it has its time for that. */
void local_stop(void)
{
	int left = STOP_MS / 10;

	for (size_t i = 0; i < nlines; i++) {
		if (!lines[i].pid)
			continue;
		kill(lines[i].pid, SIGHUP);
		for (; !waitpid(lines[i].pid, NULL, WNOHANG) && left; left--)
			sleep_ms(10);
		if (!left)
			kill(lines[i].pid, SIGKILL);	/* not waited for: it may hang */
		lines[i].pid = 0;
	}
}
