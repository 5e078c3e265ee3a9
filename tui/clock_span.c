/* clock_span.c - apart from the clock itself, which the tests replace */
#include "clock.h"

#include <time.h>

#include "base/text.h"

const char *clock_span(char *dst, size_t size, int64_t from_ms, int64_t to_ms)
{
	int64_t ms;
	int s;

	if (__builtin_sub_overflow(to_ms ? to_ms : clock_boot_ms(), from_ms, &ms) || ms < 0)
		ms = 0;
	s = (int)(ms / 1000);
	if (s >= 3600)
		return text_fmt(dst, size, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
	return text_fmt(dst, size, "%d:%02d", s / 60, s % 60);
}

const char *clock_date(char *dst, size_t size, int64_t wall)
{
	time_t when = wall;
	struct tm tm;

	if (!localtime_r(&when, &tm) || !strftime(dst, size, "%d %b %H:%M", &tm))
		text_fmt(dst, size, "?");
	return dst;
}
