/* cli_run.c - careen run: plan, confirm, start, follow */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "clock.h"
#include "run/job.h"
#include "run/writer.h"
#include "shell.h"

static int refuse(const char *why)
{
	fprintf(stderr, "careen: nothing was done: %s\n", why);
	return EXIT_REFUSED;
}

static bool typed(const char *want)
{
	char line[PLAN_TOKEN];

	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return strcmp(line, want) == 0;
}

/* Never asks where nobody can answer; the harmless answer comes first. */
int cli_confirm(const struct cli *cli, const struct plan *plan)
{
	bool ask = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);

	if (plan->token && cli->confirm)
		return strcmp(cli->confirm, plan->token) == 0 ? EXIT_GOOD :
			refuse("that is not the word of this plan.");
	if (plan->token && !ask)
		return refuse("it writes to a disk; add --confirm with the word above.");
	if (plan->token) {
		printf("Enter alone: nothing happens. The word: it runs. > ");
		return typed(plan->token) ? EXIT_GOOD : refuse("the word was not given.");
	}
	if (cli->yes || cli->confirm || (plan->stream && plan_danger(plan) == DANGER_NONE))
		return EXIT_GOOD;
	if (!ask)
		return refuse("add --yes to confirm the plan above.");
	printf("Ctrl-C: nothing happens. Enter: it runs. ");
	return typed("") ? EXIT_GOOD : refuse("it was not confirmed.");
}

/* What the follower has told already. */
struct told {
	size_t log;
	enum op_status *op;
	size_t nop;
	int64_t progress_ms;
};

#define PROGRESS_EVERY_MS 5000

static void tell_op(const struct job_view *j, size_t i)
{
	const struct op_view *op = &j->op[i];

	printf("[%zu/%zu] %s: ", i + 1, j->n, op_status_name(op->status));
	cli_line("", op->title);
	if (op->status != OPS_FAILED)
		return;
	if (op->message && *op->message)
		cli_line("        ", op->message);
	if (op->hint && *op->hint)
		cli_line("        ", op->hint);
}

/* Now and then: this may be kept in a file. */
static void tell_progress(const struct job_view *j, struct told *told)
{
	const struct op_view *op = j->current < j->n ? &j->op[j->current] : NULL;
	int64_t now = clock_mono_ms();

	if (!op || op->status != OPS_RUNNING || !op->progress[0] ||
	    now - told->progress_ms < PROGRESS_EVERY_MS)
		return;
	told->progress_ms = now;
	cli_line("        ", op->progress);
}

static void tell_text(const struct job_view *j, struct told *told)
{
	if (told->nop != j->n) {
		free(told->op);
		told->op = calloc(j->n + 1, sizeof(*told->op));
		told->nop = told->op ? j->n : 0;
	}
	for (; told->log < j->nlog; told->log++)
		cli_line("        ", j->log[told->log]);
	for (size_t i = 0; i < told->nop; i++) {
		if (told->op[i] == j->op[i].status)
			continue;
		told->op[i] = j->op[i].status;
		tell_op(j, i);
	}
	tell_progress(j, told);
	if (j->status != JOB_RUNNING && j->verdict)
		cli_line("", j->verdict);
}

static void wait_for_news(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[4096];

	/* The second is for a job that dies without a last word: no file changes. */
	if (poll(&p, 1, 1000) > 0 && p.revents)
		(void)!read(fd, buf, sizeof(buf));
}

static int result(enum job_status status)
{
	switch (status) {
	case JOB_DONE: return EXIT_GOOD;
	case JOB_STOPPED: return EXIT_STOPPED;
	default: return EXIT_FAILED;
	}
}

static int follow_text(const char *id, enum job_status *status, struct error *err)
{
	struct job_view *j = NULL;
	struct told told = { 0 };
	int fd = job_watch(id, NULL), r;

	do {
		r = job_read(id, &j, err);
		if (r < 0)
			break;
		tell_text(j, &told);
		fflush(stdout);
		*status = j->status;
		job_free(j);
		j = NULL;
		if (*status == JOB_RUNNING)
			wait_for_news(fd);
	} while (*status == JOB_RUNNING);
	free(told.op);
	if (fd >= 0)
		close(fd);
	return r;
}

static int follow_json(const char *id, enum job_status *status, struct error *err)
{
	struct job_view *j = NULL;
	int r = job_read(id, &j, err);

	if (r < 0)
		return r;
	r = cli_follow_events(j->id);
	job_free(j);
	j = NULL;
	if (r == 0)
		r = job_read(id, &j, err);
	if (r == 0)
		*status = j->status;
	job_free(j);
	return r;
}

int cli_follow(const char *id, bool json)
{
	enum job_status status = JOB_RUNNING;
	struct error err = { 0 };
	int r = json ? follow_json(id, &status, &err) : follow_text(id, &status, &err);

	return r < 0 ? cli_fail(&err) : result(status);
}

