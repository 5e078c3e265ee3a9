/*
 * test_hang.c - a scan whose children hang
 *
 * Another process stops them (SIGSTOP) as soon as they are born, which no timer
 * of theirs can end, as with a child that waits for a dead disk. The scan must
 * end in time and say what it has not seen; nobody may be missing from the
 * list; and what was left behind is reaped the next time.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "model/holders.h"
#include "tap.h"

static char top[] = "/tmp/careen-hang.XXXXXX";
static pid_t holder_pid;

static size_t children_of(pid_t pid, pid_t *list, size_t max)
{
	char path[64];
	size_t n = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	in = fopen(path, "r");
	while (in && n < max && fscanf(in, "%d", &list[n]) == 1)
		n++;
	if (in)
		fclose(in);
	return n;
}

static void start_holder(void)
{
	int p[2];
	char c;

	if (pipe(p))
		exit(9);
	holder_pid = fork();
	if (!holder_pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (chdir(top))
			_exit(9);
		(void)!write(p[1], "r", 1);
		for (;;)
			pause();
	}
	ok(read(p[0], &c, 1) == 1, "a process holds on");
	close(p[0]);
	close(p[1]);
}

/* Stop each new child of @parent; those before it was born do not count. */
static pid_t start_stopper(pid_t parent)
{
	pid_t list[16], self = fork();
	size_t i, n;

	if (self)
		return self;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		n = children_of(parent, list, 16);
		for (i = 0; i < n; i++)
			if (list[i] != getpid() && list[i] != holder_pid)
				kill(list[i], SIGSTOP);
	}
}

static const struct holder *by_pid(const struct holders *hs, pid_t want)
{
	size_t i;

	for (i = 0; i < hs->n; i++)
		if (hs->row[i].pid == want)
			return &hs->row[i];
	return NULL;
}

static void look(struct holders *hs)
{
	struct mounts ms = { 0 };
	struct error err = { 0 };
	size_t i;

	is_int(mounts_read(&ms, &err), 0, "mounts are read");
	for (i = 0; i < ms.n; i++)
		ms.row[i].old = ms.row[i].ns == ms.own_ns && !strcmp(ms.row[i].target, top);
	is_int(holders_read(hs, &ms, NULL, 0, &err), 0, "holders are read");
	mounts_free(&ms);
}

static void test_hung(void)
{
	struct holders hs = { 0 };
	struct timespec a, b;
	const struct holder *h;
	pid_t stopper = start_stopper(getpid());

	holders_deadline_ms = 1500;
	clock_gettime(CLOCK_MONOTONIC, &a);
	look(&hs);
	clock_gettime(CLOCK_MONOTONIC, &b);
	kill(stopper, SIGKILL);
	waitpid(stopper, NULL, 0);
	ok(b.tv_sec - a.tv_sec <= 4, "in time");
	if (!hs.incomplete) {
		ok(true, "stopping the children # SKIP they were quicker");
	} else {
		ok(hs.note[0], "it says what went wrong: %s", hs.note);
		h = by_pid(&hs, holder_pid);
		ok(h != NULL, "the holder is on the list");
		ok(h && h->holds & (HOLD_CWD | HOLD_UNKNOWN), "as found or as unknown");
		ok(hs.n_unknown > 0, "what was not seen is unknown");
		ok(by_pid(&hs, 1) && by_pid(&hs, 1)->out == OUT_KEEP, "PID 1 is kept");
	}
	holders_free(&hs);
}

static void test_afterwards(void)
{
	struct holders hs = { 0 };
	pid_t list[16];
	size_t i, n = children_of(getpid(), list, 16);

	ok(n <= 3, "at most two were left behind");
	for (i = 0; i < n; i++)
		if (list[i] != holder_pid)
			kill(list[i], SIGCONT);	/* their timers end them now */
	usleep(200000);
	holders_deadline_ms = 20000;
	look(&hs);
	ok(!hs.incomplete, "the next scan is whole");
	is_int(by_pid(&hs, holder_pid) ? by_pid(&hs, holder_pid)->holds : 0, HOLD_CWD,
	       "and finds the holder");
	is_int(children_of(getpid(), list, 16), 1, "what was left behind is gone");
	holders_free(&hs);
}

int main(void)
{
	if (geteuid() || unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || !mkdtemp(top) ||
	    mount("careen-test", top, "tmpfs", 0, NULL)) {
		puts("1..0 # SKIP needs root and a mount namespace");
		return 0;
	}
	start_holder();
	test_hung();
	test_afterwards();
	kill(holder_pid, SIGKILL);
	waitpid(holder_pid, NULL, 0);
	umount2(top, MNT_DETACH);
	rmdir(top);
	return done_testing();
}
