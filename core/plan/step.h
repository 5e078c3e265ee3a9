/* step.h - the steps, in their order; each a pure function of the snapshot */
#ifndef CAREEN_STEP_H
#define CAREEN_STEP_H

#include <stdbool.h>
#include <stddef.h>

#include "model/snapshot.h"
#include "plan/plan.h"

enum step_status { STEP_WAITING, STEP_READY, STEP_DONE, STEP_BLOCKED };

struct step_state {
	enum step_status status;
	unsigned count;		/* what is left to do: holders, mounts; 0 = none */
	char why[200];		/* one sentence: why blocked, or what is to be done */
	const char *see;	/* view where the reason can be seen: "holders"... or NULL */
};

/* One finding of preflight. */
struct finding {
	enum { FIND_OK, FIND_NOTE, FIND_BLOCKER } level;
	char what[48];		/* "PID 1 hand-over" */
	char text[200];		/* "systemd 252 by re-exec, ptrace as second way" */
	char mend[200];		/* for a blocker: what would mend it */
};

struct plan_opts {
	bool clean;		/* detach: stop units in the init's own order first */
	bool replace;		/* enter: instead of the rescue that is there */
	bool close;		/* unmount: close LUKS, LVM and md below it, too */
	const char *end;	/* resume: "reboot" or "poweroff" instead; NULL = the system goes on */
	bool by_deadman;	/* resume: nobody is there who asked for it */
	const char *strategy;	/* detach: name in strategies, NULL = best */
	const char *device;	/* repair: "vda1" or "/dev/vda1" */
	const char *tool;	/* repair: name in the tools table */
	const char *const *answers;	/* repair: "key=value", NULL-terminated, or NULL */
	bool stream;		/* repair: an image comes or goes through the connection */
	bool connection;	/* repair: who asks can send and take a stream, if the plan has one */
	const char *entry;	/* repair: restore this entry of the vault, with no tool */
};

struct step {
	const char *name;	/* "detach" */
	const char *title;	/* "Detach" */
	const char *about;	/* one sentence for menus, help and man page */
	unsigned parts;		/* SNAP_* that its plan is made from */
	void (*state)(const struct snapshot *s, struct step_state *ret);
	/* 0, or -errno with @err saying why there is no plan. */
	int (*plan)(const struct snapshot *s, const struct plan_opts *opts,
		    struct plan **ret, struct error *err);
};

extern const struct step step_preflight, step_detach, step_kill, step_unmount,
			 step_repair, step_resume;
extern const struct step *const steps[];	/* NULL-terminated, in order */
/* Before and after the trip, in the normal system: enter.c. Not in steps[]. */
extern const struct step step_enter, step_leave;
const struct step *step_find(const char *name);
/* The step an operator would take next; never NULL. */
const struct step *step_next(const struct snapshot *s);

/* Room for what Preflight has to say: of the notes some may be left out, what blocks never is. */
enum { FINDINGS = 32 };
/* Preflight's findings; returns how many. */
size_t preflight_findings(const struct snapshot *s, struct finding ret[FINDINGS]);

#endif
