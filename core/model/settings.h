/* settings.h - what careen.conf says of the rescue's own behaviour */
#ifndef CAREEN_SETTINGS_H
#define CAREEN_SETTINGS_H

#include <stdint.h>

struct settings {
	uint32_t deadman_s;	/* without a key for so long: resume; 0 never */
	uint32_t relogin_s;	/* somebody logs in anew within so long after Kill; 0 none is needed */
	char syslog[64];	/* "ADDRESS PORT", in numbers; "" none */
	uint32_t armed_only;	/* the port is closed until `careen arm` */
};

/* From @text, lines of NAME=VALUE as initramfs/tree.sh writes them; what it lacks is default. */
void settings_parse(struct settings *set, const char *text);
/* From the rescue's file, seen from it; all default without it. */
void settings_read(struct settings *set);
/* The same below @root ("/", "/proc/PID/root"). */
void settings_read_at(struct settings *set, const char *root);

#endif
