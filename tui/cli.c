/* cli.c - the command line, from tables: the help is printed from the same rows (cli_help.c) */
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "plan/deadman.h"
#include "plan/tool.h"
#include "run/job.h"

static int cmd_status(const struct cli *cli);
static int cmd_plan(const struct cli *cli);
static int cmd_stop(const struct cli *cli);
static int cmd_version(const struct cli *cli);

const struct cli_command cli_commands[] = {
	{ "status", "", "What is: host, steps, findings.", cmd_status, false },
	{ "plan", "STEP", "Print what the step would do; changes nothing.", cmd_plan, true },
	{ "run", "STEP", "Do it: print the plan, confirm, follow the job.", cli_run, true },
	{ "run", "TOOL DEV", "The same with one of repair's tools; an image that has no file "
	  "comes or goes through the connection.", NULL, true },
	{ "vault", "", "What was kept of devices before they were written to.", cli_vault, false },
	{ "vault restore", "ID", "Put an entry back (a plan, with its word).", NULL, false },
	{ "vault drop", "ID", "Forget an entry.", NULL, false },
	{ "deadman", "", "What the dead-man timer would do, and when.", cli_deadman, false },
	{ "deadman", "keep|off|TIME|hold|resume|reboot", "keep: you are there. off, or 15m: another "
	  "time. hold, resume or reboot: its end once a disk has been written to.", NULL, false },
	{ "enter", "", "Make a rescue in this running system's RAM, without a reboot.", cli_enter,
	  false },
	{ "leave", "", "End the rescue that enter made, and its sessions.", cli_leave, false },
	{ "arm", "[TIME]", "Open the rescue's port for 1h, or 30m, 2h ...: with port_open=armed.",
	  cli_arm, false },
	{ "disarm", "", "Close it again.", cli_disarm, false },
	{ "log", "[JOB]", "The jobs, or what one of them said; in the normal system those that Resume "
	  "has brought there.", cli_log, false },
	{ "doctor", "", "Would the rescue work tonight? One line a check, and what mends it; for monitoring, too. "
	  "In the normal system.", cli_doctor, false },
	{ "fingerprint", "", "What ssh shows of the rescue's host keys; with --known-hosts [NAME] the lines "
	  "for known_hosts.", cli_fingerprint, false },
	{ "stop", "[JOB]", "Ask the running job to stop; asked again, one that hangs past its deadline "
	  "is killed.", cmd_stop, false },
	{ "help", "[TOPIC]", "This text, or one part of it: commands, options, steps, strategies, tools, "
	  "exits, keys, views.", cli_help, false },
	{ "--help", NULL, "The same.", cli_help, false },
	{ "--version", NULL, "Which careen this is.", cmd_version, false },
	{ 0 },
};

#define OPT(field) offsetof(struct cli, field)

