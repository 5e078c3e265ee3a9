/* job_files.h - where a job's files are, and whether it runs; private to core/run */
#ifndef CAREEN_JOB_FILES_H
#define CAREEN_JOB_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "DIR/0007/events" */
const char *job_path(char *buf, size_t size, const char *id, const char *file);
/* Is the lock on @path held? Asked of the kernel. */
bool job_lock_held(const char *path);
/* Hold it as long as the descriptor stays open; -EWOULDBLOCK if another does. */
int job_lock_take(const char *path);
/* Resolve NULL or "" to the latest job; -ENOENT. */
int job_find(const char *id, char ret[16]);
/* A new job's directory; its id. */
int job_make_dir(char ret[16]);
void job_forget(const char *id);
/* Its log is in a resumed system, to its last word. */
bool job_saved(const char *id);
void job_mark_saved(const char *id);
bool job_seen(const char *id);
/* When (CLOCK_BOOTTIME, ms) it was first asked to stop; 0: never. */
int64_t job_asked(const char *id);
void job_mark_asked(const char *id);
/* When it was killed for not stopping; 0: it was not. */
int64_t job_killed(const char *id);
void job_mark_killed(const char *id);
/* For the lifeline: when (CLOCK_BOOTTIME) what the job does must have ended; 0: whenever. */
void job_set_until(int64_t ms);
/*
 * Whatever fills the RAM disk of the jobs, there is room for a way back: 256 KiB stand there
 * for it alone, and no other job begins without them and room for its own log (-ENOSPC).
 */
int job_reserve(void);
void job_reserve_give(void);
/*
 * Forget the oldest: all but the last 200, those that are saved but the last 50, all but 32 MiB, or until there is room for the next.
 * How many had to go although there are fewer.
 */
size_t job_prune(void);

#endif
