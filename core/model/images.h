/*
 * images.h - the initramfs of each installed kernel: has it the rescue, and of today's files?
 *
 * What a rescue is made of is noted when it is made (initramfs/one-shot inputs): in the rescue
 * itself, CAREEN_INPUTS, and for an image beside its size and time in CAREEN_IMAGES/KERNEL.
 */
#ifndef CAREEN_IMAGES_H
#define CAREEN_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define CAREEN_INPUTS	"/etc/careen/inputs"
#define CAREEN_IMAGES	"/var/lib/careen/images"

enum { INPUTS_MAX = 32, IMAGES_MAX = 32 };

struct inputs {
	struct {
		char sum[65];	/* sha256 in hexadecimal; "absent" */
		char path[160];
	} row[INPUTS_MAX];
	size_t n;
	char image[160];	/* the image's path; "" a rescue's own note, which has none */
	uint64_t size;		/* its size and time; 0 unknown */
	int64_t mtime;
};

enum image_state {
	IMAGE_CURRENT,
	IMAGE_OLD,		/* made of other files: ->changed */
	IMAGE_OTHER,		/* not the image that the note is of */
	IMAGE_WITHOUT,		/* made without a rescue, or before there was careen */
	IMAGE_MISSING,		/* the kernel has none */
};

struct image {
	char kernel[65];
	enum image_state state;
	char changed[300];	/* "/etc/careen/careen.conf, /usr/sbin/careen" */
};

struct images {
	struct image row[IMAGES_MAX];
	size_t n;
	bool service;		/* careen.service is enabled: it makes a rescue at each boot */
};

/* Lines "SUM  PATH" and "image SIZE MTIME PATH"; others are none of ours. */
void inputs_parse(struct inputs *ret, const char *text);
/* Of the file @path. 0 or -errno. */
int inputs_read(const char *path, struct inputs *ret);
/* The paths whose files are not what they were, into @buf; how many. */
size_t inputs_changed(const struct inputs *in, char *buf, size_t size);
/* Is there one named that ends so among "A, B"? */
bool inputs_named(const char *changed, const char *end);

/* Of every kernel in @boot, "/boot", with the notes in @notes. Reads files: may hang with their disk. */
int images_read(const char *boot, const char *notes, struct images *ret, struct error *err);

#endif
