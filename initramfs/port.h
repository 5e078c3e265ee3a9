/* port.h - when the lifeline's port is open, and who may keep it busy */
#ifndef CAREEN_INITRAMFS_PORT_H
#define CAREEN_INITRAMFS_PORT_H

#include <stdbool.h>
#include <sys/types.h>

void port_init(void);
/*
 * May dropbear listen? Always, unless careen.conf says port_open=armed: then only until the
 * second that `careen arm` has written, and at any rate while somebody is logged in or the
 * system is detached.
 */
bool port_is_open(void);
/* True while many connections of @listener have not logged in; the oldest of them are ended. */
bool port_is_crowded(pid_t listener);

#endif
