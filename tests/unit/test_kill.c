/* test_kill.c - OP_KILL: TERM, wait on pidfds, KILL, and never the wrong one */
#include <spawn.h>

#include "model/holders.h"
#include "run_common.h"

static struct op make_op(struct proc_id *procs, size_t n, unsigned deadline)
{
	return (struct op){ .kind = OP_KILL, .deadline_s = deadline, .procs = procs, .nprocs = n };
}

static struct proc_id proc(pid_t pid, const char *name, bool kill_now)
{
	struct proc_id p = { .pid = pid, .start = process_start(pid), .kill_now = kill_now };

	text_fmt(p.name, sizeof(p.name), "%s", name);
	return p;
}

/* What has ended may not be ours to reap in the same instant. */
static int signal_of(pid_t pid)
{
	int64_t until = now_ms() + 10000;
	int status = 0;
	pid_t r;

	while ((r = waitpid(pid, &status, WNOHANG)) == 0 && now_ms() < until)
		sleep_ms(5);
	return r == pid && WIFSIGNALED(status) ? WTERMSIG(status) : r == pid ? 0 : -1;
}

/* Given the time in which a signal would have come. */
static bool lives(pid_t pid)
{
	sleep_ms(300);
	return waitpid(pid, NULL, WNOHANG) == 0;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	signal_of(pid);
}

static void test_term(void)
{
	struct proc_id p[2] = {
		proc(start_sh("exec sleep 60"), "sleep", false),
		proc(start_sh("exec sleep 60"), "sleep2", true),
	};
	struct op op = make_op(p, 2, 60);
	struct error err;
	int64_t began = now_ms();

	is_int(run_op(&op, &err), 0, "two processes that obey");
	/* of the 5 s that the first is given */
	ok(now_ms() - began < 4000, "returns the moment they are gone (%lld ms)",
	   (long long)(now_ms() - began));
	is_int(signal_of(p[0].pid), SIGTERM, "the first by TERM");
	is_int(signal_of(p[1].pid), SIGKILL, "a network manager by KILL at once");
	is_str(said.progress, "2 of 2 gone", "progress in processes");
}

static void test_ignores(void)
{
	struct proc_id p[2] = {
		proc(start_sh("trap '' TERM; while :; do sleep 1; done"), "stubborn", false),
		proc(start_sh("kill -STOP $$; exec sleep 60"), "stopped", false),
	};
	struct op op = make_op(p, 2, 4);
	struct error err;

	is_int(run_op(&op, &err), 0, "one that ignores TERM, one that is stopped");
	is_int(signal_of(p[0].pid), SIGKILL, "the first needed KILL");
	is_int(signal_of(p[1].pid), SIGTERM, "the stopped one got its TERM and went on to die");
	ok(strstr(said.notes, "stubborn did not end on TERM: KILL") != NULL, "and a note says so");
	ok(strstr(said.notes, "stopped") == NULL, "of that one only");
	kill(-p[0].pid, SIGKILL);
}

static void test_reused(void)
{
	struct proc_id p[4] = {
		proc(start_sh("exec sleep 60"), "other", false),
		proc(1, "init", true), proc(getpid(), "job", true),
		proc(start_sh("exit 0"), "gone", false),
	};
	struct op op = make_op(p, 4, 10);
	struct error err;
	pid_t pid = p[0].pid;

	p[0].start++;		/* the plan saw another process under this number */
	signal_of(p[3].pid);
	is_int(run_op(&op, &err), 0, "a reused pid, PID 1, ourselves, one that is gone");
	ok(lives(pid), "the other process lives");
	ok(strstr(said.notes, "is not other any more") != NULL, "a note says why");
	ok(strstr(said.notes, "pid 1 init is left alone") != NULL, "PID 1 is left alone");
	end(pid);
}

/* The lifeline is known by its file, whatever it calls itself. */
static void test_kept(void)
{
	pid_t pid = fork();
	struct proc_id p;
	struct error err;
	struct op op;

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	p = proc(pid, "innocent", true);
	op = make_op(&p, 1, 5);
	is_int(run_op(&op, &err), 0, "a process that runs our own program");
	ok(lives(pid), "is never killed");
	end(pid);
}

static int no_effect(int pidfd, int sig)
{
	(void)pidfd;
	(void)sig;
	return 0;
}

static void test_survivor(void)
{
	struct proc_id p = proc(start_sh("exec sleep 60"), "immortal", false);
	struct op op = make_op(&p, 1, 1);
	struct sys faulty = sys_real;
	struct error err;

	faulty.pidfd_signal = no_effect;
	sys = &faulty;
	is_int(run_op(&op, &err), -EBUSY, "one that survives KILL");
	sys = &sys_real;
	ok(strstr(err.why, "immortal (state S)") != NULL, "is named with its state");
	said.stop = true;
	faulty.pidfd_signal = no_effect;
	sys = &faulty;
	is_int(run_op(&op, &err), -ECANCELED, "stop is obeyed while waiting");
	sys = &sys_real;
	said.stop = false;
	end(p.pid);
}

static void test_thousands(void)
{
	enum { N = 1500 };
	static struct proc_id p[N];
	struct error err;
	struct op op;
	int64_t began;
	size_t i, n, dead = 0;

	for (n = 0; n < N; n++) {
		char *argv[] = { "sleep", "60", NULL };
		pid_t pid;

		if (posix_spawn(&pid, "/bin/sleep", NULL, NULL, argv, argv + 2))
			break;
		p[n] = proc(pid, "sleep", n % 2);
	}
	is_int((long long)n, N, "%d processes are started", N);
	op = make_op(p, n, 60);
	began = now_ms();
	is_int(run_op(&op, &err), 0, "and stopped at once");
	printf("# %lld ms\n", (long long)(now_ms() - began));
	for (i = 0; i < n; i++)
		dead += signal_of(p[i].pid) > 0;
	is_int((long long)dead, (long long)n, "all are gone");
}

/* Who starts again what is killed need not be a holder: it is named. */
static void test_restarts(void)
{
	pid_t up = start_sh("echo $$ >/dev/null; while :; do sleep 60; done"), child = 0;
	struct victim v[2] = { { .pid = 0 } };
	char path[64], text[64], who[100], want[40];

	text_fmt(path, sizeof(path), "/proc/%d/task/%d/children", (int)up, (int)up);
	if (read_text(path, text, sizeof(text)) > 0)
		child = atoi(text);
	v[0].pid = child;
	text_fmt(want, sizeof(want), "pid %d sh", (int)up);
	is_str(who_restarts(v, 1, who, sizeof(who)), want, "the parent that starts them is named");
	v[1].pid = up;
	ok(strcmp(who_restarts(v, 2, who, sizeof(who)), want) != 0, "unless it is killed with them");
	kill(-up, SIGKILL);
	signal_of(up);
}

int main(void)
{
	test_term();
	test_ignores();
	test_reused();
	test_kept();
	test_survivor();
	test_thousands();
	test_restarts();
	return done_testing();
}
