/* common.h - what several steps' plans have in common; for core/plan only */
#ifndef CAREEN_PLAN_COMMON_H
#define CAREEN_PLAN_COMMON_H

#include "paths.h"
#include "plan/step.h"

/*
 * 0 when this process can change the machine at all: root, in the rescue, no
 * job under way. Else -errno, and one sentence in @err for the operator.
 */
int plan_allowed(const struct snapshot *s, const char *step, struct error *err);

/* The same question for a step's state: true and ->why when it is blocked. */
bool state_blocked(const struct snapshot *s, struct step_state *ret);

/* Set @ret's fields; @why as printf. */
void state_set(struct step_state *ret, enum step_status status, unsigned count,
	       const char *see, const char *why, ...)
	__attribute__((format(printf, 5, 6)));

/* Processes of @s that hold on and may be stopped. */
unsigned holders_to_stop(const struct snapshot *s);

/*
 * A tool of the rescue that works on @b's disk, of whatever job or of none; @b NULL: on any of
 * the old root's. NULL: there is none. No step stops it.
 */
const struct holder *tool_at_work(const struct snapshot *s, const struct blockdev *b);

/* Kill them and look again until nobody is left. */
void plan_kill(struct plan *plan, const struct snapshot *s);

/* What the kernel itself keeps lets go: NFS exports, binfmt_misc. */
void plan_kernel(struct plan *plan, const struct snapshot *s);
/* A loop, dm or md device is closed; the caller knows that nothing is on it any more. */
void plan_device_out(struct plan *plan, const struct snapshot *s, const struct holder *h);

/* Add an op by which services are stopped in their own order; false: nobody can. */
bool plan_stop_services(struct plan *plan, const struct snapshot *s);

/* Stop swapping to the disks. */
void plan_swapoff(struct plan *plan, const struct snapshot *s);

/* Copy these parts of a directory to another, as far as they are there. */
void plan_copy(struct plan *plan, const char *from, const char *to, const char *const *parts,
	       const char *title);

/* The same with what a /run says of the running kernel. */
void plan_carry(struct plan *plan, const char *from, const char *to, const char *title);

/* stack_plan.c: the layers below the old root. */
void plan_keep_open(struct plan *plan, const struct snapshot *s);
int plan_close_stack(struct plan *plan, const struct snapshot *s, struct error *err);
/* How many layers it opens, or -errno. */
int plan_open_stack(struct plan *plan, const struct snapshot *s, struct error *err);

/* While the old root's /run is there: what it says of this kernel goes to the rescue. */
void plan_keep_run(struct plan *plan, const struct snapshot *s);

/* What a repair that failed has left mounted is unmounted. */
void plan_our_mounts(struct plan *plan, const struct snapshot *s);
/* Is @b mounted by such a repair, and nowhere else? */
bool mounted_by_us(const struct snapshot *s, const struct blockdev *b);

/* Add the machine's end: @name is "reboot" or "poweroff". */
void plan_machine_end(struct plan *plan, const char *name);

/* Mounts of the old root that are still there. */
unsigned mounts_left(const struct snapshot *s);

/* A detach in a tree of `careen enter` stopped between hand-over and pivot. */
bool pid1_waits(const struct snapshot *s);

/* The old root's top mount is on /oldroot (the detach moved it). */
bool old_root_moved(const struct snapshot *s);

#endif
