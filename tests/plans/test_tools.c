/*
 * test_tools.c - every row of the tools table: whole, and its plan as in
 * tests/plans/tools.txt (CAREEN_UPDATE=1 writes that anew)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "plan/step.h"
#include "plan/tool.h"
#include "tap.h"

#define DEV(major, minor) ((dev_t)((major) << 8 | (minor)))
#define GOLDEN "tests/plans/tools.txt"
#define S(x) ((char *)(x))

static struct blockdev devs[] = {
	{ .dev = DEV(254, 0), .name = "vda", .path = "/dev/vda", .type = "disk", .size = 2ull << 40,
	  .model = S("Virtual disk"), .serial = S("CAREEN0001"), .fstype = S(""), .label = S(""),
	  .uuid = S(""), .used_by = S(""), .on = S(""), .pttype = S("gpt"), .parent = -1, .old_root = true },
	{ .dev = DEV(254, 2), .name = "vda2", .path = "/dev/vda2", .type = "part", .size = 1ull << 40,
	  .model = S(""), .serial = S(""), .fstype = S(""), .label = S("data"),
	  .uuid = S("11111111-2222-3333-4444-555555555555"), .used_by = S(""), .on = S("vda"),
	  .parent = 0, .depth = 1, .old_root = true },
	{ .dev = DEV(253, 0), .name = "dm-0", .path = "/dev/dm-0", .type = "", .size = 1ull << 40,
	  .model = S("vg0-root"), .serial = S("LVM-xyz"), .fstype = S("ext4"), .label = S(""),
	  .uuid = S(""), .used_by = S(""), .on = S("vda2"), .parent = 1, .depth = 2 },
	{ .dev = DEV(254, 16), .name = "vdb", .path = "/dev/vdb", .type = "disk", .size = 1ull << 29,
	  .model = S(""), .serial = S("CAREEN0002"), .fstype = S(""), .label = S(""), .uuid = S(""),
	  .used_by = S(""), .on = S(""), .parent = -1 },
	{ .dev = DEV(254, 32), .name = "vdc", .path = "/dev/vdc", .type = "disk", .size = 3ull << 40,
	  .model = S(""), .serial = S("CAREEN0003"), .fstype = S(""), .label = S(""), .uuid = S(""),
	  .used_by = S(""), .on = S(""), .parent = -1 },
};
enum { DISK, PART, MAPPED, OTHER };

static void fill(struct snapshot *s)
{
	memset(s, 0, sizeof(*s));
	s->parts = SNAP_ALL;
	s->host.place = PLACE_RESCUE;
	s->host.root = true;
	s->host.mem_available = 700ull << 20;
	s->init = (struct init){ .kind = INIT_STUB, .in_rescue = true };
	s->devs = (struct blockdevs){ .row = devs, .n = 5 };
	s->lifeline = (struct lifeline){ .pid = 80, .in_ram = true, .own_session = 900 };
	s->old.known = true;
	strcpy(s->old.source, "/dev/vda2");
	strcpy(s->host.boot_id, "01234567-89ab-4cde-8f01-23456789abcd");
	mounts_parse(&s->old.mounts, "28 1 254:2 / / rw - ext4 /dev/vda2 rw\n"
		     "29 28 254:1 / /boot rw - ext4 /dev/vda1 rw\n", 1, NULL);
}

static void first_word(const char *words, char *buf, size_t size)
{
	text_fmt(buf, size, "%.*s", (int)strcspn(words, " "), words);
}

/* A device that the row is for. */
static const char *device_for(const struct tool *t)
{
	static char content[32];
	char type[12] = "part";

	if (t->devtypes)
		first_word(t->devtypes, type, sizeof(type));
	if (!strcmp(t->name, "clone")) {
		devs[PART].fstype = S("ext4");
		devs[MAPPED].fstype = S("");
		return "vdc";
	}
	if (!strcmp(type, "disk"))
		return "vda";
	if (strcmp(type, "part")) {
		strcpy(devs[MAPPED].type, type);
		return "dm-0";
	}
	text_fmt(content, sizeof(content), "ext4");
	if (t->fstypes)
		first_word(t->fstypes, content, sizeof(content));
	devs[PART].fstype = strcmp(content, "none") ? content : S("");
	return "vda2";
}

static const char *answer_for(const struct tool_question *q)
{
	static const struct { const char *key, *value; } known[] = {
		{ "size", "20G" }, { "label", "new" }, { "volume", "12345678" }, { "src", "/tmp/file" },
		{ "dst", "/tmp/new" }, { "array", "/dev/md0" }, { "as", "root" },
		{ "disks", "all" }, { "how", "zero" }, { "part", "1" }, { "fs", "xfs" }, { "via", "ram" },
		{ "uuid", "99999999-2222-3333-4444-555555555555" },
	};
	size_t i;

	if (q->type == ASK_DEVICE)
		return "/dev/vdb";
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].key, q->key))
			return known[i].value;
	return "1";
}

