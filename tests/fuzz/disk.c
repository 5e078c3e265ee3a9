/*
 * disk.c - what a disk says of itself: the LUKS header's length, LVM's metadata areas, the
 * program that is to be init
 */
#include "run/op_init.c"
#include "run/op_vault.c"

#include "fuzz.h"

int __wrap_access(const char *path, int mode);

/* No loader is there: none is run. */
int __wrap_access(const char *path, int mode)
{
	(void)path;
	(void)mode;
	errno = ENOENT;
	return -1;
}

/* LUKS2's text begins there: a short input has it, too. */
static void luks(const char *text, size_t size)
{
	size_t head = size < 128 ? size : 128, n = 4096 + size - head;
	char *buf = calloc(1, n + 1);

	if (!buf)
		abort();
	memcpy(buf, text, head);
	memcpy(buf + 4096, text + head, size - head);
	if (luks_length(buf, n) > LUKS_MAX)
		abort();
	free(buf);
}

/* Which sector has the label is the first byte's, the rest is what stands in it. */
static void lvm(const char *text, size_t size)
{
	static struct keeping k;
	struct blockdev dev = { .size = 64 * MIB };
	size_t sector = (unsigned char)*text % LABEL_SECTORS, room = (LABEL_SECTORS - sector) * 512, i, j;
	uint64_t bytes = 0;
	unsigned char *buf = calloc(LABEL_SECTORS, 512);

	if (!buf)
		abort();
	memset(&k, 0, sizeof(k));
	k.dev = &dev;
	memcpy(buf + sector * 512, text + 1, size - 1 < room ? size - 1 : room);
	add_areas(&k, buf, MIB);
	for (i = 0; i < k.n; i++) {
		if (!k.extent[i].len || k.extent[i].at >= dev.size || k.extent[i].len > dev.size - k.extent[i].at)
			abort();
		bytes += k.extent[i].len;
		for (j = 0; j < i; j++)
			if (k.extent[i].at == k.extent[j].at)
				abort();
	}
	if (bytes != k.bytes)
		abort();
	free(buf);
}

void fuzz_one(char *text, size_t size)
{
	int fd = open("/init", O_RDONLY);
	struct error err = { 0 };

	if (fd < 0)
		abort();
	check_elf(fd, "/init", &err);
	check_script(fd, "/init", 0, &err);
	close(fd);
	if (!size)
		return;
	luks(text, size);
	lvm(text, size);
}
