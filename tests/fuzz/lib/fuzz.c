/*
 * fuzz.c - what the targets share: the input as text, and as the files that are opened
 *
 * Linked with --wrap: while a target runs, a file that is opened for reading is a piece of
 * its input, one that is opened for writing cannot be, and no system call of base/sys.h has
 * an effect. Directories, links and what stat(2) says are this machine's.
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __real_open(const char *path, int flags, ...);
int __real_openat(int dirfd, const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_openat(int dirfd, const char *path, int flags, ...);
int __wrap_job_find(const char *id, char ret[16]);

#define PIECE_END '\f'

static const struct sys none;		/* whoever calls one of them is found out */
static const char *piece, *input_end;	/* NULL: no target runs */
static volatile size_t looked;

static void look(const char *text)
{
	looked += strlen(text);
}

static void take_note(void *job, const char *text)
{
	(void)job;
	look(text);
}

static void take_progress(void *job, double fraction, const char *text)
{
	(void)job;
	/* the screen draws a bar that long */
	if (!(fraction <= 1))
		abort();
	look(text);
}

struct op_ctx fuzz_ctx = { .note = take_note, .progress = take_progress };

static int open_piece(void)
{
	const char *end = memchr(piece, PIECE_END, (size_t)(input_end - piece));
	size_t len = (size_t)((end ? end : input_end) - piece);
	int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd < 0 || write(fd, piece, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	if (end)
		piece = end + 1;
	return fd;
}

int __wrap_openat(int dirfd, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if (!piece || flags & O_DIRECTORY)
		return __real_openat(dirfd, path, flags, mode);
	if ((flags & O_ACCMODE) == O_RDONLY)
		return open_piece();
	errno = EROFS;
	return -1;
}

int __wrap_open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return __wrap_openat(AT_FDCWD, path, flags, mode);
}

/* Every job is there. */
int __wrap_job_find(const char *id, char ret[16])
{
	text_fmt(ret, 16, "%s", id && *id ? id : "0001");
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	sys = &none;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *files = malloc(size + 1), *text = malloc(size + 1);

	if (!files || !text)
		abort();
	memcpy(files, data, size);
	memcpy(text, data, size);
	files[size] = text[size] = '\0';
	piece = files;
	input_end = files + size;
	fuzz_one(text, size);
	piece = NULL;
	free(files);
	free(text);
	return 0;
}
