/* vault.h - what was kept of a device before it was written to, in RAM */
#ifndef CAREEN_VAULT_H
#define CAREEN_VAULT_H

#include <stddef.h>
#include <stdint.h>

/*
 * One directory of /run/careen/vault each. Its file "entry" has a key and a value a
 * line: those below, and "extent OFFSET BYTES" for each file at-OFFSET beside it.
 */
struct vault_entry {
	char id[16];		/* "0003": its directory */
	char device[48];	/* "/dev/vda1", as it was called then */
	char part[32];		/* what follows its disk's name: "1"; "" = the disk itself */
	char model[64], serial[64];	/* the disk's; "" if it has none */
	uint64_t size;		/* of the device */
	uint64_t diskseq;	/* 0 unknown */
	int64_t when;		/* time(2) */
	char before[96];	/* what was done next: "Make an ext4 file system" */
	char what[128];		/* "first and last MiB, partition table" */
	uint64_t bytes;		/* kept */
};

#define VAULT_MAX (40u << 20)	/* bytes in all; of the 64 MiB that jobs and journal need, too */

struct vault {
	struct vault_entry *row;	/* newest first */
	size_t n;
};

/* Nothing there is no error. */
void vault_read(struct vault *v);
void vault_free(struct vault *v);
const struct vault_entry *vault_find(const struct vault *v, const char *id);

#endif
