/* test_text.c - text from outside is made safe, and comes back whole */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "tap.h"

static void clean_is(const char *src, const char *want, const char *what)
{
	char buf[64];

	is_str(text_clean(buf, sizeof(buf), src), want, "%s", what);
}

static char *into(void (*fn)(FILE *, const char *), const char *src)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	fn(f, src);
	fclose(f);
	return text;
}

static void via(void (*fn)(FILE *, const char *), const char *src, const char *want,
		const char *what)
{
	char *got = into(fn, src);

	is_str(got, want, "%s", what);
	free(got);
}

static void test_clean(void)
{
	char small[5];

	clean_is("plain", "plain", "plain text stays");
	clean_is("r\xc3\xa9sum\xc3\xa9", "r\xc3\xa9sum\xc3\xa9", "UTF-8 stays");
	clean_is("a\033[2Jb", "a?[2Jb", "an escape sequence loses its escape");
	clean_is("a\nb\tc", "a?b?c", "newline and tab");
	clean_is("\xc2\x9b" "31m", "?31m", "C1 CSI");
	clean_is("\xff\xfe", "??", "bytes that are no UTF-8");
	clean_is("\xc0\xaf", "??", "overlong");
	clean_is("\xe2\x80\xae" "txt", "?txt", "right-to-left override");
	clean_is("\xed\xa0\x80", "???", "surrogate");
	clean_is("\xe2\x82", "??", "cut sequence");
	is_str(text_clean(small, sizeof(small), "ab\xe2\x82\xac"), "ab",
	       "a character that does not fit is not cut in two");
}

static void test_bytes(void)
{
	static const struct { const char *text; int r; uint64_t bytes; } rows[] = {
		{ "0", 0, 0 }, { "512", 0, 512 }, { "512B", 0, 512 }, { "4K", 0, 4096 },
		{ "1.5G", 0, 1536ull << 20 }, { "1.5g", 0, 1536ull << 20 }, { "8191P", 0, 8191ull << 50 },
		{ "", -EINVAL, 0 }, { "max", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { "5GB", -EINVAL, 0 },
		{ "1.5", -EINVAL, 0 }, { "5 G", -EINVAL, 0 }, { "G", -EINVAL, 0 },
		{ "16384P", -ERANGE, 0 }, { "99999999999999999999", -ERANGE, 0 },
	};
	uint64_t bytes;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bytes = 0;
		is_int(text_bytes(rows[i].text, &bytes), rows[i].r, "%s", rows[i].text);
		is_int((long)bytes, (long)rows[i].bytes, "%s: bytes", rows[i].text);
	}
}

static void test_seconds(void)
{
	static const struct { const char *text; int r; uint32_t seconds; } rows[] = {
		{ "90s", 0, 90 }, { "15m", 0, 900 }, { "2h", 0, 7200 }, { "99999h", 0, 359996400 },
		{ "", -EINVAL, 0 }, { "m", -EINVAL, 0 }, { "15", -EINVAL, 0 }, { "-1s", -EINVAL, 0 },
		{ "15min", -EINVAL, 0 }, { "1d", -EINVAL, 0 }, { "100000s", -EINVAL, 0 },
	};
	uint32_t seconds;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		seconds = 0;
		is_int(text_seconds(rows[i].text, &seconds), rows[i].r, "%s", rows[i].text);
		is_int((long)seconds, (long)rows[i].seconds, "%s: seconds", rows[i].text);
	}
}

static void test_sizes(void)
{
	char buf[32];

	is_str(text_size(buf, sizeof(buf), 0), "0B", "0");
	is_str(text_size(buf, sizeof(buf), 1023), "1023B", "1023");
	is_str(text_size(buf, sizeof(buf), 1536), "1.5K", "1536");
	is_str(text_size(buf, sizeof(buf), 2ull << 30), "2G", "2 GiB");
	is_str(text_size(buf, sizeof(buf), (2ull << 30) + 1), "2G", "2 GiB and a byte");
	is_str(text_size(buf, sizeof(buf), ~0ull), "15E", "the largest");
	test_bytes();
	is_str(text_span(buf, sizeof(buf), 872), "14:32", "minutes");
	is_str(text_span(buf, sizeof(buf), 3 * 3600 + 12 * 60), "3 h 12 min", "hours");
	is_str(text_span(buf, sizeof(buf), 41 * 86400), "41 d", "days");
}

static void round_trip(const char *src)
{
	char *s = into(text_escape, src);

	ok(!strpbrk(s, "\t\n\r"), "no separator is left");
	text_unescape(s);
	is_str(s, src, "escape and back");
	free(s);
}

int main(void)
{
	char buf[] = "a\\040b\\134\\0z", text[256];
	struct error err;

	test_clean();
	test_seconds();
	test_sizes();
	via(text_json, "a\"b\\c\n\xff", "\"a\\\"b\\\\c\\u000a\\ufffd\"", "JSON");
	via(text_shell, "/dev/vda1", "/dev/vda1", "a plain word is not quoted");
	via(text_shell, "it's $HOME", "'it'\\''s $HOME'", "a word sh would read is");
	via(text_shell, "a'\n\\\033\xc2\x9b\xff\xc3\xa9", "$'a\\'\\n\\\\\\033\\302\\233\\377\xc3\xa9'",
	    "what a terminal would obey is written out");
	via(text_shell, "", "''", "an empty word is still a word");
	round_trip("a\tb\nc\\x41\\d");
	is_str(text_some(text, sizeof(text), NULL), "", "no words");
	is_str(text_some(text, sizeof(text), "md0 dm-0 dm-1 dm-2"), "md0 dm-0 dm-1 dm-2", "four are all told");
	is_str(text_some(text, sizeof(text), "a b c d e f"), "a b c d and 2 more", "of more the first");
	is_str(text_some(text, 4, "abcdef"), "abc", "what does not fit is cut");
	text_unoctal(buf);
	is_str(buf, "a b\\\\0z", "octal escapes of mountinfo");
	is_int(error_set(&err, 16, "unmount", "/var", NULL, "Run %s.", "Kill"), -16, "error_set returns -errno");
	is_str(error_text(&err, text, sizeof(text)), "unmount /var: Device or resource busy. Run Kill.",
	       "an error says what, on what, why and what next");
	return done_testing();
}
