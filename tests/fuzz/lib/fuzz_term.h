/* fuzz_term.h - a terminal that nobody sits at: keys from a pipe, what is drawn goes away */
#ifndef CAREEN_FUZZ_TERM_H
#define CAREEN_FUZZ_TERM_H

/* Opened at the first call. Its keys are what is written to the descriptor. */
int fuzz_term(void);
void fuzz_term_size(int rows, int cols);

#endif
