/*
 * cli_help.c - careen help: the tables as a text, as pieces of the man page (man/page), and as
 * words for the shell's completion (man/careen.bash)
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli.h"
#include "keymap.h"
#include "plan/strategy.h"
#include "plan/tool.h"
#include "screen.h"

/* One row of a table; a sub-row belongs to the row before it. */
struct writer {
	void (*row)(int width, const char *head, const char *text);
	void (*sub)(int width, const char *head, const char *text);
	void (*end)(void);
};

static const struct writer *out;
static int width;

/* As wide as the column or wider: the text has a line of its own. */
static void text_row(int w, const char *head, const char *text)
{
	if ((int)strlen(head) < w)
		printf("  %-*s%s\n", w, head, text);
	else
		printf("  %s\n  %*s%s\n", head, w, "", text);
}

static void text_sub(int w, const char *head, const char *text)
{
	printf("  %*s%s  %s\n", w, "", head, text);
}

/* What roff would take for itself, and - where an option begins, which would not be an ASCII one. */
static void roff(const char *s)
{
	if (*s == '.' || *s == '\'')
		fputs("\\&", stdout);
	for (; *s; s++)
		if (*s == '\\')
			fputs("\\e", stdout);
		else if (*s == '-')
			fputs("\\-", stdout);
		else if (*s == '^')
			fputs("\\(ha", stdout);
		else
			putchar(*s);
}

/* Words in capitals stand for others. */
static void man_head(const char *head)
{
	size_t len;

	for (; *head; head += len) {
		char word[80];
		bool stands;

		len = strcspn(head, " =");
		len += head[len] != '\0';
		text_fmt(word, sizeof(word), "%.*s", (int)len, head);
		stands = strspn(word + (*word == '['), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") > 1 &&
			 !strpbrk(word, "abcdefghijklmnopqrstuvwxyz0123456789");
		fputs(stands ? "\\fI" : "\\fB", stdout);
		roff(word);
		fputs("\\fR", stdout);
	}
	putchar('\n');
}

static void man_row(int w, const char *head, const char *text)
{
	(void)w;
	printf(".TP\n");
	man_head(head);
	roff(text);
	putchar('\n');
}

static void man_sub(int w, const char *head, const char *text)
{
	(void)w;
	printf(".br\n");
	fputs("\\fB", stdout);
	roff(head);
	fputs("\\fR \\(en ", stdout);
	roff(text);
	putchar('\n');
}

static bool begun;

static void words_row(int w, const char *head, const char *text)
{
	(void)w, (void)text;
	printf("%s%s", begun ? "\n" : "", head);
	begun = true;
}

static void words_sub(int w, const char *head, const char *text)
{
	(void)w, (void)text;
	printf(" %s", head);
}

static void words_end(void)
{
	if (begun)
		putchar('\n');
	begun = false;
}

static void row(const char *head, const char *text)
{
	out->row(width, head, text);
}

static void two(const char *first, const char *second, const char *text)
{
	char head[80];

	text_fmt(head, sizeof(head), "%s%s%s", first, second && *second ? " " : "", second ? second : "");
	row(head, text);
}

static void put_commands(void)
{
	for (const struct cli_command *c = cli_commands; c->name; c++)
		two(c->name, c->args, c->about);
}

static void put_options(void)
{
	for (const struct cli_option *o = cli_options; o->name; o++)
		if (o->about)
			two(o->name, o->arg, o->about);
}

static void put_steps(void)
{
	for (int i = 0; steps[i]; i++)
		row(steps[i]->name, steps[i]->about);
}

static void put_strategies(void)
{
	char text[200];

	for (const struct strategy *st = strategies; st->name; st++) {
		text_fmt(text, sizeof(text), "%s.", st->about);
		row(st->name, text);
	}
}

static void put_tools(void)
{
	char text[600];

	for (const struct tool *t = tool_next(NULL); t; t = tool_next(t)) {
		text_fmt(text, sizeof(text), "%s. %s", t->title, t->about);
		row(t->name, text);
		for (int i = 0; i < TOOL_QUESTIONS && t->ask[i].key; i++) {
			text_fmt(text, sizeof(text), "--set %s=...", t->ask[i].key);
			out->sub(width, text, t->ask[i].ask);
		}
	}
}

static void put_exits(void)
{
	char number[16];

	for (const struct cli_exit *e = cli_exits; e->meaning; e++) {
		text_fmt(number, sizeof(number), "%d", e->status);
		row(number, e->meaning);
	}
}

static void put_keys(void)
{
	for (const struct keybind *k = keymap; k->request; k++)
		row(k->keys, k->help);
	row("1 to 6", "Choose a step.");
}

static void put_views(void)
{
	for (int i = 0; screen_views[i]; i++)
		row(screen_views[i]->name, screen_views[i]->about);
}

static const struct topic {
	const char *name, *title;
	int width;
	void (*put)(void);
} topics[] = {
	{ "commands", "Commands", 18, put_commands },
	{ "options", "Options", 18, put_options },
	{ "steps", "Steps, in their order", 16, put_steps },
	{ "strategies", "Ways to take PID 1 over, best first", 16, put_strategies },
	{ "tools", "Tools of repair", 16, put_tools },
	{ "exits", "Exit status", 3, put_exits },
	{ "keys", "Keys of the console", 16, put_keys },
	{ "views", "Views of the console", 16, put_views },
	{ 0 },
};

static void put_topic(const struct topic *t)
{
	width = t->width;
	t->put();
	if (out->end)
		out->end();
}

static int list_topics(void)
{
	for (const struct topic *t = topics; t->name; t++)
		puts(t->name);
	return EXIT_GOOD;
}

int cli_help(const struct cli *cli)
{
	static const struct writer text = { text_row, text_sub, NULL };
	static const struct writer man = { man_row, man_sub, NULL };
	static const struct writer words = { words_row, words_sub, words_end };
	const struct topic *t = topics;

	if (cli->words && !cli->subject)
		return list_topics();
	out = cli->man ? &man : cli->words ? &words : &text;
	while (cli->subject && t->name && strcmp(t->name, cli->subject))
		t++;
	if (!t->name)
		return cli_usage("no such part of the help:", cli->subject);
	if (cli->subject) {
		put_topic(t);
		return EXIT_GOOD;
	}
	printf("careen takes a running Linux off its disks, and back. Without a word: the console.\n");
	for (; t->name; t++) {
		printf("\n%s:\n", t->title);
		put_topic(t);
	}
	return EXIT_GOOD;
}
