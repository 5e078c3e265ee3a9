/* test_workers.c - children with a deadline: records, hanging, dying in the middle */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
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

static size_t count_records(const struct child_result *res, size_t *ret_bytes)
{
	size_t pos = 0, size, n = 0;

	for (*ret_bytes = 0; child_next(res, &pos, &size); n++)
		*ret_bytes += size;
	return n;
}

static void test_many(void)
{
	struct child_result res;
	size_t want = 20000, bytes;

	is_int(children_run(write_many, &want, 2, 60000, &res, NULL), 0, "two workers");
	is_int(count_records(&res, &bytes), 2 * want, "all records came");
	ok(!res.timed_out, "in time");
	free(res.data);
	want = 0;
	is_int(children_run(write_many, &want, 2, 60000, &res, NULL), 0, "workers with nothing");
	is_int(count_records(&res, &bytes), 0, "no records");
	free(res.data);
}

static void test_hang(void)
{
	struct timespec a, b;
	struct child_result res;
	size_t bytes;

	clock_gettime(CLOCK_MONOTONIC, &a);
	is_int(children_run(write_and_hang, NULL, 2, 300, &res, NULL), 0, "one worker hangs");
	clock_gettime(CLOCK_MONOTONIC, &b);
	ok(res.timed_out, "which is said");
	is_int(count_records(&res, &bytes), 2, "what came before is kept");
	ok(b.tv_sec - a.tv_sec < 3, "soon");
	ok(no_child(), "and no child is left");
	free(res.data);
}

static void test_half(void)
{
	struct child_result res;
	size_t bytes;

	is_int(children_run(write_half, NULL, 2, 10000, &res, NULL), 0, "workers die in a record");
	is_int(count_records(&res, &bytes), 2, "whole records are kept, halves are not");
	free(res.data);
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
