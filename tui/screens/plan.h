/* plan.h - the choices a plan was made with, kept for a retry */
#ifndef CAREEN_SCREEN_PLAN_H
#define CAREEN_SCREEN_PLAN_H

struct console;

/*
 * After a failure: the plan of @step anew, with the choices of the last one.
 * @skip: title of the operation to leave out, or NULL.
 */
void plan_again(struct console *c, const char *step, const char *skip);

#endif
