/* cli.h - careen status, plan, run, log ...: for scripts, without a screen */
#ifndef CAREEN_CLI_H
#define CAREEN_CLI_H

#include <stdbool.h>

#include "plan/step.h"
#include "plan/tool.h"

/* The table in cli.c says what each means; --help prints it. */
enum exit_status {
	EXIT_GOOD, EXIT_FAILED, EXIT_USAGE, EXIT_REFUSED, EXIT_NOTHING, EXIT_STOPPED,
	EXIT_HANGUP,
};

struct cli {
	bool json, yes, take_over, detach, follow, script, known_hosts, man, words;
	const char *key_file;	/* "-": standard input */
	const char *confirm, *subject;	/* subject: STEP, TOOL or JOB */
	const char *object;	/* after it: DEV or ENTRY */
	char offset[32];
	struct plan_opts opts;
	const char *answers[TOOL_QUESTIONS + 1];
	int nanswers;
};

/* The tables of cli.c: what parses the command line is what the help prints. */
struct cli_command {
	const char *name, *args, *about;
	int (*fn)(const struct cli *cli);	/* NULL: another row of the same command */
	bool needs_step;
};

struct cli_option {
	const char *name, *arg, *about;	/* about NULL: none of the help's */
	enum { FLAG, WORD, SET, OFFSET } kind;
	size_t offset;
};

struct cli_exit {
	enum exit_status status;
	const char *meaning;
};

extern const struct cli_command cli_commands[];	/* name NULL ends it */
extern const struct cli_option cli_options[];	/* name NULL ends it */
extern const struct cli_exit cli_exits[];	/* meaning NULL ends it */

/* `careen COMMAND ...`; returns the exit status. */
int cli_main(int argc, char **argv);
int cli_run(const struct cli *cli);
int cli_enter(const struct cli *cli);
int cli_leave(const struct cli *cli);
int cli_arm(const struct cli *cli);
int cli_disarm(const struct cli *cli);
int cli_vault(const struct cli *cli);
int cli_deadman(const struct cli *cli);
/* Snapshot, plan, confirm, start and follow: @parts of SNAP_*. */
int cli_run_step(const struct cli *cli, const struct step *step);
/* EXIT_GOOD once @plan, which was printed, is confirmed; else why it is not. */
int cli_confirm(const struct cli *cli, const struct plan *plan);
int cli_log(const struct cli *cli);
int cli_fingerprint(const struct cli *cli);
int cli_doctor(const struct cli *cli);
int cli_help(const struct cli *cli);
/* One line of a list: a label, a word about it, a text from anywhere. */
void cli_say(const char *label, const char *word, const char *text);
/* A line of what happens, at once: a text from anywhere, or NULL. */
void cli_line(const char *indent, const char *text);
/* "careen: what word; ..." on stderr. */
int cli_usage(const char *what, const char *word);
/* Print events as they come: of one job to its end, or of all (NULL) until nobody reads. */
int cli_follow_events(const char *id);
/* Follow a job's events to its end; exit status by its result. */
int cli_follow(const char *id, bool json);
/* "careen: sentence" on stderr; returns the exit status that fits the code. */
int cli_fail(const struct error *err);
/*
 * A look at the machine, @parts of SNAP_*. EXIT_GOOD and *ret, to be freed; or nothing and one sentence
 * on stderr: it failed, or this user or place is refused, with @console one without a rescue, too.
 */
int cli_look(unsigned parts, bool console, struct snapshot **ret);

#endif
