/* cli_vault.c - careen vault: what was kept, put back, forgotten */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "cli.h"
#include "paths.h"
#include "run/vault.h"

static void print_json(const struct vault *v)
{
	printf("[\n");
	for (size_t i = 0; i < v->n; i++) {
		const struct vault_entry *e = &v->row[i];

		printf("{\"id\":\"%s\",\"device\":", e->id);
		text_json(stdout, e->device);
		printf(",\"serial\":");
		text_json(stdout, e->serial);
		printf(",\"size\":%llu,\"when\":%lld,\"bytes\":%llu,\"before\":",
		       (unsigned long long)e->size, (long long)e->when, (unsigned long long)e->bytes);
		text_json(stdout, e->before);
		printf(",\"what\":");
		text_json(stdout, e->what);
		printf("}%s\n", i + 1 < v->n ? "," : "");
	}
	printf("]\n");
}

static void print_entry(const struct vault_entry *e)
{
	char date[40] = "?", size[16];
	time_t when = e->when;
	struct tm tm;

	if (gmtime_r(&when, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &tm);
	printf("%s  %s  %s, serial %s\n", e->id, date, e->device, *e->serial ? e->serial : "unknown");
	printf("      before: %s\n      kept:   %s (%s)\n      back:   careen vault restore %s\n",
	       e->before, e->what, text_size(size, sizeof(size), e->bytes), e->id);
}

static int list(const struct cli *cli, const struct vault *v)
{
	if (cli->json) {
		print_json(v);
		return EXIT_GOOD;
	}
	for (size_t i = 0; i < v->n; i++)
		print_entry(&v->row[i]);
	printf(v->n ? "To copy it off: scp -P 1022 -r root@THIS-HOST:%s .\n" :
	       "The vault (%s) is empty.\n", CAREEN_VAULT);
	return EXIT_GOOD;
}

static int drop(const char *id)
{
	struct error err = { 0 };

	return vault_drop(id, &err) < 0 ? cli_fail(&err) : EXIT_GOOD;
}

int cli_vault(const struct cli *cli)
{
	struct cli restore = *cli;
	struct snapshot *s;
	int status;

	if (cli->subject && cli->object && strcmp(cli->subject, "restore") == 0) {
		restore.opts.entry = cli->object;
		return cli_run_step(&restore, &step_repair);
	}
	if (cli->subject && (strcmp(cli->subject, "list") || cli->object) &&
	    (strcmp(cli->subject, "drop") || !cli->object)) {
		fprintf(stderr, "careen: vault takes nothing, restore ID or drop ID.\n");
		return EXIT_USAGE;
	}
	status = cli_look(0, true, &s);
	if (status)
		return status;
	status = cli->object ? drop(cli->object) : list(cli, &s->vault);
	snapshot_free(s);
	return status;
}
