/* test_job.c - a job lives on its own: events, locks, stop, death, a second viewer */
#include <fcntl.h>
#include <poll.h>

#include "base/sys.h"
#include "model/procfile.h"
#include "run/events.h"
#include "run/job.h"
#include "run/job_files.h"
#include "job_common.h"
#include "model/jobbrief.h"

static char base[] = "/tmp/test_job.XXXXXX", dir[64];

static bool in_log(const struct job_view *v, const char *text)
{
	size_t i;

	for (i = 0; i < v->nlog; i++)
		if (strstr(v->log[i], text))
			return true;
	return false;
}

/* A file that no job of ours has written: numbers out of range are no danger to who shows it. */
static void test_nonsense(void)
{
	static const char text[] =
		"v1\t1\tjob\tkill\tx\t1\t9223372036854775807\t\n"
		"v1\t1\top\t0\t77\t0\t0\tt\tc\nv1\t1\top\t1\t-1\t0\t0\tt\tc\n"
		"v1\t1\tstart\t0\nv1\t1\tprogress\t0\t999999999\tx\n";
	struct job_view *v = NULL;
	char path[96];

	text_fmt(path, sizeof(path), "%s/0900", dir);
	mkdir(dir, 0700);
	mkdir(path, 0700);
	text_fmt(path, sizeof(path), "%s/0900/events", dir);
	write_whole(path, text, sizeof(text) - 1);
	if (!ok(job_read("0900", &v, NULL) == 0 && v->n == 2, "nonsense is read"))
		return;
	is_int(v->op[0].danger, DANGER_DESTROYS, "a danger that is none is the worst");
	is_int(v->op[1].danger, DANGER_DESTROYS, "below the first, too");
	ok(v->op[0].fraction <= 1, "and no more is done than all");
	job_free(v);
	unlink(path);
	text_fmt(path, sizeof(path), "%s/0900", dir);
	rmdir(path);
}

static void test_done(void)
{
	struct job_view *v;
	char id[16], text[4096] = "", *mem = NULL;
	size_t len = 0;
	FILE *out;

	v = run_plan(make_plan("echo one; printf 'bad\\033[2Jbyte\\n'", "echo two", NULL), id);
	if (!ok(v != NULL, "a job runs"))
		return;
	is_int(v->status, JOB_DONE, "to its end");
	is_str(v->title, "A title\twith a tab", "its title survives the file");
	is_str(v->step, "repair", "its step");
	is_int((long long)v->n, 2, "two operations");
	is_int((long long)v->current, 2, "all done");
	is_int(v->op[1].status, OPS_DONE, "the second, too");
	ok(in_log(v, "one") && in_log(v, "two"), "their words are in the log");
	ok(in_log(v, "bad?[2Jbyte"), "without what a terminal could obey");
	ok(v->verdict && strstr(v->verdict, "All done."), "a last sentence: %s", v->verdict);
	ok(!v->seen, "nobody has been told of its end");
	job_free(v);
	job_mark_seen(NULL);
	is_int(job_read(id, &v, NULL), 0, "read again");
	ok(v->seen, "somebody has now");
	job_free(v);
	out = open_memstream(&mem, &len);
	is_int(job_print_log(id, true, out, NULL), 0, "the log as JSON");
	fclose(out);
	ok(strstr(mem, "\"event\":\"job\",\"step\":\"repair\"") != NULL, "has the step");
	free(mem);
	out = open_memstream(&mem, &len);
	job_print_log(id, false, out, NULL);
	fclose(out);
	text_fmt(text, sizeof(text), "%s", mem);
	free(mem);
	ok(strstr(text, "run echo two") && strstr(text, "All done."), "and as text");
}

/* Its last word is said, its process still there: nobody has to wait for it. */
static void test_brief(void)
{
	struct job_brief brief = { 0 };
	char id[16], path[96];
	struct job_view *v = run_plan(make_plan("echo one", NULL, NULL), id);
	int lock, fd;

	job_free(v);
	text_fmt(path, sizeof(path), "%s/%s/lock", dir, id);
	lock = job_lock_take(path);
	ok(lock >= 0 && file_is_locked(path), "a job's lock is held");
	job_brief_read(dir, &brief);
	is_str(brief.id, id, "the latest job");
	is_str(brief.step, "repair", "its step");
	ok(!brief.running, "it has ended, though its lock is held");
	text_fmt(path, sizeof(path), "%s/%s/events", dir, id);
	fd = open(path, O_WRONLY | O_APPEND);
	ok(write(fd, "v1\t9\tnote\t0\tend\n", 16) == 16, "one that goes on to speak");
	close(fd);
	job_brief_read(dir, &brief);
	ok(brief.running, "runs");
	close(lock);
	job_brief_read(dir, &brief);
	ok(!brief.running, "without its lock it does not");
}