/* The plan is printed to @out; false when it was refused. */
static bool print_plan(const struct snapshot *s, const struct tool *t, FILE *out)
{
	char text[4][128], why[600];
	const char *answers[5] = { NULL };
	struct plan_opts opts = { .device = device_for(t), .tool = t->name, .answers = answers };
	struct plan *plan = NULL;
	struct error err = { 0 };
	int i;

	for (i = 0; i < 4 && t->ask[i].key && t->ask[i].type != ASK_OPTION; i++) {
		text_fmt(text[i], sizeof(text[i]), "%s=%s", t->ask[i].key, answer_for(&t->ask[i]));
		answers[i] = text[i];
	}
	fprintf(out, "== %s\n", t->name);
	if (step_repair.plan(s, &opts, &plan, &err) < 0) {
		error_text(&err, why, sizeof(why));
		fprintf(out, "%s\n\n", why);
		return false;
	}
	plan_print(plan, out);
	fputc('\n', out);
	plan_free(plan);
	return true;
}

static bool row_is_whole(const struct tool *t)
{
	const struct tool_exit *e = t->exits;
	bool good = false;

	if (t->recipe)
		return t->title && t->about && t->program && !t->argv;
	for (; e->text; e++)
		good |= !e->mask && e->result == TOOL_GOOD;
	return good && t->title && t->about && t->program && t->argv[0] &&
	       (!strcmp(t->argv[0], t->program) || !strcmp(t->argv[0], "sh")) &&
	       tool_find(t->name) == t && (!t->before || tool_find(t->before)) &&
	       (!t->after || tool_find(t->after)) && (t->danger == DANGER_UNDOABLE) == !!t->undo;
}

static char *read_golden(void)
{
	FILE *f = fopen(GOLDEN, "r");
	char *text = calloc(1, 200000);

	if (f && text)
		text[fread(text, 1, 199999, f)] = '\0';
	if (f)
		fclose(f);
	return text;
}

static void compare(const char *now)
{
	char *was;
	FILE *f;

	if (getenv("CAREEN_UPDATE") && (f = fopen(GOLDEN, "w"))) {
		fputs(now, f);
		fclose(f);
	}
	was = read_golden();
	if (!ok(was && !strcmp(was, now), "all plans are as in " GOLDEN) &&
	    (f = fopen(GOLDEN ".now", "w"))) {
		fputs(now, f);
		fclose(f);
		printf("# diff -u " GOLDEN " " GOLDEN ".now\n");
	}
	free(was);
}

static void test_refusals(struct snapshot *s)
{
	const char *answers[] = { "label=x", NULL };
	const struct plan_opts grow = { .device = "vda2", .tool = "ext4-grow" };
	const struct plan_opts label = { .device = "vda2", .tool = "ext4-label", .answers = answers };
	const struct plan_opts look = { .device = "vda2", .tool = "luks-check" };
	const struct plan_opts open_it = { .device = "vda2", .tool = "luks-open" };
	struct plan *plan = NULL;
	struct error err = { 0 };

	devs[PART].fstype = S("ext4");
	s->programs.names = S("tune2fs resize2fs");
	is_int(step_repair.plan(s, &label, &plan, NULL), 0, "a program that is here");
	plan_free(plan);
	is_int(step_repair.plan(s, &grow, &plan, &err), -ENOENT, "one whose plan has a program that is not");
	ok(strstr(err.hint, "e2fsprogs"), "and its package is named");
	s->programs.names = NULL;
	devs[PART].fstype = S("crypto_LUKS");
	devs[PART].stacked = devs[PART].busy_open = true;
	is_int(step_repair.plan(s, &look, &plan, NULL), 0, "a header below what is open, but not used, may be looked at");
	plan_free(plan);
	is_int(step_repair.plan(s, &open_it, &plan, NULL), -EBUSY, "it cannot be opened twice");
	devs[MAPPED].mounted = true;
	is_int(step_repair.plan(s, &look, &plan, NULL), -EBUSY, "nor looked at below what is used");
	devs[MAPPED].mounted = devs[PART].stacked = devs[PART].busy_open = false;
}

int main(void)
{
	const struct tool *t = NULL;
	struct snapshot s;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	fill(&s);
	while ((t = tool_next(t))) {
		ok(row_is_whole(t), "row %s is whole", t->name);
		ok(print_plan(&s, t, out), "%s has a plan", t->name);
	}
	fclose(out);
	ok(!strchr(text, '{'), "no {key} is left");
	compare(text);
	free(text);
	test_refusals(&s);
	mounts_free(&s.old.mounts);
	return done_testing();
}
