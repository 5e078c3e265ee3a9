/* text.c - strings from outside, made safe; small growing strings */
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * Length of the well-formed UTF-8 sequence at @s, its code point in *@ret;
 * 0 if it is not well formed (overlong, surrogate, beyond U+10FFFF, cut).
 * Unicode 15, table 3-7.
 */
static size_t utf8_decode(const unsigned char *s, uint32_t *ret)
{
	uint32_t cp, min;
	size_t len, i;

	if (s[0] < 0x80) {
		*ret = s[0];
		return 1;
	}
	if (s[0] >= 0xc2 && s[0] <= 0xdf) {
		len = 2; min = 0x80; cp = s[0] & 0x1f;
	} else if ((s[0] & 0xf0) == 0xe0) {
		len = 3; min = 0x800; cp = s[0] & 0x0f;
	} else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		len = 4; min = 0x10000; cp = s[0] & 0x07;
	} else {
		return 0;
	}
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (s[i] & 0x3f);
	}
	if (cp < min || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	*ret = cp;
	return len;
}

/* Could a terminal obey it, or could it change the order of what is shown? */
static bool is_unsafe(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) ||
	       (cp >= 0x200b && cp <= 0x200f) || (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069) || cp == 0xfeff;
}

const char *text_clean(char *dst, size_t size, const char *src)
{
	const unsigned char *s = (const unsigned char *)(src ? src : "");
	size_t out = 0, len;
	uint32_t cp;

	if (!size)
		return dst;
	while (*s) {
		len = utf8_decode(s, &cp);
		if (!len || is_unsafe(cp)) {
			if (out + 1 >= size)
				break;
			dst[out++] = '?';
			s += len ? len : 1;
			continue;
		}
		if (out + len >= size)
			break;
		memcpy(dst + out, s, len);
		out += len;
		s += len;
	}
	dst[out] = '\0';
	return dst;
}

void text_put_clean(FILE *out, const char *src)
{
	size_t size = src ? strlen(src) + 1 : 1;
	char *buf = malloc(size);

	fputs(buf ? text_clean(buf, size, src) : "?", out);
	free(buf);
}

const char *text_fmt(char *dst, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(dst, size, fmt, ap) < 0 && size)
		dst[0] = '\0';
	va_end(ap);
	return dst;
}

char *text_dup(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return n < 0 ? NULL : s;
}

const char *text_size(char *dst, size_t size, uint64_t bytes)
{
	static const char units[] = "BKMGTPE";
	uint64_t whole = bytes;
	unsigned rest = 0;
	size_t u = 0;

	while (whole >= 1024) {
		rest = whole % 1024;
		whole /= 1024;
		u++;
	}
	/* 1.5G, 20G, 932M: one digit behind the point only where it says something */
	if (u && whole < 10 && rest >= 103)
		return text_fmt(dst, size, "%u.%u%c", (unsigned)whole,
				rest * 10 / 1024, units[u]);
	return text_fmt(dst, size, "%u%c", (unsigned)whole, units[u]);
}

int text_bytes(const char *text, uint64_t *ret)
{
	static const char units[] = "BKMGTP";
	const char *unit, *end;
	uint64_t whole = 0, part = 0, scale = 1;
	unsigned shift;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	for (end = text; *end >= '0' && *end <= '9'; end++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, *end - '0', &whole))
			return -ERANGE;
	if (*end == '.')
		for (end++; *end >= '0' && *end <= '9' && scale < 1000; end++, scale *= 10)
			part = part * 10 + (*end - '0');
	unit = *end ? strchr(units, *end >= 'a' ? *end - 'a' + 'A' : *end) : units;
	if (!unit || (*end && end[1]) || (scale > 1 && unit == units))
		return -EINVAL;
	shift = 10 * (unsigned)(unit - units);
	if (whole >= (uint64_t)1 << (64 - shift - !shift))
		return -ERANGE;
	*ret = (whole << shift) + (part << shift) / scale;
	return 0;
}

int text_seconds(const char *text, uint32_t *ret)
{
	static const struct {
		char unit;
		unsigned seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 } };
	size_t digits = strspn(text, "0123456789"), i;

	if (!digits || digits > 5 || (text[digits] && text[digits + 1]))
		return -EINVAL;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (text[digits] != units[i].unit)
			continue;
		*ret = strtoul(text, NULL, 10) * units[i].seconds;
		return 0;
	}
	return -EINVAL;
}