const struct cli_option cli_options[] = {
	{ "--json", NULL, "Machine-readable output.", FLAG, OPT(json) },
	{ "--yes", NULL, "run: confirm what can be undone or only ends processes.", FLAG, OPT(yes) },
	{ "--confirm", "WORD", "run: the word that the plan names, for what writes to a disk.",
	  WORD, OPT(confirm) },
	{ "--device", "DEV", "repair: the device.", WORD, OPT(opts.device) },
	{ "--tool", "TOOL", "repair: the tool, see below.", WORD, OPT(opts.tool) },
	{ "--set", "KEY=VALUE", "repair: the answer to a tool's question; may be repeated.",
	  SET, 0 },
	{ "--offset", "BYTE", "repair: go on from there with a copy or an image that was cut short.",
	  OFFSET, 0 },
	{ "--strategy", "NAME", "detach: how PID 1 is taken over, see below.", WORD, OPT(opts.strategy) },
	{ "--clean", NULL, "detach: stop services in their own order first.", FLAG,
	  OPT(opts.clean) },
	{ "--replace", NULL, "enter: instead of the rescue that is there.", FLAG, OPT(opts.replace) },
	{ "--close", NULL, "unmount: close the LUKS, LVM and md below the root, too.", FLAG,
	  OPT(opts.close) },
	{ "--end", "reboot|poweroff", "resume: that instead, once everything is unmounted.", WORD,
	  OPT(opts.end) },
	{ "--key-file", "FILE", "resume, repair: the passphrase or key of a LUKS; - is standard input.",
	  WORD, OPT(key_file) },
	{ "--take-over", NULL, "run: write instead of another operator.", FLAG, OPT(take_over) },
	{ "--detach", NULL, "run: return once the job has started.", FLAG, OPT(detach) },
	{ "--follow", NULL, "log: to the job's end (run does so by itself); with --json and without JOB "
	  "all jobs, those to come, too.", FLAG, OPT(follow) },
	{ "--known-hosts", NULL, "fingerprint: lines for known_hosts, of this host's name or of NAME.", FLAG,
	  OPT(known_hosts) },
	{ "--script", NULL, "log: as a shell script, of one job or of all.", FLAG, OPT(script) },
	/* for man/page and man/careen.bash: not in the help */
	{ "--man", NULL, NULL, FLAG, OPT(man) },
	{ "--words", NULL, NULL, FLAG, OPT(words) },
	{ 0 },
};

const struct cli_exit cli_exits[] = {
	{ EXIT_GOOD, "It went well." },
	{ EXIT_FAILED, "An operation failed; the log says which and why. doctor: a warning." },
	{ EXIT_USAGE, "Wrong use; nothing was done. doctor: a problem." },
	{ EXIT_REFUSED, "Refused, here or now; nothing was done, and a sentence says why." },
	{ EXIT_NOTHING, "There is nothing to do: it is done already." },
	{ EXIT_STOPPED, "The job was stopped by an operator." },
	{ EXIT_HANGUP, "The terminal went away; a running job goes on." },
	{ 0 },
};

static int cmd_version(const struct cli *cli)
{
	(void)cli;
	printf("careen %s\n", CAREEN_VERSION);
	return EXIT_GOOD;
}

int cli_fail(const struct error *err)
{
	char text[900], clean[900];

	error_text(err, text, sizeof(text));
	fprintf(stderr, "careen: %s\n", text_clean(clean, sizeof(clean), text));
	switch (-err->code) {
	case EALREADY: return EXIT_NOTHING;
	case EINVAL: return EXIT_USAGE;
	case EIO: case ENOMEM: return EXIT_FAILED;
	default: return EXIT_REFUSED;
	}
}

static int refuse(const struct snapshot *s, bool console)
{
	const char *why = NULL;

	if (s->host.place == PLACE_CONTAINER)
		why = "this is a container, which has no disks or PID 1 of its own; run careen "
		      "on the machine itself.";
	else if (!s->host.root)
		why = "only root can look at every process and device; use sudo.";
	else if (console && s->host.place == PLACE_UNPREPARED)
		why = "there is no rescue in this system yet; careen enter makes one, without a "
		      "reboot.";
	if (!why)
		return EXIT_GOOD;
	fprintf(stderr, "careen: %s\n", why);
	return EXIT_REFUSED;
}

int cli_look(unsigned parts, bool console, struct snapshot **ret)
{
	struct error err = { 0 };
	int status;

	if (snapshot_take(parts, ret, &err) < 0)
		return cli_fail(&err);
	status = refuse(*ret, console);
	if (status) {
		snapshot_free(*ret);
		*ret = NULL;
	}
	return status;
}

void cli_say(const char *label, const char *word, const char *text)
{
	printf("%-11s%-9s", label, word);
	cli_line("", text);
}

void cli_line(const char *indent, const char *text)
{
	fputs(indent, stdout);
	text_put_clean(stdout, text);
	putchar('\n');
	fflush(stdout);
}

