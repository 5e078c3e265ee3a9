/* text.h - strings from outside, made safe; small growing strings */
#ifndef CAREEN_TEXT_H
#define CAREEN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Copy @src to @dst (@size bytes, always terminated) with every byte that a
 * terminal could obey (C0, DEL, C1, invalid UTF-8) replaced by '?'.
 * Returns @dst. Valid printable UTF-8 is kept whole.
 */
const char *text_clean(char *dst, size_t size, const char *src);

/* The same, of any length. */
void text_put_clean(FILE *out, const char *src);
/* Is there nothing in @src that text_clean() would replace? */
bool text_is_safe(const char *src);

/* snprintf that always terminates and never fails; returns @dst. */
const char *text_fmt(char *dst, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* malloc'ed printf; NULL only when out of memory. */
char *text_dup(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* "1.5G", "932M", "4K": at most 5 columns, powers of 1024. */
const char *text_size(char *dst, size_t size, uint64_t bytes);

/*
 * "512", "400K", "1.5G": bytes, powers of 1024, as resize2fs(8) and lvm(8) read them.
 * 0 and *ret, -EINVAL, or -ERANGE.
 */
int text_bytes(const char *text, uint64_t *ret);

/* "90s", "15m", "2h": a span of time. 0 and *ret in seconds, or -EINVAL. */
int text_seconds(const char *text, uint32_t *ret);

/* "41 d", "3 h 12 min", "14:32": a span of @seconds. */
const char *text_span(char *dst, size_t size, uint64_t seconds);

/* @src as one JSON string, quotes included; invalid UTF-8 becomes U+FFFD. */
void text_json(FILE *out, const char *src);

/*
 * @src as one word of sh(1), quoted when it needs to be. What text_clean() would replace is
 * written as bash's $'...', which dash does not know.
 */
void text_shell(FILE *out, const char *src);

/*
 * Tab-separated records: @src with \t \n \r \\ and other control bytes written
 * as \xHH; text_unescape() undoes it in place.
 */
void text_escape(FILE *out, const char *src);
void text_unescape(char *s);

/* mountinfo(5) octal escapes (\040 \011 \012 \134), undone in place. */
void text_unoctal(char *s);

/* Is @word one of the blank-separated @words? Either may be empty, @words NULL. */
bool text_has_word(const char *words, const char *word);

/* The first four of the blank-separated @words, "and 83 more"; @words may be NULL. Returns @dst. */
const char *text_some(char *dst, size_t size, const char *words);

#endif