static void test_fails(void)
{
	char id[16];
	struct job_view *v = run_plan(make_plan("true", "echo ouch; exit 4", "echo never"), id);

	if (!ok(v != NULL, "a job whose second operation fails"))
		return;
	is_int(v->status, JOB_FAILED, "has failed");
	is_int((long long)v->current, 1, "at the second");
	is_int(v->op[0].status, OPS_DONE, "the first is done");
	is_int(v->op[1].status, OPS_FAILED, "the second failed");
	ok(strstr(v->op[1].message, "errors are left (status 4): ouch"), "says why: %s",
	   v->op[1].message);
	is_str(v->op[1].hint, "Run it again.", "and what to do");
	is_int(v->op[2].status, OPS_WAITING, "the third was not begun");
	job_free(v);
}

static void test_one_at_a_time(void)
{
	struct plan *plan = make_plan("sleep 30", NULL, NULL), *other = make_plan("true", NULL, NULL);
	struct job_view *v;
	struct error err;
	char id[16], id2[16];
	struct pollfd p;

	is_int(job_start(plan, id, &err), 0, "a long job");
	is_int(job_start(other, id2, &err), -EBUSY, "a second one is refused");
	is_str(err.why, "another job is running", "and says why");
	job_read(id, &v, NULL);
	is_int(v->status, JOB_RUNNING, "the first runs");
	ok(getpgid(v->pid) != getpgid(0) && getsid(v->pid) != getsid(0), "in a session of its own");
	job_free(v);
	p = (struct pollfd){ .fd = job_watch(id, &err), .events = POLLIN };
	is_int(job_stop(id, &err), 0, "stop is asked");
	is_int(poll(&p, 1, 10000), 1, "the watcher wakes up");
	v = wait_end(id);
	ok(v && v->status == JOB_STOPPED, "it stops");
	ok(v && strstr(v->op[0].message, "stopped by the operator"), "and says by whom: %s",
	   v ? v->op[0].message : "");
	job_free(v);
	close(p.fd);
	is_int(job_stop(id, &err), -ESRCH, "stopping it again says that it is not running");
	plan_free(plan);
	plan_free(other);
}

/* What the lifeline reads of it; 0: nothing. */
static long long until(void)
{
	char path[96];

	text_fmt(path, sizeof(path), "%s/until", dir);
	return access(path, F_OK) < 0 ? -1 : stamp_read(path);
}

static bool begins(const struct job_view *v)
{
	return v->op[0].status == OPS_WAITING;
}

static struct job_view *wait_while(const char *id, bool (*is_so)(const struct job_view *v))
{
	struct job_view *v = NULL;

	while (job_read(id, &v, NULL) == 0 && v->status == JOB_RUNNING && is_so(v)) {
		job_free(v);
		usleep(1000);
	}
	return v;
}

static void test_died(void)
{
	struct plan *plan = make_plan("sleep 2", NULL, NULL);
	struct job_view *v;
	struct error err;
	char id[16];

	job_start(plan, id, &err);
	v = wait_while(id, begins);
	kill(v->pid, SIGKILL);
	job_free(v);
	v = wait_end(id);
	is_int(v->status, JOB_DIED, "a job that was killed has died: the lock is free");
	is_int(v->op[0].status, OPS_FAILED, "in the middle of its operation");
	job_free(v);
	is_int(job_start(plan, id, &err), 0, "the next one can start at once");
	v = wait_end(id);
	ok(v && v->status == JOB_DONE, "and is done");
	is_int(until(), 0, "and the timer waits for nothing");
	job_free(v);
	plan_free(plan);
}

static pid_t tester;

/* In the job it never returns, and hears no signal but KILL. */
static int hang_in_job(pid_t pid)
{
	while (getpid() != tester)
		pause();
	return sys_real.pidfd_open(pid);
}

static bool in_time(const struct job_view *v)
{
	return job_overdue_ms(v) <= 0;
}

/* What it was asked is heard only between operations: one that hangs would run for ever. */
static void test_hangs(void)
{
	struct plan *plan = plan_new("kill", "Kill");
	struct op *op = plan_add(plan, OP_KILL, DANGER_LOSES, 1, "stop nobody");
	struct sys hangs = sys_real;
	long long late;
	struct job_view *v;
	struct error err;
	char id[16], path[160];

	op->procs = calloc(1, sizeof(*op->procs));
	op->nprocs = 1;
	op->procs[0].pid = 0x3ffffff;
	tester = getpid();
	hangs.pidfd_open = hang_in_job;
	sys = &hangs;
	is_int(job_start(plan, id, &err), 0, "a job whose operation hangs");
	v = wait_while(id, begins);
	job_free(v);
	is_int(job_stop(id, &err), 0, "is asked to stop");
	is_int(job_stop(id, &err), 0, "before its deadline it is not killed, however often asked");
	v = wait_while(id, in_time);
	late = until() - v->op[0].started_ms - 61000;
	ok(late >= 0 && late < 5000, "a minute after its deadline the dead-man timer waits no more: %lld ms", late);
	is_str(job_stop_words(v, 0), "Asked to stop. It is overdue: asking again kills it.", "after it the words promise that");
	job_free(v);
	is_int(job_stop(id, &err), 1, "and asked again it is");
	is_int(job_read(id, &v, &err), 0, "looked at, without waiting,");
	is_int(v->status, JOB_DIED, "it has died");
	is_int(job_overdue_ms(v), INT64_MIN, "and is late no more");
	late = v->ended_ms - v->op[0].started_ms;
	ok(late > 0 && late < 60000 && v->op[0].ended_ms == v->ended_ms, "when it was killed is known: after %lld ms", late);
	job_free(v);

	op->deadline_s = 0;
	is_int(job_start(plan, id, &err), 0, "another, which may take as long as it wants");
	job_free(wait_while(id, begins));
	is_int(job_stop(id, &err), 0, "is asked to stop");
	is_int(job_stop(id, &err), 0, "asked again it may still be at its end");
	job_read(id, &v, &err);
	late = job_overdue_ms(v) / 1000;
	ok(late >= -660 && late < -650, "for eleven minutes: %lld s", late);
	job_free(v);
	text_fmt(path, sizeof(path), "%s/%s/asked", job_dir, id);
	stamp_write(path, now_ms() - 661000);
	is_int(job_stop(id, &err), 1, "then it is killed");
	job_read(id, &v, &err);
	is_int(v->status, JOB_DIED, "and has died");
	job_free(v);
	sys = &sys_real;
	plan_free(plan);
}

