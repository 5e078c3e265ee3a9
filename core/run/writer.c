/*
 * writer.c - one operator writes, the others watch
 *
 * The file has pid, start time and who, separated by tabs. A holder whose
 * process is gone, or whose pid is another process now, does not count.
 */
#include "run/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/text.h"
#include "model/holders.h"
#include "paths.h"
#include "run/exec.h"
#include "run/job_files.h"

#define WRITER_FILE CAREEN_RUN "/writer"
#define WRITER_LOCK CAREEN_RUN "/writer.lock"

void writer_read(struct writer *ret)
{
	unsigned long long start;
	char text[160], *who;
	int pid, len = 0;

	memset(ret, 0, sizeof(*ret));
	if (read_text(WRITER_FILE, text, sizeof(text)) <= 0 ||
	    sscanf(text, "%d\t%llu\t%n", &pid, &start, &len) != 2 || !len)
		return;
	if (pid <= 0 || process_start(pid) != start)
		return;
	who = text + len;
	who[strcspn(who, "\n")] = '\0';
	text_unescape(who);
	ret->pid = pid;
	ret->mine = pid == getpid();
	text_clean(ret->who, sizeof(ret->who), who);
}

/* "10.0.2.2 (pid 712)": sshd and dropbear set SSH_CLIENT="address port port". */
static int write_own(void)
{
	const char *client = getenv("SSH_CLIENT");
	char who[64], *text = NULL;
	size_t len = 0;
	FILE *out;
	int r;

	if (client && *client)
		text_fmt(who, sizeof(who), "%.*s (pid %d)", (int)strcspn(client, " "), client,
			 (int)getpid());
	else
		text_fmt(who, sizeof(who), "local console (pid %d)", (int)getpid());
	out = open_memstream(&text, &len);
	if (!out)
		return -ENOMEM;
	fprintf(out, "%d\t%llu\t", (int)getpid(), (unsigned long long)process_start(getpid()));
	text_escape(out, who);
	fputc('\n', out);
	r = fclose(out) == 0 ? write_whole(WRITER_FILE, text, len) : -ENOMEM;
	free(text);
	return r;
}

/* Who writes may only want the way back; any other job asks for what is given here again. */
static int own_it(void)
{
	int r = write_own();

	if (r != -ENOSPC)
		return r;
	job_reserve_give();
	return write_own();
}

/* Held only while the file is looked at and changed. */
static int lock_file(void)
{
	int fd = open(WRITER_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR) {
			close(fd);
			return -errno;
		}
	return fd;
}

int writer_take(bool take_over, struct error *err)
{
	char why[128];
	struct writer w;
	int fd = lock_file(), r;

	if (fd < 0)
		return error_set(err, fd, "become the writer", "", NULL, "Is %s mounted?", CAREEN_RUN);
	writer_read(&w);
	if (w.pid && !w.mine && !take_over)
		r = error_set(err, EBUSY, "write", "",
			      text_fmt(why, sizeof(why), "another operator, %s, works on this machine", w.who),
			      "Ask them, or take over knowingly: t in the console, --take-over at the command line.");
	else if ((r = own_it()) < 0)
		error_set(err, r, "write", WRITER_FILE, NULL, "Remove what you have put into %s.", CAREEN_RUN);
	close(fd);
	return r;
}

void writer_release(void)
{
	struct writer w;
	int fd = lock_file();

	if (fd < 0)
		return;
	writer_read(&w);
	if (w.mine)
		unlink(WRITER_FILE);
	close(fd);
}
