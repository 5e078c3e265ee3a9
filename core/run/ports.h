/* ports.h - which services listen: what a system that cannot be asked is known by; private to core/run */
#ifndef CAREEN_PORTS_H
#define CAREEN_PORTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Write down the TCP ports below 1024 that are listened on now. */
int ports_record(struct error *err);
/* "80, 443": those of the record that nobody listens on now; false: there is no record. */
bool ports_missing(char *buf, size_t size);

#endif
