/* clock.h - the one clock the screens show spans by (tests replace it) */
#ifndef CAREEN_CLOCK_H
#define CAREEN_CLOCK_H

#include <stdint.h>

/* CLOCK_BOOTTIME in milliseconds, as the job's files count. */
int64_t clock_boot_ms(void);
/* CLOCK_MONOTONIC in milliseconds, for our own waiting. */
int64_t clock_mono_ms(void);

#endif
