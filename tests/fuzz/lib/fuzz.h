/* fuzz.h - a target: one function that is given what comes from outside */
#ifndef CAREEN_FUZZ_H
#define CAREEN_FUZZ_H

#include <stddef.h>

#include "run/op.h"

/*
 * @text has @size bytes and, behind them, a NUL; it may be written to. A target that reads
 * files gets them from fuzz.c: every open(2) for reading finds the next piece of the input,
 * pieces end at a form feed, and the last one is found again and again.
 */
void fuzz_one(char *text, size_t size);

/* A context whose notes and progress go nowhere, after a look at all of their bytes. */
extern struct op_ctx fuzz_ctx;

#endif
