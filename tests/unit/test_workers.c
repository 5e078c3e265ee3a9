/* test_workers.c - children with a deadline: records, hanging, dying in the middle */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "model/workers.h"
#include "tap.h"

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static int no_child(void)
{
	return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}

static void write_many(int out, unsigned worker, void *arg)
{
	size_t i;
	char buf[700];

	memset(buf, 'a' + worker, sizeof(buf));
	for (i = 0; i < *(size_t *)arg; i++)
		child_put(out, buf, 1 + i % sizeof(buf));
}

static void write_and_hang(int out, unsigned worker, void *arg)
{
	child_put(out, "before", 7);
	if (worker == 0)
		for (;;)
			pause();
	(void)arg;
}

static void write_half(int out, unsigned worker, void *arg)
{
	size_t head[2] = { 1000, 0 };

	(void)worker;
	(void)arg;
	child_put(out, "whole", 6);
	if (write(out, head, sizeof(head)) == sizeof(head))
		abort();
}

static struct {
	size_t want, n, bytes;
} seen;

static int count_record(void *arg, const void *record, size_t size)
{
	(void)arg;
	(void)record;
	seen.n++;
	seen.bytes += size;
	return 0;
}

static int run(void (*look)(int, unsigned, void *), unsigned deadline_ms, bool *ret_partial)
{
	const struct child_work work = {
		.look = look, .take = count_record, .arg = &seen.want, .workers = 2,
		.deadline_ms = deadline_ms,
	};

	seen.n = seen.bytes = 0;
	return children_run(&work, ret_partial, NULL);
}

static long peak_kb(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return use.ru_maxrss;
}

static void test_many(void)
{
	bool partial;
	long before = peak_kb();

	seen.want = 20000;
	is_int(run(write_many, 60000, &partial), 0, "two workers");
	ok(seen.bytes > 10 << 20, "what they wrote is much");
	ok(peak_kb() - before < 5 << 10, "and was never in memory as a whole");
	is_int(seen.n, 2 * seen.want, "all records came");
	ok(!partial, "all of it");
	seen.want = 0;
	is_int(run(write_many, 60000, &partial), 0, "workers with nothing");
	is_int(seen.n, 0, "no records");
}

static void test_hang(void)
{
	struct timespec a, b;
	bool partial;

	clock_gettime(CLOCK_MONOTONIC, &a);
	is_int(run(write_and_hang, 1500, &partial), 0, "one worker hangs");
	clock_gettime(CLOCK_MONOTONIC, &b);
	ok(partial, "which is said");
	is_int(seen.n, 2, "what came before is kept");
	ok(b.tv_sec - a.tv_sec < 10, "soon");
	ok(no_child(), "and no child is left");
}

static void test_half(void)
{
	bool partial;

	is_int(run(write_half, 10000, &partial), 0, "workers die in a record");
	ok(partial, "which is said");
	is_int(seen.n, 2, "whole records are kept, halves are not");
	ok(no_child(), "no child is left");
}

int main(void)
{
	int fds = count_fds();

	test_many();
	test_hang();
	test_half();
	is_int(count_fds(), fds, "no descriptor is left open");
	return done_testing();
}
