/*
 * settings.c - what careen.conf says of the rescue's own behaviour
 *
 * initramfs/tree.sh has checked it, and written it in seconds: a wrong line is an
 * error when the rescue is made, not when it is needed.
 */
#include "model/settings.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/procfile.h"
#include "paths.h"

static const struct {
	const char *name;
	size_t offset;
	uint32_t fallback;
} numbers[] = {
	{ "deadman", offsetof(struct settings, deadman_s), 900 },
	{ "relogin", offsetof(struct settings, relogin_s), 120 },
	{ "armed", offsetof(struct settings, armed_only), 0 },
};

static void take(struct settings *set, const char *name, uint32_t value)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!strcmp(numbers[i].name, name))
			memcpy((char *)set + numbers[i].offset, &value, sizeof(value));
}

void settings_parse(struct settings *set, const char *text)
{
	const char *line;
	char name[16], value[10];

	set->syslog[0] = '\0';
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		take(set, numbers[i].name, numbers[i].fallback);
	for (line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (sscanf(line, "syslog=%63[0-9a-fA-F.: ]", set->syslog) != 1 &&
		    sscanf(line, "%15[a-z]=%9[0-9]", name, value) == 2)
			take(set, name, (uint32_t)strtoul(value, NULL, 10));
}

void settings_read(struct settings *set)
{
	settings_read_at(set, "/");
}

void settings_read_at(struct settings *set, const char *root)
{
	char path[80], *text;

	text_fmt(path, sizeof(path), "%s%s", root, CAREEN_SETTINGS);
	if (file_read_all(AT_FDCWD, path, &text, NULL) < 0)
		return settings_parse(set, "");
	settings_parse(set, text);
	free(text);
}
