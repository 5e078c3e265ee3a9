/* host.h - the machine as a whole (inside core/model) */
#ifndef CAREEN_HOST_H
#define CAREEN_HOST_H

#include "model/snapshot.h"

void host_read(struct host *host);

#endif