/* With port_open=armed: for how long. */
static void say_port(const struct lifeline *ll)
{
	char text[80], span[32];

	if (ll->armed_s)
		text_fmt(text, sizeof(text), "armed for %s",
			 text_span(span, sizeof(span), ll->armed_s));
	else
		text_fmt(text, sizeof(text), "%s", ll->port ?
			 "while the system is detached or somebody is logged in" :
			 "careen arm opens it");
	cli_say("Port", ll->port ? "open" : "closed", text);
}

/* What they are of: model/weight.h. */
static void print_weight(const struct weight *w)
{
	char text[160];

	text_fmt(text, sizeof(text), "%.1f MB in RAM: %.1f MB of files, %.1f MB of its programs; jobs and logs apart",
		 (double)(w->files + w->processes) / 1e6, (double)w->files / 1e6, (double)w->processes / 1e6);
	cli_say("Rescue", "", text);
}

static void print_status(const struct snapshot *s)
{
	static const char *const words[] = {
		[STEP_WAITING] = "not yet", [STEP_READY] = "ready", [STEP_DONE] = "done",
		[STEP_BLOCKED] = "blocked",
	};
	static const char *const levels[] = {
		[FIND_OK] = "ok", [FIND_NOTE] = "note", [FIND_BLOCKER] = "blocker",
	};
	struct finding f[FINDINGS];
	size_t n = preflight_findings(s, f);
	char text[400], up[32], last[sizeof(((struct step_state *)0)->why)] = "";

	text_fmt(text, sizeof(text), "%s, %s, Linux %s, up %s", s->host.name, s->host.os,
		 s->host.kernel, text_span(up, sizeof(up), s->host.uptime_s));
	cli_say("Host", "", text);
	if (s->weight.files)
		print_weight(&s->weight);
	for (int i = 0; steps[i]; i++) {
		struct step_state st = { 0 };

		steps[i]->state(s, &st);
		cli_say(steps[i]->title, words[st.status], strcmp(st.why, last) ? st.why : "(the same)");
		text_fmt(last, sizeof(last), "%s", st.why);
	}
	for (size_t i = 0; i < n; i++) {
		cli_say(f[i].what, levels[f[i].level], f[i].text);
		if (f[i].mend[0])
			cli_say("", "", f[i].mend);
	}
	if (s->deadman.armed || s->deadman.relogin) {
		deadman_end(s, text, sizeof(text));
		cli_say("Dead-man", s->deadman.armed ? "armed" : "", text);
	}
	if (s->lifeline.armed_only)
		say_port(&s->lifeline);
	if (s->host.previous)
		cli_say("Boot", "note", "the new image has not come up: this boot is by the one of before");
	if (s->old.written)
		cli_say("Disk", "", "A disk has been written to.");
}

static int cmd_status(const struct cli *cli)
{
	struct snapshot *s = NULL;
	int status = cli_look(SNAP_ALL, false, &s);

	if (status)
		return status;
	if (cli->json)
		snapshot_json(s, stdout);
	else
		print_status(s);
	snapshot_free(s);
	return EXIT_GOOD;
}

static int cmd_plan(const struct cli *cli)
{
	struct snapshot *s = NULL;
	struct plan *plan = NULL;
	struct error err = { 0 };
	int status = cli_look(SNAP_PLAN, false, &s);

	if (status)
		return status;
	if (step_find(cli->subject)->plan(s, &cli->opts, &plan, &err) < 0) {
		status = cli_fail(&err);
	} else if (cli->json) {
		plan_json(plan, stdout);
	} else {
		plan_print(plan, stdout);
	}
	plan_free(plan);
	snapshot_free(s);
	return status;
}

static int cmd_stop(const struct cli *cli)
{
	struct job_view *j = NULL;
	struct error err = { 0 };
	int r = job_read(cli->subject, &j, &err);

	if (r == 0 && j->status != JOB_RUNNING)
		r = error_set(&err, EALREADY, "stop", j->id, "the job has ended", NULL);
	if (r == 0)
		r = job_stop(j->id, &err);
	if (r >= 0)
		puts(job_stop_words(j, r));
	job_free(j);
	return r < 0 ? cli_fail(&err) : EXIT_GOOD;
}

