/* trigger.h - tell an init to execute its own binary again; private to core/run */
#ifndef CAREEN_TRIGGER_H
#define CAREEN_TRIGGER_H

#include <stdbool.h>

#include "base/error.h"
#include "model/init.h"

bool trigger_known(enum init_kind kind);
int trigger_reexec(enum init_kind kind, struct error *err);

#endif
