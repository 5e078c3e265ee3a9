/*
 * hostkeys.c - the rescue's own ssh host keys: what a client is shown of them
 *
 * Dropbear keeps a key as ssh's wire format has it: the type, the public half, the private
 * half [dropbear src/signkey.c buf_put_priv_key()]. The private one is skipped.
 */
#include "model/hostkeys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "base/text.h"
#include "model/procfile.h"

/* How many strings of the file are the public half, and what of the last belongs to it. */
static const struct kind {
	const char *type;
	size_t strings, skip;	/* skip: ed25519's one string has the seed before the public key */
} kinds[] = {
	{ "ssh-ed25519", 2, 32 },
	{ "ssh-rsa", 3, 0 },			/* e, n */
	{ "ecdsa-sha2-nistp256", 3, 0 },	/* curve, Q */
	{ "ecdsa-sha2-nistp384", 3, 0 },
	{ "ecdsa-sha2-nistp521", 3, 0 },
};

static const uint8_t *next_string(const uint8_t **at, const uint8_t *end, size_t *ret_len)
{
	const uint8_t *p = *at;
	size_t len;

	if (end - p < 4)
		return NULL;
	len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	p += 4;
	if ((size_t)(end - p) < len)
		return NULL;
	*at = p + len;
	*ret_len = len;
	return p;
}

static size_t put_string(uint8_t *dst, size_t size, const uint8_t *s, size_t len)
{
	if (len > size || size - len < 4)
		return 0;
	dst[0] = (uint8_t)(len >> 24);
	dst[1] = (uint8_t)(len >> 16);
	dst[2] = (uint8_t)(len >> 8);
	dst[3] = (uint8_t)len;
	memcpy(dst + 4, s, len);
	return len + 4;
}

static const struct kind *kind_of(const uint8_t *type, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].type) == len && !memcmp(kinds[i].type, type, len))
			return &kinds[i];
	return NULL;
}

static int parse(const uint8_t *p, size_t size, struct hostkey *ret)
{
	const uint8_t *end = p + size, *s;
	const struct kind *kind;
	uint8_t blob[720], hash[32];
	size_t len, n, i, put;
	char text[48];

	s = next_string(&p, end, &len);
	kind = s ? kind_of(s, len) : NULL;
	if (!kind)
		return -EBADMSG;
	n = put_string(blob, sizeof(blob), s, len);
	for (i = 1; i < kind->strings; i++) {
		size_t skip = i + 1 == kind->strings ? kind->skip : 0;

		s = next_string(&p, end, &len);
		if (!s || len <= skip)
			return -EBADMSG;
		put = put_string(blob + n, sizeof(blob) - n, s + skip, len - skip);
		if (!put)
			return -EBADMSG;
		n += put;
	}
	text_fmt(ret->type, sizeof(ret->type), "%s", kind->type);
	sha256(blob, n, hash);
	text_fmt(ret->sha256, sizeof(ret->sha256), "SHA256:%s", base64(text, hash, sizeof(hash), 0));
	base64(ret->blob, blob, n, 1);
	return 0;
}

static int read_key(int dir, const char *name, struct hostkeys *ret)
{
	char *text;
	size_t size;
	int r = file_read_all(dir, name, &text, &size);

	if (r < 0)
		return r;
	r = parse((const uint8_t *)text, size, &ret->row[ret->n]);
	explicit_bzero(text, size);
	free(text);
	ret->n += r == 0;
	return r;
}

static int read_dir(const char *path, struct hostkeys *ret, struct error *err)
{
	static const char end[] = "_host_key";
	DIR *dir = opendir(path);
	struct dirent *e;
	size_t len;
	int r = 0;

	if (!dir)
		return errno == ENOENT ? 0 : error_set(err, errno, "read", path, NULL, NULL);
	while (r == 0 && ret->n < HOSTKEYS_MAX && (e = readdir(dir))) {
		len = strlen(e->d_name);
		if (len < sizeof(end) || strcmp(e->d_name + len - (sizeof(end) - 1), end))
			continue;
		r = read_key(dirfd(dir), e->d_name, ret);
		if (r < 0)
			error_set(err, r, "read", path, r == -EBADMSG ? "it has a file that is no key of "
				  "dropbear's" : NULL, "Look at %s; dropbearkey -y -f shows a good one.",
				  e->d_name);
	}
	closedir(dir);
	return r;
}

/* "-p\n[address:]1022" of the argv that the rescue's dropbear gets. */
static unsigned port_of_argv(const char *text)
{
	const char *p = strstr(text, "\n-p\n"), *colon;
	char word[80];

	if (!p || sscanf(p + 4, "%79s", word) != 1)
		return 0;
	colon = strrchr(word, ':');
	return (unsigned)strtoul(colon ? colon + 1 : word, NULL, 10);
}

static unsigned port_of_conf(const char *text)
{
	const char *line;
	unsigned port = 0, value;

	for (line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (sscanf(line, "port=%5u", &value) == 1)
			port = value;
	return port;
}

/* The rescue has the one file, the normal system the other. */
static unsigned read_port(const char *etc)
{
	static const struct {
		const char *file;
		unsigned (*port)(const char *text);
	} files[] = { { "dropbear.argv", port_of_argv }, { "careen.conf", port_of_conf } };
	unsigned port = 0;
	char path[128], *text;
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]) && !port; i++) {
		text_fmt(path, sizeof(path), "%s/%s", etc, files[i].file);
		if (file_read_all(AT_FDCWD, path, &text, NULL) < 0)
			continue;
		port = files[i].port(text);
		free(text);
	}
	return port ? port : 1022;
}

static int by_type(const void *a, const void *b)
{
	return strcmp(((const struct hostkey *)b)->type, ((const struct hostkey *)a)->type);
}

int hostkeys_read(const char *etc, struct hostkeys *ret, struct error *err)
{
	char path[128];
	int r;

	memset(ret, 0, sizeof(*ret));
	text_fmt(path, sizeof(path), "%s/dropbear", etc);
	r = read_dir(path, ret, err);
	if (r < 0)
		return r;
	if (!ret->n)
		return error_set(err, ENOENT, "read", path, "there is no host key yet",
				 "They are made with the rescue: careen enter, or update-initramfs -u (package "
				 "dropbear-bin).");
	qsort(ret->row, ret->n, sizeof(ret->row[0]), by_type);
	ret->port = read_port(etc);
	return 0;
}
