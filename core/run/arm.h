/* arm.h - open the rescue's port for a while, with port_open=armed */
#ifndef CAREEN_ARM_H
#define CAREEN_ARM_H

#include <stdint.h>

#include "base/error.h"

/*
 * Open it for @seconds, 0: close it; waits until it is. -EALREADY: it is always open.
 * From the normal system and from the rescue.
 */
int arm_port(uint32_t seconds, struct error *err);

#endif
