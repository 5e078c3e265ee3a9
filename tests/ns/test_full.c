/*
 * test_full.c - the RAM disk of the jobs is full, before and while a job runs
 *
 * The job goes on, says where its log is cut, and what ends an operation is still told.
 */
#include "model/deadman.h"
#include "paths.h"
#include "run/deadman.h"
#include "run/events.h"
#include "job_common.h"
#include "run/job_files.h"

/* So many lines of 500 characters. */
#define LINES(n) "yes $(seq -s. 150) | head -n " n

static char top[] = "/tmp/careen-full.XXXXXX", dir[64];

static bool said_in(const struct job_view *v, const char *text)
{
	size_t i;

	for (i = 0; i < v->nlog; i++)
		if (strstr(v->log[i], text))
			return true;
	return false;
}

static void disk(const char *size)
{
	umount2(top, MNT_DETACH);
	if (sh("mount -t tmpfs -o size=%s careen-test %s", size, top))
		exit(9);
}

static long long free_bytes(void)
{
	char got[100] = "";
	FILE *in;

	text_fmt(got, sizeof(got), "stat -f -c '%%a*%%S' %s", top);
	in = popen(got, "r");
	if (!in || !fgets(got, sizeof(got), in))
		return -1;
	pclose(in);
	return atoll(got) * atoll(strchr(got, '*') + 1);
}

/* The job itself fills it: 1 MiB of words into 512 KiB. */
static void test_own(void)
{
	struct job_view *v;
	char id[16];

	disk("512k");
	v = run_plan(make_plan("echo begin; " LINES("3000"), "echo second; exit 4", "true"), id);
	if (!ok(v != NULL, "a job says more than there is room for"))
		return;
	is_int(v->status, JOB_FAILED, "it goes on, to the end that it has");
	is_int(v->op[0].status, OPS_DONE, "what was done is told");
	is_int(v->op[1].status, OPS_FAILED, "what failed, too");
	ok(strstr(v->op[1].message, "errors are left") != NULL, "and why: %s", v->op[1].message);
	ok(said_in(v, "the log is cut here: there is no room in"), "that it is cut is told");
	ok(v->verdict && strstr(v->verdict, "Stopped at"), "and its last word: %s", v->verdict);
	job_free(v);
	ok(free_bytes() > 0, "what it had reserved is given back: %lld bytes are free", free_bytes());
}

/* Somebody else fills it, and makes room again. */
static void test_other(void)
{
	char script[300], *text;
	struct job_view *v;
	char id[16], path[128];

	disk("1m");
	text_fmt(script, sizeof(script), "echo before; dd if=/dev/zero of=%s/ballast 2>/dev/null; " LINES("1500") "; "
		 "rm %s/ballast; " LINES("200") "; echo after", top, top);
	v = run_plan(make_plan(script, "echo second", NULL), id);
	if (!ok(v != NULL, "another fills it while a job runs"))
		return;
	is_int(v->status, JOB_DONE, "which goes on");
	is_int(v->op[0].status + v->op[1].status, 2 * OPS_DONE, "and tells what is done");
	text = read_whole(job_path(path, sizeof(path), id, "events"));
	ok(text && strstr(text, "\tbefore\n") && strstr(text, "is cut here"), "its log is cut");
	ok(text && strstr(text, "\tafter\n"), "and goes on when there is room again");
	free(text);
	job_free(v);
}

/* A new job: old logs make room for it, but not for nothing. */
static void test_new(void)
{
	char ids[20][16], id[16];
	struct plan *plan = make_plan("echo new", NULL, NULL);
	struct error err = { 0 };
	struct job_view *v = NULL;
	int i;

	disk("3328k");	/* 3 MiB, and what is reserved for the way back */
	for (i = 0; i < 3; i++)
		job_free(run_plan(make_plan(LINES("1800"), NULL, NULL), id));
	is_int((long long)job_list(ids, 20), 3, "three long logs, %lld bytes are left", free_bytes());
	is_int(job_start(plan, id, &err), 0, "a new job");
	v = wait_end(id);
	ok(v && v->status == JOB_DONE && said_in(v, "had to make room"), "tells that old ones had to go");
	job_free(v);
	is_str(job_list(ids, 20) ? ids[0] : "", id, "it is there");
	i = (int)job_list(ids, 20);
	ok(i > 1 && i < 4, "not all of them are gone: %d are there", i);
	plan_free(plan);
}

