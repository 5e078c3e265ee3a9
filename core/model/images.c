/* images.c - the initramfs of each installed kernel: has it the rescue, and of today's files? */
#include "model/images.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sha256.h"
#include "base/text.h"
#include "model/procfile.h"

#define SERVICE "/etc/systemd/system/multi-user.target.wants/careen.service"

static bool take_image(struct inputs *ret, const char *line)
{
	unsigned long long size;
	long long mtime;
	int at = 0;

	if (sscanf(line, "image %llu %lld %n", &size, &mtime, &at) != 2 || !at)
		return false;
	ret->size = size;
	ret->mtime = mtime;
	text_fmt(ret->image, sizeof(ret->image), "%s", line + at);
	return true;
}

static bool is_sum(const char *line, size_t len)
{
	return (len == 64 && strspn(line, "0123456789abcdef") == 64) || (len == 6 && !strncmp(line, "absent", 6));
}

static void take_line(struct inputs *ret, const char *line)
{
	size_t len = strcspn(line, " ");

	if (take_image(ret, line) || ret->n == INPUTS_MAX || !is_sum(line, len) ||
	    strncmp(line + len, "  /", 3))
		return;
	text_fmt(ret->row[ret->n].sum, sizeof(ret->row[0].sum), "%.*s", (int)len, line);
	text_fmt(ret->row[ret->n++].path, sizeof(ret->row[0].path), "%s", line + len + 2);
}

void inputs_parse(struct inputs *ret, const char *text)
{
	char line[300];
	size_t len;

	memset(ret, 0, sizeof(*ret));
	for (; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		text_fmt(line, sizeof(line), "%.*s", (int)(len < sizeof(line) ? len : sizeof(line) - 1), text);
		take_line(ret, line);
	}
}

int inputs_read(const char *path, struct inputs *ret)
{
	char *text;
	int r = file_read_all(AT_FDCWD, path, &text, NULL);

	if (r < 0)
		return r;
	inputs_parse(ret, text);
	free(text);
	return 0;
}

static void sum_of(const char *path, char hex[65])
{
	uint8_t hash[32];
	char *text;
	size_t size, i;

	text_fmt(hex, 65, "absent");
	if (file_read_all(AT_FDCWD, path, &text, &size) < 0)
		return;
	sha256(text, size, hash);
	explicit_bzero(text, size);	/* a host key may be among them */
	free(text);
	for (i = 0; i < sizeof(hash); i++)
		text_fmt(hex + 2 * i, 3, "%02x", hash[i]);
}

size_t inputs_changed(const struct inputs *in, char *buf, size_t size)
{
	size_t i, n = 0, len = 0;
	char hex[65];

	*buf = '\0';
	for (i = 0; i < in->n; i++) {
		sum_of(in->row[i].path, hex);
		if (!strcmp(hex, in->row[i].sum))
			continue;
		text_fmt(buf + len, size - len, "%s%s", n++ ? ", " : "", in->row[i].path);
		len += strlen(buf + len);
	}
	return n;
}

bool inputs_named(const char *changed, const char *end)
{
	const char *at = changed;
	size_t len = strlen(end);

	while ((at = strstr(at, end))) {
		at += len;
		if (!*at || *at == ',')
			return true;
	}
	return false;
}

static enum image_state judge(struct image *image, const char *path, const char *note)
{
	struct inputs in;
	struct stat st;

	if (stat(path, &st) < 0)
		return IMAGE_MISSING;
	if (inputs_read(note, &in) < 0 || !in.n)
		return IMAGE_WITHOUT;
	if (in.size && (in.size != (uint64_t)st.st_size || in.mtime != (int64_t)st.st_mtime))
		return IMAGE_OTHER;
	return inputs_changed(&in, image->changed, sizeof(image->changed)) ? IMAGE_OLD : IMAGE_CURRENT;
}

static void take_kernel(const char *boot, const char *notes, const char *kernel, struct images *ret)
{
	struct image *image = &ret->row[ret->n++];
	char path[300], note[300];

	text_fmt(image->kernel, sizeof(image->kernel), "%s", kernel);
	text_fmt(path, sizeof(path), "%s/initrd.img-%s", boot, kernel);
	text_fmt(note, sizeof(note), "%s/%s", notes, kernel);
	image->state = judge(image, path, note);
}

static int by_name(const void *a, const void *b)
{
	return strverscmp(((const struct image *)b)->kernel, ((const struct image *)a)->kernel);
}

int images_read(const char *boot, const char *notes, struct images *ret, struct error *err)
{
	static const char begin[] = "vmlinuz-";
	DIR *dir = opendir(boot);
	struct dirent *e;

	memset(ret, 0, sizeof(*ret));
	ret->service = access(SERVICE, F_OK) == 0;
	if (!dir)
		return error_set(err, errno, "read", boot, NULL, NULL);
	while (ret->n < IMAGES_MAX && (e = readdir(dir)))
		if (!strncmp(e->d_name, begin, sizeof(begin) - 1) && strlen(e->d_name) < sizeof(begin) + 64)
			take_kernel(boot, notes, e->d_name + sizeof(begin) - 1, ret);
	closedir(dir);
	qsort(ret->row, ret->n, sizeof(ret->row[0]), by_name);
	return 0;
}
