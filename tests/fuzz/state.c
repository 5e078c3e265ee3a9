/* state.c - careen's own files: the repair under way, an entry of the vault, who writes, the timer, keys, inputs, settings */
#include "model/hostkeys.c"
#include "model/vault.c"

#include <unistd.h>

#include "fuzz.h"
#include "model/deadman.h"
#include "model/images.h"
#include "model/keylist.h"
#include "model/settings.h"
#include "model/unfinished.h"
#include "model/writes.h"
#include "run/remote_log.h"
#include "run/writer.h"

/* Whatever a label is: it says what it is, and nothing else of the repair. */
static void label_stays(const char *label)
{
	struct unfinished u;
	char line[4 * sizeof(u.label) + 8];
	FILE *f;

	if (strlen(label) >= sizeof(u.label))
		return;
	f = fmemopen(line, sizeof(line), "w");
	fputs("label ", f);
	text_escape(f, label);
	fclose(f);
	unfinished_parse(&u, line);
	if (u.done || u.nanswers || *u.tool || strcmp(u.label, label))
		abort();
}

void fuzz_one(char *text, size_t size)
{
	static const struct blockdev dev = { .diskseq = 3 };
	struct vault_entry entry;
	static struct keylist keys;
	struct inputs in;
	struct unfinished u;
	struct deadman d;
	struct writer w;
	struct settings set;
	struct hostkey key;
	struct remote_log log;

	label_stays(text);
	unfinished_parse(&u, text);
	keylist_parse(text, &keys);
	inputs_parse(&in, text);
	unfinished_answer(&u, NULL, &dev, "type");
	read_entry(&entry, 7);
	writer_read(&w);
	deadman_read(&d);
	deadman_left_ms(&d, 3600000);
	relogin_left_ms(&d, 3600000);
	deadman_waits(&d, 3600000);
	devices_written_since("/file");
	parse((const uint8_t *)text, size, &key);
	port_of_argv(text);
	port_of_conf(text);
	settings_parse(&set, text);
	if (remote_log_open(&log, set.syslog, NULL) == 0 && log.fd > 0)
		close(log.fd);
}
