/* handover.h - take PID 1 into RAM, by the strategies of plan/strategy.h */
#ifndef CAREEN_HANDOVER_H
#define CAREEN_HANDOVER_H

#include "run/op.h"

/*
 * Prove in a child, in a mount namespace of its own, that the escape program
 * bound over @init_path can be executed from inside the old root, comes out in
 * the rescue and can start the stub there; for the ptrace strategy also that PID 1 may
 * be traced. Nothing outside the child changes.
 */
int handover_trial(const char *init_path, const char *strategy, struct error *err);

/* Take PID 1 with strategy @name; returns when /proc/1/exe is the stub and its
 * root is the rescue, or -errno with the truth about PID 1 in @err. */
int handover_take(struct op_ctx *ctx, const char *name, const char *init_path,
		  unsigned deadline_s, struct error *err);

/* Become the tracer of @pid, without a stop, until the caller ends. */
int ptrace_attach(pid_t pid, struct error *err);
/* Architecture part (ptrace_<arch>.c): make stopped PID 1 execve(@path, {@arg0}). */
int ptrace_exec(pid_t pid, const char *path, const char *arg0, struct error *err);

#endif
