/* gauge.h - how far something is, as a bar and in its own units */
#ifndef CAREEN_GAUGE_H
#define CAREEN_GAUGE_H

#include "term.h"

/* @fraction < 0: not known, no bar. */
void gauge_draw(int y, int x, int w, double fraction, const char *units);

#endif