const char *text_span(char *dst, size_t size, uint64_t seconds)
{
	uint64_t d = seconds / 86400, h = seconds / 3600 % 24, m = seconds / 60 % 60;

	if (d)
		return text_fmt(dst, size, "%llu d", (unsigned long long)d);
	if (h)
		return text_fmt(dst, size, "%u h %02u min", (unsigned)h, (unsigned)m);
	return text_fmt(dst, size, "%u:%02u", (unsigned)m, (unsigned)(seconds % 60));
}

void text_json(FILE *out, const char *src)
{
	const unsigned char *s = (const unsigned char *)(src ? src : "");
	size_t len;
	uint32_t cp;

	fputc('"', out);
	while (*s) {
		len = utf8_decode(s, &cp);
		if (!len) {
			fputs("\\ufffd", out);
			s++;
			continue;
		}
		if (cp == '"' || cp == '\\')
			fprintf(out, "\\%c", (int)cp);
		else if (cp < 0x10000 && is_unsafe(cp))
			fprintf(out, "\\u%04x", (unsigned)cp);
		else
			fwrite(s, 1, len, out);
		s += len;
	}
	fputc('"', out);
}

/* Characters that mean nothing to sh(1), anywhere in a word. */
static bool is_plain_word(const char *s)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
		"_-+=./,:@%";

	return *s && s[strspn(s, plain)] == '\0';
}

bool text_is_safe(const char *src)
{
	const unsigned char *s = (const unsigned char *)src;
	size_t len;
	uint32_t cp;

	for (; *s; s += len) {
		len = utf8_decode(s, &cp);
		if (!len || is_unsafe(cp))
			return false;
	}
	return true;
}

/* As ls(1) does it: bash and busybox's sh know $'', and no byte of it does anything. */
static void shell_bytes(FILE *out, const char *src)
{
	const unsigned char *s = (const unsigned char *)src;
	size_t len, i;
	uint32_t cp;

	fputs("$'", out);
	for (; *s; s += len) {
		len = utf8_decode(s, &cp);
		if (*s == '\n' || *s == '\t')
			fputs(*s == '\n' ? "\\n" : "\\t", out);
		else if (*s == '\'' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if (len && !is_unsafe(cp))
			fwrite(s, 1, len, out);
		else
			for (i = 0; i < (len ? len : 1); i++)
				fprintf(out, "\\%03o", s[i]);
		len = len ? len : 1;
	}
	fputc('\'', out);
}

void text_shell(FILE *out, const char *src)
{
	if (is_plain_word(src)) {
		fputs(src, out);
		return;
	}
	if (!text_is_safe(src)) {
		shell_bytes(out, src);
		return;
	}
	fputc('\'', out);
	for (; *src; src++) {
		if (*src == '\'')
			fputs("'\\''", out);
		else
			fputc(*src, out);
	}
	fputc('\'', out);
}

void text_escape(FILE *out, const char *src)
{
	const unsigned char *s = (const unsigned char *)(src ? src : "");

	for (; *s; s++) {
		if (*s < 0x20 || *s == 0x7f || *s == '\\')
			fprintf(out, "\\x%02X", *s);
		else
			fputc(*s, out);
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

void text_unescape(char *s)
{
	char *out = s;

	while (*s) {
		if (s[0] == '\\' && s[1] == 'x' && hex_digit(s[2]) >= 0 &&
		    hex_digit(s[3]) >= 0) {
			*out++ = (char)(hex_digit(s[2]) * 16 + hex_digit(s[3]));
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

void text_unoctal(char *s)
{
	char *out = s;

	while (*s) {
		if (s[0] == '\\' && is_octal(s[1]) && is_octal(s[2]) && is_octal(s[3])) {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
}

bool text_has_word(const char *words, const char *word)
{
	size_t len = strlen(word);
	const char *p = words;

	while (len && p && (p = strstr(p, word))) {
		if ((p == words || p[-1] == ' ') && (p[len] == ' ' || !p[len]))
			return true;
		p += len;
	}
	return false;
}

const char *text_some(char *dst, size_t size, const char *words)
{
	const char *p, *end;
	unsigned n = 0;

	words = words ? words : "";
	for (p = end = words; *p; p += strspn(p, " "), n++) {
		p += strcspn(p, " ");
		end = n < 4 ? p : end;
	}
	text_fmt(dst, size, "%.*s", (int)(end - words), words);
	if (n > 4)
		text_fmt(dst + strlen(dst), size - strlen(dst), " and %u more", n - 4);
	return dst;
}
