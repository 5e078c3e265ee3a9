/* host.h - the machine as a whole (inside core/model) */
#ifndef CAREEN_HOST_H
#define CAREEN_HOST_H

#include "model/snapshot.h"

/* Fill everything but rescue_bytes. */
void host_read(struct host *host);
/* Memory taken by the files of the rescue's own file system. */
uint64_t host_rescue_bytes(void);

#endif