int cli_usage(const char *what, const char *word)
{
	char clean[200];

	fprintf(stderr, "careen: %s %s; careen help lists what there is.\n", what,
		text_clean(clean, sizeof(clean), word));
	return EXIT_USAGE;
}

static int take_option(struct cli *cli, char **argv, int *i)
{
	const struct cli_option *o = cli_options;
	char *field;

	while (o->name && strcmp(o->name, argv[*i]))
		o++;
	if (!o->name)
		return cli_usage("no such option:", argv[*i]);
	field = (char *)cli + o->offset;
	if (o->kind == FLAG) {
		*(bool *)field = true;
		return EXIT_GOOD;
	}
	if (!argv[*i + 1])
		return cli_usage("a value is missing after", o->name);
	++*i;
	if (o->kind == WORD)
		*(const char **)field = argv[*i];
	else if (o->kind == OFFSET)
		text_fmt(cli->offset, sizeof(cli->offset), "offset=%s", argv[*i]);
	if (o->kind == WORD)
		return EXIT_GOOD;
	if (cli->nanswers == TOOL_QUESTIONS)
		return cli_usage("one answer too many:", argv[*i]);
	cli->answers[cli->nanswers++] = o->kind == SET ? argv[*i] : cli->offset;
	return EXIT_GOOD;
}

static int parse(struct cli *cli, char **argv)
{
	for (int i = 0; argv[i]; i++) {
		int status = EXIT_GOOD;

		if (argv[i][0] == '-')
			status = take_option(cli, argv, &i);
		else if (!cli->subject)
			cli->subject = argv[i];
		else if (!cli->object)
			cli->object = argv[i];
		else
			status = cli_usage("one word too many:", argv[i]);
		if (status)
			return status;
	}
	cli->opts.answers = cli->answers;
	cli->opts.connection = true;
	return EXIT_GOOD;
}

static bool answered(const struct cli *cli, const char *begin)
{
	for (int i = 0; i < cli->nanswers; i++)
		if (strncmp(cli->answers[i], begin, strlen(begin)) == 0)
			return true;
	return false;
}

/* "write-image /dev/vdb" is repair with that tool and device; no file: it is a stream. */
static void take_tool(struct cli *cli, const struct tool *tool)
{
	cli->opts.tool = tool->name;
	cli->opts.device = cli->object;
	cli->opts.stream = (tool->copy == COPY_IN && !answered(cli, "src=")) ||
			   (tool->copy == COPY_OUT && !answered(cli, "dst="));
	cli->subject = step_repair.name;
	cli->object = NULL;
}

static int check_words(struct cli *cli, const struct cli_command *c)
{
	const struct tool *tool;

	if (c->needs_step && !cli->subject)
		return cli_usage("name a step after", c->name);
	tool = c->needs_step ? tool_find(cli->subject) : NULL;
	if (tool && cli->object)
		take_tool(cli, tool);
	if (c->needs_step && !step_find(cli->subject))
		return cli_usage(tool ? "name a device after" : "no such step:", cli->subject);
	if (cli->object && c->fn != cli_vault)
		return cli_usage("one word too many:", cli->object);
	return EXIT_GOOD;
}

int cli_main(int argc, char **argv)
{
	const struct cli_command *c = cli_commands;
	struct cli cli = { 0 };
	int status;

	(void)argc;
	while (c->name && (!c->fn || strcmp(c->name, argv[1])))
		c++;
	if (!c->name)
		return cli_usage("no such command:", argv[1]);
	status = parse(&cli, argv + 2);
	if (status)
		return status;
	status = check_words(&cli, c);
	return status ? status : c->fn(&cli);
}
