/* local.h - the console on the machine's own screen or serial line */
#ifndef CAREEN_INITRAMFS_LOCAL_H
#define CAREEN_INITRAMFS_LOCAL_H

#include <sys/types.h>

/* Start what careen.conf's console= names and does not run; to be called again and again. */
void local_keep(void);
/* @pid was reaped: it may have been one of them. */
void local_reaped(pid_t pid);
/* End them: the lines are the init's again. */
void local_stop(void);

#endif
