/* keylist.h - the lines of an authorized_keys file: are they keys that dropbear takes? */
#ifndef CAREEN_KEYLIST_H
#define CAREEN_KEYLIST_H

#include <stdbool.h>
#include <stddef.h>

#define KEYLIST_MAX 128

enum key_fault {
	KEY_GOOD,
	KEY_FORM,		/* no type and key, or quotes that do not end */
	KEY_TYPE,		/* none of ed25519, ecdsa, rsa */
	KEY_BLOB,		/* what follows the type is no whole key of it */
};

struct keyline {
	unsigned number;	/* of the line, from 1 */
	enum key_fault fault;
	char type[40];
	char blob[1100];	/* in base64; "" unless good */
};

struct keylist {
	struct keyline row[KEYLIST_MAX];
	size_t n;
};

/* @text is an authorized_keys file; comments and empty lines have no row. */
void keylist_parse(const char *text, struct keylist *ret);
/* Of the file @path; one that is missing is empty. 0 or -errno. */
int keylist_read(const char *path, struct keylist *ret);

size_t keylist_good(const struct keylist *l);
/* Is that key one of @l's good ones? */
bool keylist_has(const struct keylist *l, const char *blob);
/* Why it is none: a clause. */
const char *key_fault_text(enum key_fault fault);

#endif
