/* holder_names.c - words for what a holder is and how it lets go */
#include <string.h>

#include "base/text.h"
#include "model/holders.h"

static const char *const kind_names[] = {
	[HOLDER_PROCESS] = "process", [HOLDER_SWAP] = "swap", [HOLDER_LOOP] = "loop",
	[HOLDER_DM] = "dm", [HOLDER_MD] = "md", [HOLDER_MOUNTNS] = "mountns",
	[HOLDER_OVERLAY] = "overlay", [HOLDER_NFSD] = "nfsd", [HOLDER_BINFMT] = "binfmt",
	[HOLDER_UNSEEN] = "unseen",
};

static const char *const out_names[] = {
	[OUT_TERM] = "TERM", [OUT_KILL] = "KILL", [OUT_KEEP] = "keep",
	[OUT_SWAPOFF] = "swapoff", [OUT_LOOP_DETACH] = "detach", [OUT_DM] = "dmsetup",
	[OUT_MD] = "mdadm", [OUT_NONE] = "none", [OUT_UMOUNT] = "umount",
	[OUT_NFSD] = "exportfs", [OUT_BINFMT] = "remove", [OUT_WAIT] = "wait",
};

static const struct {
	unsigned bit;
	const char *name;
} hold_names[] = {
	/* the rarer say more: where there is no room, the others are cut */
	{ HOLD_SOCK, "sock" }, { HOLD_SCM, "scm" }, { HOLD_URING, "uring" },
	{ HOLD_FANOTIFY, "fanotify" },
	{ HOLD_CWD, "cwd" }, { HOLD_ROOT, "root" }, { HOLD_EXE, "exe" }, { HOLD_FD, "fd" },
	{ HOLD_MAP, "map" }, { HOLD_NS, "ns" }, { HOLD_DEV, "dev" },
	{ HOLD_UNKNOWN, "?" },
};

const char *holder_kind_name(enum holder_kind kind)
{
	return kind_names[kind];
}

const char *way_out_name(enum way_out out)
{
	return out_names[out];
}

const char *holds_text(unsigned holds, char *buf, size_t size)
{
	size_t i, len = 0;

	buf[0] = '\0';
	for (i = 0; i < sizeof(hold_names) / sizeof(hold_names[0]); i++) {
		if (!(holds & hold_names[i].bit))
			continue;
		text_fmt(buf + len, size - len, "%s%s", len ? " " : "", hold_names[i].name);
		len += strlen(buf + len);
	}
	return buf;
}
