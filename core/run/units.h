/* units.h - ask systemd; private to core/run */
#ifndef CAREEN_UNITS_H
#define CAREEN_UNITS_H

#include "run/op.h"

/* Until systemd says that the system is running, or degraded; @until is a now_ms(). */
int wait_systemd(struct op_ctx *ctx, int64_t until, struct error *err);

#endif
