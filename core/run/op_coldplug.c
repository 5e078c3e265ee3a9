/*
 * op_coldplug.c - what udev need not do again when its database was kept
 *
 * At every start systemd has udev look at each device of the machine
 * (systemd-udev-trigger.service), as at boot nobody has. With udev's database
 * given back, and no uevent of the kernel since the detach, that is known
 * already; systemd itself does not do it in a soft-reboot. Only the contents of
 * disks may have changed without an event: those are looked at.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "run/exec.h"

#define DIRECTORY "/run/systemd/system/systemd-udev-trigger.service.d"

static const char drop_in[] =
	"# Written by careen's Resume, gone with the next boot: udev's database was kept, and the\n"
	"# kernel had no event of a device meanwhile; only disks may have other contents now.\n"
	"[Service]\n"
	"ExecStart=\n"
	"ExecStart=-udevadm trigger --action=change --subsystem-match=block\n";

/* Why udev must look at everything, or NULL. */
static const char *reason(const struct op *op, char *buf, size_t size)
{
	char path[300], text[32];
	uint64_t now = 0;

	if (read_text("/sys/kernel/uevent_seqnum", text, sizeof(text)) > 0)
		now = strtoull(text, NULL, 10);
	if (now != op->number)
		return text_fmt(buf, size, "%llu device events since the detach",
				(unsigned long long)(now - op->number));
	if (access(text_fmt(path, sizeof(path), "%s/run/udev/data", op->dst), F_OK) < 0)
		return "its database is not there";
	/* there while events are being worked on [systemd src/udev/udevd.c] */
	if (access(text_fmt(path, sizeof(path), "%s/run/udev/queue", op->dst), F_OK) == 0)
		return "it was not done when it was stopped";
	return NULL;
}

static int write_drop_in(const char *root)
{
	static const char *const parts[] = { "/run/systemd", "/run/systemd/system", DIRECTORY };
	char path[400];
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (mkdir(text_fmt(path, sizeof(path), "%s%s", root, parts[i]), 0755) < 0 &&
		    errno != EEXIST)
			return -errno;
	text_fmt(path, sizeof(path), "%s" DIRECTORY "/careen.conf", root);
	return write_whole(path, drop_in, strlen(drop_in));
}

int op_coldplug(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	char buf[96];
	const char *why = reason(op, buf, sizeof(buf));
	int r;

	if (why) {
		ctx_note(ctx, "udev looks at every device again: %s", why);
		return 0;
	}
	r = write_drop_in(op->dst);
	if (r < 0)
		return error_set(err, r, "write", DIRECTORY, NULL,
				 "Skip this: udev then looks at every device again.");
	ctx_note(ctx, "no device event since the detach: udev looks at the disks only");
	return 0;
}
