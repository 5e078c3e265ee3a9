/*
 * main.c - login shell or command line?
 *
 * This is root's login shell in the rescue: sshd starts it as "-careen" for a
 * session, and with -c COMMAND for `ssh host COMMAND`, scp and sftp.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "console.h"
#include "run/deadman.h"
#include "shell.h"

static int refuse(const char *why)
{
	fprintf(stderr, "careen: %s\n", why);
	return EXIT_REFUSED;
}

static int console(void)
{
	struct snapshot *s;
	int status = cli_look(0, true, &s);

	if (status)
		return status;
	snapshot_free(s);
	shell_hold_port();
	switch (console_run()) {
	case -ENOTTY:
		return refuse("the console needs a terminal (ssh -t); for scripts use careen status, "
			      "plan, run and log.");
	case -ENOENT:
		return refuse("this terminal (TERM=dumb or unknown) cannot show the console; use "
			      "careen status, plan, run and log.");
	default:
		return EXIT_GOOD;
	}
}

int main(int argc, char **argv)
{
	/* whoever comes in, or runs something of ours, is there */
	relogin_seen();
	deadman_keep();
	if (argc < 2)
		return console();
	if (strcmp(argv[1], "-c") == 0 && argc > 2) {
		int r = shell_become(argv[2]);

		fprintf(stderr, "careen: /bin/sh: %s\n", strerror(-r));
		return 127;
	}
	/* What login(1) and sshd may add to a login shell's name. */
	if (argc == 2 && (strcmp(argv[1], "-l") == 0 || strcmp(argv[1], "--login") == 0))
		return console();
	return cli_main(argc, argv);
}
