/* jobbrief.h - the latest job, as far as a snapshot tells of it */
#ifndef CAREEN_JOBBRIEF_H
#define CAREEN_JOBBRIEF_H

#include "model/snapshot.h"

void job_brief_read(struct job_brief *job);
/* Does anybody hold a flock(2) on @path? */
bool file_is_locked(const char *path);

#endif