/* The console's process is killed, as when ssh is cut: the job goes on. */
static void test_outlives(void)
{
	struct plan *plan = make_plan("sleep 1; echo still here", NULL, NULL);
	struct job_view *v;
	char ids[4][16];
	pid_t pid = fork();

	if (pid == 0) {
		char id[16];

		setsid();
		job_start(plan, id, NULL);
		kill(0, SIGHUP);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, NULL, 0);
	plan_free(plan);
	ok(job_list(ids, 4) >= 1, "a new viewer finds it");
	v = wait_end(NULL);
	ok(v && v->status == JOB_DONE && in_log(v, "still here"), "it went on to its end");
	job_free(v);
}

static void test_events(void)
{
	struct events ev = { .fd = -1 };
	char path[80], *text, *rest;
	struct event e;
	int i;

	text_fmt(path, sizeof(path), "%s/ev", base);
	ev.fd = open(path, O_RDWR | O_CREAT | O_APPEND, 0600);
	events_put(&ev, "note", "ds", 3L, "a\tb\nc\\d");
	for (i = 0; i < 1000; i++)
		events_put(&ev, "progress", "dds", 0L, 5L, "x");
	if (write(ev.fd, "v1\t9\tnote\t0\tcut", 15) != 15)
		return;
	text = rest = read_whole(path);
	is_int(events_next(&rest, &e), 1, "a record is read back");
	is_str(event_text(&e, 1), "a\tb\nc\\d", "tabs and newlines in it survive");
	is_int(event_long(&e, 0), 3, "its number, too");
	is_str(event_text(&e, 7), "", "a field that is missing is empty");
	is_int(events_next(&rest, &e), 1, "one progress");
	is_int(events_next(&rest, &e), 0, "not a thousand, and not the line that was cut");
	free(text);
	close(ev.fd);
	unlink(path);
}

static void test_prune(void)
{
	struct job_view *v;
	char ids[300][16], id[16], path[80];
	int i;

	for (i = 100; i < 400; i++) {
		text_fmt(path, sizeof(path), "%s/%04d", job_dir, i);
		mkdir(path, 0700);
	}
	v = run_plan(make_plan("true", NULL, NULL), id);
	is_str(id, "0400", "the next id follows the last");
	job_free(v);
	is_int((long long)job_list(ids, 300), 200, "200 jobs are kept");
	is_str(ids[0], "0400", "newest first");
	is_str(ids[199], "0201", "the oldest are gone");
	for (i = 251; i <= 350; i++) {
		text_fmt(path, sizeof(path), "%04d", i);
		job_mark_saved(path);
		job_mark_seen(path);
	}
	v = run_plan(make_plan("true", NULL, NULL), id);
	job_free(v);
	is_int((long long)job_list(ids, 300), 100, "of those that are saved fewer are");
	is_str(ids[99], "0202", "but those that are not all are");
}

static void test_missing(void)
{
	struct job_view *v = NULL;
	struct error err;

	is_int(job_read("0042", &v, &err), -ENOENT, "a job that never was");
	is_int(job_read("../etc", &v, &err), -ENOENT, "an id that is a path");
	is_int(job_read(NULL, &v, &err), -ENOENT, "the latest of none");
}

int main(void)
{
	char cmd[96];

	if (!mkdtemp(base))
		return 1;
	text_fmt(dir, sizeof(dir), "%s/jobs", base);
	job_dir = dir;
	test_missing();
	test_events();
	test_nonsense();
	test_done();
	test_brief();
	test_fails();
	test_one_at_a_time();
	test_died();
	test_hangs();
	test_outlives();
	test_prune();
	text_fmt(cmd, sizeof(cmd), "rm -rf %s", base);
	return system(cmd) ? 1 : done_testing();
}
