/* deadman.h - the dead-man timer is armed, kept and disarmed (model/deadman.h has the files) */
#ifndef CAREEN_RUN_DEADMAN_H
#define CAREEN_RUN_DEADMAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* @end: what it does after a write, "hold", "resume" or "reboot". */
int deadman_arm(uint32_t period_s, const char *end, struct error *err);
/* Neither it nor a new login is waited for any more. */
int deadman_disarm(struct error *err);
/*
 * An operator is there: the time begins anew. Cheap enough for every key, and needs no room in
 * /run/careen. On the machine's own line (initramfs/local.c) it is the new login that is
 * awaited, too.
 */
void deadman_keep(void);
/* Somebody has to log in anew within @seconds. */
int relogin_await(uint32_t seconds, struct error *err);
/*
 * Called by each of our programs that begins: true if a new login was awaited, and this
 * process is it: the session that dropbear forked for it is younger.
 */
bool relogin_seen(void);
/* How its attempt ended, for whoever looks later; "" forgets. */
void deadman_say(const char *text);

#endif
