/* clock.h - the one clock the screens show spans by (tests replace it) */
#ifndef CAREEN_CLOCK_H
#define CAREEN_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* CLOCK_BOOTTIME in milliseconds, as the job's files count. */
int64_t clock_boot_ms(void);
/* CLOCK_MONOTONIC in milliseconds, for our own waiting. */
int64_t clock_mono_ms(void);
/* "0:07", "1:02:03": how long from one to the other; now when @to_ms is 0. */
const char *clock_span(char *dst, size_t size, int64_t from_ms, int64_t to_ms);
/* "26 Nov 12:31" of a time(2); "?" where there is no such date. */
const char *clock_date(char *dst, size_t size, int64_t wall);

#endif
