/* error.c - what failed, on what, why, and what to try next */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

int error_set(struct error *err, int code, const char *op, const char *subject,
	      const char *why, const char *hint_fmt, ...)
{
	va_list ap;

	code = abs(code);
	if (!err)
		return -code;
	err->code = -code;
	text_fmt(err->op, sizeof(err->op), "%s", op ? op : "");
	text_fmt(err->subject, sizeof(err->subject), "%s", subject ? subject : "");
	text_fmt(err->why, sizeof(err->why), "%s", why ? why : strerror(code));
	err->hint[0] = '\0';
	if (hint_fmt) {
		va_start(ap, hint_fmt);
		vsnprintf(err->hint, sizeof(err->hint), hint_fmt, ap);
		va_end(ap);
	}
	return -code;
}

const char *error_text(const struct error *err, char *buf, unsigned long size)
{
	return text_fmt(buf, size, "%s%s%s: %s%s%s", err->op,
			err->subject[0] ? " " : "", err->subject, err->why,
			err->hint[0] ? ". " : "", err->hint);
}
