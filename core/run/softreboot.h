/* softreboot.h - make systemd stop everything and execute its binary; private to core/run */
#ifndef CAREEN_SOFTREBOOT_H
#define CAREEN_SOFTREBOOT_H

#include "run/op.h"

/*
 * Tell the systemd whose binary is @init_path in the old root, on /oldroot, not to
 * take the network or us along. Before our program is bound over that binary.
 */
int soft_reboot_prepare(const char *init_path, struct error *err);
/* Returns at once: what comes of it is to be waited for. */
int soft_reboot_begin(struct op_ctx *ctx, struct error *err);
/* Take back what systemd was told: for one that did not go. */
void soft_reboot_end(const char *init_path);

#endif
