/* clock_span.c - apart from the clock itself, which the tests replace */
#include "clock.h"

#include "base/text.h"

const char *clock_span(char *dst, size_t size, int64_t from_ms, int64_t to_ms)
{
	int64_t ms = (to_ms ? to_ms : clock_boot_ms()) - from_ms;
	int s = ms > 0 ? (int)(ms / 1000) : 0;

	if (s >= 3600)
		return text_fmt(dst, size, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
	return text_fmt(dst, size, "%d:%02d", s / 60, s % 60);
}
