/* cli_arm.c - careen arm and careen disarm: the rescue's port, where it is not always open */
#include <stdio.h>

#include "base/text.h"
#include "cli.h"
#include "run/arm.h"

#define DEFAULT_TIME "1h"
#define MAX_S (24 * 3600)

static int set_port(uint32_t seconds)
{
	struct error err = { 0 };
	struct snapshot *s;
	int status = cli_look(0, true, &s);

	if (status)
		return status;
	snapshot_free(s);
	return arm_port(seconds, &err) < 0 ? cli_fail(&err) : EXIT_GOOD;
}

int cli_arm(const struct cli *cli)
{
	uint32_t seconds;
	char span[32];
	int status;

	if (text_seconds(cli->subject ? cli->subject : DEFAULT_TIME, &seconds) < 0 || !seconds ||
	    seconds > MAX_S) {
		fprintf(stderr, "careen: a time is 90s, 30m or 2h, and 24h at most.\n");
		return EXIT_USAGE;
	}
	status = set_port(seconds);
	if (status == EXIT_GOOD)
		printf("The port is open for %s, and while the system is detached or somebody is logged in; "
		       "careen disarm closes it.\n", text_span(span, sizeof(span), seconds));
	return status;
}

int cli_disarm(const struct cli *cli)
{
	int status = cli->subject ? EXIT_USAGE : set_port(0);

	if (status == EXIT_GOOD)
		printf("The port is closed.\n");
	return status;
}
