/* jobbrief.h - the latest job, as far as a snapshot tells of it */
#ifndef CAREEN_JOBBRIEF_H
#define CAREEN_JOBBRIEF_H

#include "model/snapshot.h"

/* Of the jobs in the directory @jobs, CAREEN_JOBS; nothing if there are none. */
void job_brief_read(const char *jobs, struct job_brief *job);
/* Does anybody hold a flock(2) on @path? */
bool file_is_locked(const char *path);

#endif
