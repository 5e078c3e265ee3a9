/*
 * console.h - what the screens share: the machine as it is, the chosen step,
 * the job, who writes; and what they may ask of the console
 */
#ifndef CAREEN_CONSOLE_H
#define CAREEN_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/step.h"
#include "plan/tool.h"
#include "run/job.h"
#include "run/writer.h"
#include "screen.h"
#include "term.h"

#define MAX_STEPS 8

struct watch;

struct note {
	char text[640];
	int style;
};

struct console {
	struct snapshot *snap;	/* NULL until the first one is there */
	struct error snap_error;
	struct step_state state[MAX_STEPS];
	int nsteps, step;	/* step: the chosen one */
	bool step_chosen;	/* by the operator; else it follows step_next() */

	struct job_view *job;	/* the latest one, NULL if there never was one */
	struct writer writer;
	struct deadman deadman;	/* as its files are now; the snapshot may be older */
	int64_t deadman_read_ms;	/* CLOCK_BOOTTIME */
	struct watch *watch;

	const struct screen_ops *stack[8];
	int depth;
	/* A program for this terminal, once its job has come to its end. */
	char terminal_job[16], *terminal[4];
	struct note note, news;	/* news: comes when the note has been read */
	bool dirty, quit, stale, job_stale;
	bool hurry;		/* somebody waits for the look at the machine that is due */
	void (*when_fresh)(struct console *c);	/* waits for the look that is under way */
	int looks;
	int64_t job_read_ms, key_ms;
};

/* The whole program from here: returns the exit status. */
int console_run(void);

/* A sentence for the operator; stays until the next key. */
void console_note(struct console *c, int style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void console_error(struct console *c, const struct error *err);

bool console_may_write(const struct console *c);
/* Choose step @index; 0 <= index < nsteps. */
void console_choose(struct console *c, int index);
/* The snapshot is of now: nothing has happened since that is known of. */
bool console_fresh(const struct console *c);
/*
 * Do @act once the snapshot is of now: a plan is made from what is, not from
 * what was before the last job. Another key forgets it.
 */
void console_when_fresh(struct console *c, void (*act)(struct console *c));
/* Enter on the chosen step: its plan, or the reason why there is none. */
void console_run_step(struct console *c);
/* Show the plan of @step; @opts are copied. @skip: title of an op to leave out. */
void console_plan(struct console *c, const struct step *step, const struct plan_opts *opts,
		  const char *skip);
/* Read the job's files again; @id "" is the latest. */
void console_read_job(struct console *c);
/* Back to the view of this name. */
void console_view(struct console *c, const char *name);
/* Run @argv at this terminal when job @id has ended well: what it is for is free then. */
void console_terminal(struct console *c, const char *id, char *const argv[]);
bool console_job_running(const struct console *c);
/* A disk has been written to, as far as is known now. */
bool console_written(const struct console *c);

/* Parts of the screen that are always there (chrome.c). */
void chrome_header(const struct console *c);
void chrome_steps(const struct console *c, struct box box);
void chrome_steps_line(const struct console *c, int y);
void chrome_status(const struct console *c, int y);
void chrome_keys(const struct console *c, int y);

#endif
