/* hostkeys.h - the rescue's own ssh host keys: what a client is shown of them */
#ifndef CAREEN_HOSTKEYS_H
#define CAREEN_HOSTKEYS_H

#include <stddef.h>

#include "base/error.h"

#define HOSTKEYS_MAX 8

struct hostkey {
	char type[32];		/* "ssh-ed25519" */
	char sha256[64];	/* "SHA256:...", as ssh(1) shows it */
	char blob[1024];	/* the public half in base64, as in known_hosts */
};

struct hostkeys {
	struct hostkey row[HOSTKEYS_MAX];
	size_t n;
	unsigned port;		/* on which the rescue shows them */
};

/* From @etc, "/etc/careen" in the rescue and in the normal system. 0 or -errno. */
int hostkeys_read(const char *etc, struct hostkeys *ret, struct error *err);

#endif
