/*
 * keylist.c - the lines of an authorized_keys file: are they keys that dropbear takes?
 *
 * "[OPTIONS] TYPE BASE64 [COMMENT]", options without a blank outside quotes [sshd(8)]. The key
 * begins with its type once more, and consists of strings with their lengths [RFC 4253 6.6].
 */
#include "model/keylist.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/procfile.h"

static const struct {
	const char *type;
	unsigned strings;	/* after the type's own */
} kinds[] = {
	{ "ssh-ed25519", 1 }, { "ssh-rsa", 2 }, { "ecdsa-sha2-nistp256", 2 },
	{ "ecdsa-sha2-nistp384", 2 }, { "ecdsa-sha2-nistp521", 2 },
};

static int value_of(char c)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(set, c) : NULL;

	return at ? (int)(at - set) : -1;
}

/* How many bytes @len characters of base64 are; -1: they are none, or more than @size. */
static long decode(const char *text, size_t len, uint8_t *dst, size_t size)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t i, n = 0;

	while (len && text[len - 1] == '=')
		len--;
	for (i = 0; i < len; i++) {
		int v = value_of(text[i]);

		if (v < 0 || n == size)
			return -1;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		dst[n++] = (uint8_t)(bits >> have);
	}
	return (long)n;
}

/* Is it the type and @strings more, and nothing else? */
static bool is_whole(const uint8_t *p, size_t n, const char *type, unsigned strings)
{
	size_t i, len;

	for (i = 0; i <= strings; i++) {
		if (n < 4)
			return false;
		len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
		if (!len || len > n - 4 || (!i && (len != strlen(type) || memcmp(p + 4, type, len))))
			return false;
		p += 4 + len;
		n -= 4 + len;
	}
	return !n;
}

static bool is_type(const char *word)
{
	return !strncmp(word, "ssh-", 4) || !strncmp(word, "ecdsa-", 6) || !strncmp(word, "sk-", 3);
}

/* Behind the options and their blanks; NULL: a quote does not end. */
static const char *skip_options(const char *p, const char *end)
{
	bool quoted = false;

	for (; p < end && (quoted || (*p != ' ' && *p != '\t')); p++) {
		if (*p == '\\' && p + 1 < end && p[1] == '"')
			p++;
		else if (*p == '"')
			quoted = !quoted;
	}
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return quoted ? NULL : p;
}

static enum key_fault check_key(const char *type, const char *text, size_t len)
{
	uint8_t key[800];
	long n;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].type, type))
			continue;
		n = decode(text, len, key, sizeof(key));
		return n > 0 && is_whole(key, (size_t)n, type, kinds[i].strings) ? KEY_GOOD : KEY_BLOB;
	}
	return KEY_TYPE;
}

static void take_line(const char *p, const char *end, struct keyline *row)
{
	size_t len;

	row->fault = KEY_FORM;
	if (!is_type(p) && !(p = skip_options(p, end)))
		return;
	len = strcspn(p, " \t\r\n");
	if (p >= end || !len)
		return;
	text_fmt(row->type, sizeof(row->type), "%.*s", (int)len, p);
	p += len;
	p += strspn(p, " \t");
	len = strcspn(p, " \t\r\n");
	if (!is_type(row->type))
		return;
	row->fault = check_key(row->type, p, len);
	if (row->fault == KEY_GOOD && len >= sizeof(row->blob))
		row->fault = KEY_BLOB;
	if (row->fault == KEY_GOOD)
		text_fmt(row->blob, sizeof(row->blob), "%.*s", (int)len, p);
}

void keylist_parse(const char *text, struct keylist *ret)
{
	const char *line, *end, *p;
	unsigned number = 1;

	memset(ret, 0, sizeof(*ret));
	for (line = text; *line && ret->n < KEYLIST_MAX; number++) {
		end = line + strcspn(line, "\n");
		p = line + strspn(line, " \t\r");
		if (p < end && *p != '#') {
			ret->row[ret->n].number = number;
			take_line(p, end, &ret->row[ret->n++]);
		}
		line = end + (*end == '\n');
	}
}

int keylist_read(const char *path, struct keylist *ret)
{
	char *text;
	int r = file_read_all(AT_FDCWD, path, &text, NULL);

	if (r < 0 && r != -ENOENT)
		return r;
	keylist_parse(r < 0 ? "" : text, ret);
	if (r == 0)
		free(text);
	return 0;
}

size_t keylist_good(const struct keylist *l)
{
	size_t i, n = 0;

	for (i = 0; i < l->n; i++)
		n += l->row[i].fault == KEY_GOOD;
	return n;
}

bool keylist_has(const struct keylist *l, const char *blob)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->row[i].fault == KEY_GOOD && !strcmp(l->row[i].blob, blob))
			return true;
	return false;
}

const char *key_fault_text(enum key_fault fault)
{
	static const char *const texts[] = {
		[KEY_GOOD] = "good",
		[KEY_FORM] = "no type and key in it",
		[KEY_TYPE] = "none of dropbear's kinds: ed25519, ecdsa, rsa",
		[KEY_BLOB] = "what follows the type is not a whole key of it",
	};

	return texts[fault];
}