static void test_none(void)
{
	struct plan *plan = make_plan("echo new", NULL, NULL);
	struct error err = { 0 };
	char ids[20][16], id[16];
	struct job_view *v;

	disk("1m");
	job_free(run_plan(make_plan("echo short", NULL, NULL), id));
	sh("dd if=/dev/zero of=%s/ballast 2>/dev/null", top);
	is_int(job_start(plan, id, &err), -ENOSPC, "without any room there is no job");
	ok(strstr(err.hint, "remove what you have put into") != NULL, "which says what to do: %s", err.hint);
	is_int((long long)job_list(ids, 20), 1, "and no log has gone for it");
	sh("rm %s/ballast", top);
	is_int(job_start(plan, id, &err), 0, "with room there is one again");
	v = wait_end(id);
	ok(v && v->status == JOB_DONE, "which runs");
	job_free(v);
	plan_free(plan);
}

/* All of it is full while the system is off its disks: the way back is there, and nothing else. */
static void test_way_back(void)
{
	struct plan *other = make_plan("echo other", NULL, NULL), *back = make_plan("echo back", NULL, NULL);
	struct error err = { 0 };
	struct job_view *v;
	char id[16];

	disk("1m");
	text_fmt(back->step, sizeof(back->step), "resume");
	job_free(run_plan(make_plan("echo detach", NULL, NULL), id));
	sh("cat /dev/zero >%s/ballast 2>/dev/null", top);
	is_int(free_bytes(), 0, "the RAM disk is full");
	is_int(job_start(other, id, &err), -ENOSPC, "no job begins");
	is_int(job_start(other, id, &err), -ENOSPC, "asked again neither");
	is_int(job_start(back, id, &err), 0, "but Resume does: %s", err.why);
	v = wait_end(id);
	ok(v && v->status == JOB_DONE && said_in(v, "back"), "to its end");
	job_free(v);
	is_int(job_start(other, id, &err), -ENOSPC, "nor does another in what is left of that");
	sh("rm %s/ballast", top);
	is_int(job_start(other, id, &err), 0, "with room there is one again");
	job_free(wait_end(id));
	plan_free(other);
	plan_free(back);
}

/* The dead-man timer's files are there, too: a key has to count all the same. */
static void test_key(void)
{
	struct error err = { 0 };
	struct deadman before, after;
	int64_t until;

	if (sh("mount -t tmpfs -o size=64k careen-test /run && mkdir " CAREEN_RUN))
		exit(9);
	is_int(deadman_arm(900, "hold", &err), 0, "the dead-man timer is armed");
	deadman_read(&before);
	is_int(before.alive_ms, 0, "with no key yet");
	sh("cat /dev/zero >" CAREEN_RUN "/ballast 2>/dev/null");
	is_int(deadman_arm(60, "hold", &err), -ENOSPC, "without any room it cannot be changed");
	until = now_ms() + 10000;
	do {
		usleep(20000);
		deadman_keep();
		deadman_read(&after);
	} while (after.alive_ms == before.alive_ms && now_ms() < until);
	ok(after.alive_ms > before.alive_ms && after.alive_ms <= now_ms(), "but a key begins it anew");
	ok(after.armed && after.period_s == 900, "and it is the same as before");
	umount2("/run", MNT_DETACH);
}

int main(void)
{
	if (geteuid() || unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || !mkdtemp(top)) {
		puts("1..0 # SKIP needs root and a mount namespace");
		return 0;
	}
	text_fmt(dir, sizeof(dir), "%s/jobs", top);
	job_dir = dir;
	test_own();
	test_other();
	test_new();
	test_none();
	test_way_back();
	umount2(top, MNT_DETACH);
	rmdir(top);
	test_key();
	return done_testing();
}
