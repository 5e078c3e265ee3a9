/* vault.h - the vault: core/model/vault.h reads it, op_vault.c fills it */
#ifndef CAREEN_RUN_VAULT_H
#define CAREEN_RUN_VAULT_H

#include <stdint.h>

struct error;
struct vault;

/*
 * Until @more bytes fit into VAULT_MAX: the oldest entries go first, as what was just done is
 * what is undone. Never @spare (NULL none), which is put back.
 */
void vault_make_room(const struct vault *v, uint64_t more, const char *spare);

/* Forget entry @id, for good. */
int vault_drop(const char *id, struct error *err);

#endif
