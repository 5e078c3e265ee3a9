/* deadman.h - the dead-man timer's clock, in the lifeline */
#ifndef CAREEN_INITRAMFS_DEADMAN_H
#define CAREEN_INITRAMFS_DEADMAN_H

#include <stdbool.h>
#include <sys/types.h>

/* Make what the shells of operators lock. */
void deadman_init(void);
/*
 * Look at it; when its time has come, start what ends it, whose pid goes to *child:
 * 0 before, and set to 0 by the caller once it has been reaped. true while anything
 * is armed: come back in a second.
 */
bool deadman_watch(pid_t *child);

#endif
