/* fuzz_scan.h - a machine that is detached, to tell references against */
#ifndef CAREEN_FUZZ_SCAN_H
#define CAREEN_FUZZ_SCAN_H

#include <stdlib.h>

#include "model/scan.h"

static const char fuzz_mounts[] =
	"1 1 0:2 / / rw - rootfs rootfs rw\n"
	"20 1 0:20 / /proc rw - proc proc rw\n"
	"30 1 254:1 / /oldroot rw shared:1 - ext4 /dev/vda1 rw\n"
	"31 30 254:2 / /oldroot/var rw shared:2 - xfs /dev/vda2 rw\n"
	"32 30 0:33 / /oldroot/run rw shared:3 - tmpfs tmpfs rw\n"
	"33 30 0:34 / /oldroot/misc rw shared:4 - binfmt_misc binfmt_misc rw\n";

/* Made once; its sockets are a target's own. */
static inline struct mounts *fuzz_table(void)
{
	static struct mounts ms;

	if (!ms.n && mounts_parse(&ms, fuzz_mounts, 1, NULL) < 0)
		abort();
	return &ms;
}

static inline struct scan *fuzz_scan(void)
{
	static struct scan sc;

	if (!sc.id && scan_init(&sc, fuzz_table(), NULL, 0, false) < 0)
		abort();
	return &sc;
}

#endif
