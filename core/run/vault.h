/* vault.h - the vault: core/model/vault.h reads it, op_vault.c fills it */
#ifndef CAREEN_RUN_VAULT_H
#define CAREEN_RUN_VAULT_H

struct error;

/* Forget entry @id, for good. */
int vault_drop(const char *id, struct error *err);

#endif
