/* cli_deadman.c - careen deadman: what the timer would do, and its end */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli.h"
#include "clock.h"
#include "plan/deadman.h"
#include "run/deadman.h"
#include "run/job.h"
#include "run/writer.h"

static const char *const ends[] = {
	[DEADMAN_RESUMES] = "resume", [DEADMAN_REBOOTS] = "reboot", [DEADMAN_HOLDS] = "hold",
};

static void print_left(const char *label, int64_t left_ms, bool waits)
{
	char span[32];

	printf("%s %s%s\n", label, text_span(span, sizeof(span), (uint64_t)left_ms / 1000),
	       waits ? ", and waits: a job or an operator's program is at work" : "");
}

static void print_json(const struct snapshot *s, int64_t now)
{
	const struct deadman *d = &s->deadman;
	char why[200];

	printf("{\"armed\":%s,\"period\":%u,\"left\":%lld,\"waits\":%s,\"relogin\":%s,\"relogin_left\":%lld,"
	       "\"end\":\"%s\",\"why\":", d->armed ? "true" : "false", d->period_s,
	       d->armed ? (long long)deadman_left_ms(d, now) / 1000 : 0,
	       deadman_waits(d, now) ? "true" : "false", d->relogin ? "true" : "false",
	       d->relogin ? (long long)relogin_left_ms(d, now) / 1000 : 0,
	       ends[deadman_end(s, why, sizeof(why))]);
	text_json(stdout, why);
	printf(",\"said\":");
	text_json(stdout, d->said);
	printf("}\n");
}

static void print(const struct snapshot *s)
{
	const struct deadman *d = &s->deadman;
	int64_t now = clock_boot_ms();
	bool waits = deadman_waits(d, now);
	char why[200];
	enum deadman_end end = deadman_end(s, why, sizeof(why));

	if (d->relogin)
		print_left("A new login is awaited for", relogin_left_ms(d, now), waits);
	if (d->armed)
		print_left("Without an operator's key it ends in", deadman_left_ms(d, now), waits);
	if (!d->armed && !d->relogin)
		printf("It is not armed.\n");
	else
		printf("Its end: %s. %s\n", ends[end], why);
	if (*d->said)
		printf("Its last attempt: %s\n", d->said);
}

/* The last job says whether what was written went well. */
static bool last_job_is_good(void)
{
	struct job_view *j = NULL;
	bool good = job_read(NULL, &j, NULL) == 0 && j->status == JOB_DONE;

	job_free(j);
	return good;
}

static int held(const char *why)
{
	printf("It holds: %s\n", why);
	deadman_say(why);
	return EXIT_NOTHING;
}

static int end_by(const struct plan *plan)
{
	struct error err = { 0 };
	char id[16];
	int status;

	plan_print(plan, stdout);
	fflush(stdout);
	setenv("SSH_CLIENT", "dead-man", 1);	/* who writes: for those who watch */
	if (writer_take(true, &err) < 0 || job_start(plan, id, &err) < 0)
		return cli_fail(&err);
	status = cli_follow(id, false);
	writer_release();
	if (status != EXIT_GOOD)
		deadman_say("the resume failed; the Log view says where and why.");
	return status;
}

/* The lifeline waits for a job, but not for one that hangs: it would stand in the way. */
static void end_hung_job(void)
{
	struct job_view *j = NULL;
	int r;

	if (job_read(NULL, &j, NULL) < 0)
		return;
	r = job_overdue_ms(j) > 0 ? job_stop(j->id, NULL) : -ESRCH;
	if (r == 0)
		r = job_stop(j->id, NULL);
	if (r > 0)
		printf("Job %s hung, and was killed.\n", j->id);
	job_free(j);
}

/* Its time has come: the lifeline calls this. */
static int expire(const struct snapshot *s)
{
	struct plan_opts opts = { .by_deadman = true };
	struct plan *plan = NULL;
	struct error err = { 0 };
	char why[640];
	enum deadman_end end = deadman_end(s, why, sizeof(why));
	int status;

	if (end == DEADMAN_HOLDS)
		return held(why);
	if (s->old.written && !last_job_is_good())
		return held("a disk has been written to, and the last job did not end well.");
	if (end == DEADMAN_REBOOTS)
		opts.end = "reboot";
	if (step_resume.plan(s, &opts, &plan, &err) < 0) {
		if (err.code == -EALREADY)	/* the system runs: a job was killed before it said so */
			return deadman_disarm(&err) < 0 ? cli_fail(&err) : EXIT_NOTHING;
		error_text(&err, why, sizeof(why));
		return held(why);
	}
	if (plan->secret_what) {
		text_fmt(why, sizeof(why), "it would need %s.", plan->secret_what);
		status = held(why);
	} else {
		status = end_by(plan);
	}
	plan_free(plan);
	return status;
}

static int set_end(const struct snapshot *s, const char *end, struct error *err)
{
	if (!s->deadman.armed)
		return error_set(err, ENOENT, "change", "the dead-man timer", "it is not armed",
				 "Arm it: careen deadman 15m");
	return deadman_arm(s->deadman.period_s, end, err);
}

/* -EINVAL: the word is none of ours. */
static int change(const struct snapshot *s, const char *word, struct error *err)
{
	uint32_t seconds;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (!strcmp(word, ends[i]))
			return set_end(s, word, err);
	if (!strcmp(word, "off"))
		return deadman_disarm(err);
	if (!strcmp(word, "keep")) {
		deadman_keep();
		return 0;
	}
	if (text_seconds(word, &seconds) < 0 || seconds < 10)
		return error_set(err, EINVAL, "deadman", word, "it is no time and no word of this command",
				 "A time of at least 10s (90s, 15m, 1h), off, keep, hold, resume or reboot.");
	if (!s->deadman.armed && !snapshot_detached(s))
		return error_set(err, EPERM, "arm", "the dead-man timer", "the system runs: there is nothing to resume",
				 "Detach arms it; careen.conf has its time.");
	return deadman_arm(seconds, s->deadman.armed ? s->deadman.end : "hold", err);
}

int cli_deadman(const struct cli *cli)
{
	struct error err = { 0 };
	struct snapshot *s;
	int status;

	if (cli->subject && !strcmp(cli->subject, "expire"))
		end_hung_job();
	status = cli_look(step_resume.parts, true, &s);
	if (status)
		return status;
	if (!cli->subject)
		cli->json ? print_json(s, clock_boot_ms()) : print(s);
	else if (s->host.place != PLACE_RESCUE)
		status = cli_fail((error_set(&err, EPERM, "change", "the dead-man timer", "this is not the rescue system",
					     "Log in with: ssh -p 1022 root@this-host"), &err));
	else if (!strcmp(cli->subject, "expire"))
		status = expire(s);
	else if (change(s, cli->subject, &err) < 0)
		status = cli_fail(&err);
	snapshot_free(s);
	return status;
}
