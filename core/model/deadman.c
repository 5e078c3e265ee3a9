/* deadman.c - the dead-man timer's files, read */
#include "model/deadman.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "model/procfile.h"
#include "paths.h"

/* The lifeline looks each second; a machine under load is late. */
#define SEEN_MS 4000

static int64_t latest(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* A time that nothing overflows with; 0 where it is none. */
static int64_t some_ms(int64_t ms)
{
	return ms > 0 && ms < INT64_MAX / 4 ? ms : 0;
}

void deadman_read(struct deadman *d)
{
	char line[80], said[200];
	long long since;

	*d = (struct deadman){ 0 };
	if (file_read_line(AT_FDCWD, CAREEN_DEADMAN, line, sizeof(line)) == 0 &&
	    sscanf(line, "%9u %lld %7[a-z]", &d->period_s, &since, d->end) == 3) {
		d->armed = true;
		d->since_ms = some_ms(since);
	}
	if (file_read_line(AT_FDCWD, CAREEN_RELOGIN, line, sizeof(line)) == 0 &&
	    sscanf(line, "%9u %lld", &d->relogin_s, &since) == 2) {
		d->relogin = true;
		d->relogin_since_ms = some_ms(since);
	}
	d->alive_ms = some_ms(stamp_read(CAREEN_ALIVE));
	d->busy_ms = some_ms(stamp_read(CAREEN_ATWORK));
	if (file_read_line(AT_FDCWD, CAREEN_DEADMAN ".said", said, sizeof(said)) == 0)
		text_clean(d->said, sizeof(d->said), said);
}

int64_t deadman_left_ms(const struct deadman *d, int64_t now_ms)
{
	int64_t from = latest(d->since_ms, latest(d->alive_ms, d->busy_ms));

	return latest(from + d->period_s * 1000LL - now_ms, 0);
}

int64_t relogin_left_ms(const struct deadman *d, int64_t now_ms)
{
	return latest(latest(d->relogin_since_ms, d->busy_ms) + d->relogin_s * 1000LL - now_ms, 0);
}

bool deadman_waits(const struct deadman *d, int64_t now_ms)
{
	return d->busy_ms && now_ms - d->busy_ms < SEEN_MS;
}
