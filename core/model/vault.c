/* vault.c - the vault's entries, from their files */
#include "model/vault.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/procfile.h"
#include "paths.h"

struct field {
	const char *key;
	size_t offset, size;	/* size 0: a number */
};

#define TEXT(f) { #f, offsetof(struct vault_entry, f), sizeof(((struct vault_entry *)0)->f) }
#define NUMBER(f) { #f, offsetof(struct vault_entry, f), 0 }

static const struct field fields[] = {
	TEXT(device), TEXT(part), TEXT(model), TEXT(serial), NUMBER(size), NUMBER(diskseq),
	NUMBER(when), TEXT(before), TEXT(what), NUMBER(bytes),
};

static void take_line(struct vault_entry *e, char *line)
{
	char *value = strchr(line, ' ');
	size_t i, len = value ? (size_t)(value - line) : 0;

	for (i = 0; value && i < sizeof(fields) / sizeof(fields[0]); i++) {
		char *field = (char *)e + fields[i].offset;

		if (strlen(fields[i].key) != len || strncmp(fields[i].key, line, len))
			continue;
		if (fields[i].size) {
			text_unescape(value + 1);
			text_clean(field, fields[i].size, value + 1);
		} else
			*(uint64_t *)field = strtoull(value + 1, NULL, 10);
	}
}

static bool read_entry(struct vault_entry *e, pid_t id)
{
	char path[96], *text, *line, *end;

	*e = (struct vault_entry){ 0 };
	text_fmt(e->id, sizeof(e->id), "%04d", (int)id);
	text_fmt(path, sizeof(path), CAREEN_VAULT "/%s/entry", e->id);
	if (file_read_all(AT_FDCWD, path, &text, NULL) < 0)
		return false;
	for (line = text; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		take_line(e, line);
	}
	free(text);
	return *e->device != '\0';
}

void vault_read(struct vault *v)
{
	pid_t *id;
	size_t n;

	*v = (struct vault){ 0 };
	/* the directories' names are numbers with leading zeros */
	if (pids_list(AT_FDCWD, CAREEN_VAULT, &id, &n) < 0)
		return;
	v->row = calloc(n + 1, sizeof(*v->row));
	while (v->row && n--)
		v->n += read_entry(&v->row[v->n], id[n]);
	free(id);
}

void vault_free(struct vault *v)
{
	free(v->row);
	*v = (struct vault){ 0 };
}

const struct vault_entry *vault_find(const struct vault *v, const char *id)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		if (atoi(v->row[i].id) == atoi(id))
			return &v->row[i];
	return NULL;
}