static const struct op *terminal_op(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->ops[i].kind == OP_TERMINAL)
			return &plan->ops[i];
	return NULL;
}

/* What the operator talks to, now that the job has made sure of the device. */
static int run_terminal(const struct plan *plan)
{
	const struct op *op = terminal_op(plan);

	return !op || shell_run(op->argv) == 0 ? EXIT_GOOD : EXIT_FAILED;
}

static int start(const struct cli *cli, const struct plan *plan)
{
	struct error err = { 0 };
	char id[16];
	int status;

	if (writer_take(cli->take_over, &err) < 0)
		return cli_fail(&err);
	if (job_start(plan, id, &err) < 0) {
		status = cli_fail(&err);
	} else if (cli->detach) {
		printf(cli->json ? "{\"job\":\"%s\"}\n" : "job %s\n", id);
		status = EXIT_GOOD;
	} else {
		status = cli_follow(id, cli->json);
		job_mark_seen(id);
		if (status == EXIT_GOOD)
			status = run_terminal(plan);
	}
	writer_release();
	return status;
}

/*
 * As cryptsetup does: a file is the key byte by byte, standard input is a
 * passphrase that ends with its line.
 */
static int read_secret(const struct cli *cli, struct plan *plan)
{
	bool in = cli->key_file && !strcmp(cli->key_file, "-");
	FILE *f = in ? stdin : cli->key_file ? fopen(cli->key_file, "re") : NULL;
	static char buf[8192];
	const char *why = NULL;
	size_t len;
	int r;

	if (!cli->key_file)
		return refuse("it needs a passphrase: --key-file FILE, or - for standard input.");
	if (!f) {
		fprintf(stderr, "careen: %s: %s\n", cli->key_file, strerror(errno));
		return refuse("the key file cannot be read.");
	}
	len = fread(buf, 1, sizeof(buf), f);
	if (!in)
		fclose(f);
	else if (memchr(buf, '\n', len))
		len = (char *)memchr(buf, '\n', len) - buf;
	if (len && plan->secret_at_boot)
		why = plan_new_secret_is_bad(buf, len);
	r = len && !why ? plan_set_secret(plan, buf, len) : 0;
	explicit_bzero(buf, sizeof(buf));
	if (!len)
		return refuse("the passphrase is empty.");
	if (why) {
		fprintf(stderr, "careen: the new passphrase: %s.\n", why);
		return refuse("another passphrase is needed.");
	}
	return r < 0 ? refuse("there is no memory.") : EXIT_GOOD;
}

/*
 * The image has standard input, or standard output and all words go to standard error.
 * A terminal is neither.
 */
static int take_stream(const struct cli *cli, struct plan *plan)
{
	bool in = plan->stream == STREAM_IN;

	if (plan->stream == STREAM_NONE)
		return EXIT_GOOD;
	if (cli->detach)
		return refuse("an image through the connection ends with it: not with --detach.");
	if (isatty(in ? STDIN_FILENO : STDOUT_FILENO))
		return refuse(in ? "the image is read from standard input, and that is a terminal; "
				   "give it with < IMAGE, or a file here with --set src=FILE." :
			      "the image is written to standard output, and that is a terminal; "
			      "add > IMAGE, or name a file here with --set dst=FILE.");
	plan->stream_fd = in ? STDIN_FILENO : dup(STDOUT_FILENO);
	if (!in)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	return EXIT_GOOD;
}

static int plan_and_start(const struct cli *cli, const struct step *step, const struct snapshot *s)
{
	struct plan *plan = NULL;
	struct error err = { 0 };
	int status;

	if (step->plan(s, &cli->opts, &plan, &err) < 0)
		return cli_fail(&err);
	status = take_stream(cli, plan);
	plan_print(plan, cli->json ? stderr : stdout);
	fflush(stdout);
	if (status == EXIT_GOOD && terminal_op(plan) &&
	    (cli->detach || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)))
		status = refuse("it talks to you at a terminal: ssh -t.");
	if (status == EXIT_GOOD)
		status = cli_confirm(cli, plan);
	if (status == EXIT_GOOD && plan->secret_what)
		status = read_secret(cli, plan);
	if (status == EXIT_GOOD)
		status = start(cli, plan);
	plan_free(plan);
	return status;
}

int cli_run_step(const struct cli *cli, const struct step *step)
{
	struct snapshot *s;
	int status = cli_look(step->parts, true, &s);

	if (status)
		return status;
	status = plan_and_start(cli, step, s);
	snapshot_free(s);
	return status;
}

int cli_run(const struct cli *cli)
{
	return cli_run_step(cli, step_find(cli->subject));
}
