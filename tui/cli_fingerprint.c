/* cli_fingerprint.c - careen fingerprint: what ssh will show of the rescue's host keys */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli.h"
#include "model/hostkeys.h"

static void print_json(const struct hostkeys *keys)
{
	printf("{\"port\":%u,\"keys\":[\n", keys->port);
	for (size_t i = 0; i < keys->n; i++)
		printf("{\"type\":\"%s\",\"sha256\":\"%s\",\"key\":\"%s\"}%s\n", keys->row[i].type,
		       keys->row[i].sha256, keys->row[i].blob, i + 1 < keys->n ? "," : "");
	printf("]}\n");
}

/* A name that has anything else would mean something in known_hosts. */
static bool is_name(const char *name)
{
	return *name && !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789-.:_")];
}

/* For the name that this host has itself, or the one that the operator uses. */
static int print_known_hosts(const struct hostkeys *keys, const char *name)
{
	if (!is_name(name)) {
		fprintf(stderr, "careen: that is no host's name or address; say the one that you "
			"give to ssh: careen fingerprint --known-hosts NAME\n");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < keys->n; i++) {
		/* ssh writes its own port without one [sshd(8) SSH_KNOWN_HOSTS] */
		if (keys->port == 22)
			printf("%s", name);
		else
			printf("[%s]:%u", name, keys->port);
		printf(" %s %s\n", keys->row[i].type, keys->row[i].blob);
	}
	return EXIT_GOOD;
}

static void print_keys(const struct hostkeys *keys)
{
	printf("The rescue on port %u shows one of these:\n", keys->port);
	for (size_t i = 0; i < keys->n; i++)
		printf("  %-20s %s\n", keys->row[i].type, keys->row[i].sha256);
}

int cli_fingerprint(const struct cli *cli)
{
	struct snapshot *s;
	struct hostkeys keys;
	struct error err = { 0 };
	int status = cli_look(0, false, &s);

	if (status)
		return status;
	if (hostkeys_read("/etc/careen", &keys, &err) < 0)
		status = cli_fail(&err);
	else if (cli->known_hosts)
		status = print_known_hosts(&keys, cli->subject ? cli->subject : s->host.name);
	else if (cli->json)
		print_json(&keys);
	else
		print_keys(&keys);
	snapshot_free(s);
	return status;
}
