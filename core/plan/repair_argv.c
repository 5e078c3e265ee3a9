/* repair_argv.c - the words of a tool: {key} replaced by what it stands for */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/stack.h"
#include "model/unfinished.h"
#include "plan/common.h"
#include "plan/repair.h"

const char *repair_given(const struct repair *rp, const char *key)
{
	const char *const *a;
	size_t len = strlen(key);

	for (a = rp->answers; a && *a; a++)
		if (!strncmp(*a, key, len) && (*a)[len] == '=')
			return *a + len + 1;
	return NULL;
}

static const struct tool_question *question(const struct tool *tool, const char *key)
{
	size_t i;

	for (i = 0; i < sizeof(tool->ask) / sizeof(tool->ask[0]) && tool->ask[i].key; i++)
		if (!strcmp(tool->ask[i].key, key))
			return &tool->ask[i];
	return NULL;
}

/* A UUID of 16 bytes: what a vfat or an LVM calls so is none for anybody else. */
static const char *uuid_of(const struct blockdev *d)
{
	const char *uuid = d->uuid ? d->uuid : "";

	return strlen(uuid) == 36 ? uuid : "";
}

static void path_of(const struct repair *rp, char *buf, size_t size)
{
	text_fmt(buf, size, "%s", rp->dev->path);
}

static void kernel_name(const struct repair *rp, char *buf, size_t size)
{
	text_fmt(buf, size, "%s", rp->dev->name);
}

static void uuid(const struct repair *rp, char *buf, size_t size)
{
	text_fmt(buf, size, "%s", uuid_of(rp->dev));
}

static void label(const struct repair *rp, char *buf, size_t size)
{
	text_fmt(buf, size, "%s", rp->dev->label ? rp->dev->label : "");
}

/* vfat's "12AB-34CD" as mkfs.fat wants it. */
static void volume(const struct repair *rp, char *buf, size_t size)
{
	const char *id = rp->dev->uuid ? rp->dev->uuid : "";

	text_fmt(buf, size, "%s", "");
	if (strlen(id) == 9 && id[4] == '-')
		text_fmt(buf, size, "%.4s%s", id, id + 5);
}

static void luks_name(const struct repair *rp, char *buf, size_t size)
{
	text_fmt(buf, size, "luks-%s", uuid_of(rp->dev));
}

static void dm_name(const struct repair *rp, char *buf, size_t size)
{
	text_fmt(buf, size, "%s", stack_dm_name(rp->dev));
}

static void mapper(const struct repair *rp, char *buf, size_t size)
{
	text_fmt(buf, size, "/dev/mapper/%s", stack_dm_name(rp->dev));
}

static void group(const struct repair *rp, char *buf, size_t size)
{
	struct layer l;

	text_fmt(buf, size, "%s", stack_layer(&rp->s->devs, rp->dev, &l) ? l.name : "");
}

static void disk_path(const struct repair *rp, char *buf, size_t size)
{
	text_fmt(buf, size, "%s", rp->dev->parent < 0 ? rp->dev->path :
		 rp->s->devs.row[rp->dev->parent].path);
}

void repair_partno(const struct blockdev *part, char *buf, size_t size)
{
	size_t n = strlen(part->name);

	while (n && part->name[n - 1] >= '0' && part->name[n - 1] <= '9')
		n--;
	text_fmt(buf, size, "%s", part->name + n);
}

static void partition(const struct repair *rp, char *buf, size_t size)
{
	repair_partno(rp->dev, buf, size);
}

static void work_dir(const struct repair *rp, char *buf, size_t size)
{
	(void)rp;
	text_fmt(buf, size, "%s", CAREEN_WORK);
}

/* What the device itself tells. */
static const struct {
	const char *key;
	void (*tell)(const struct repair *rp, char *buf, size_t size);
} facts[] = {
	{ "dev", path_of }, { "kernel", kernel_name }, { "uuid", uuid }, { "label", label },
	{ "volume", volume }, { "luksname", luks_name }, { "name", dm_name },
	{ "mapper", mapper }, { "vg", group }, { "disk", disk_path }, { "partno", partition },
	{ "dir", work_dir },
};

static const char *fact(const struct repair *rp, const char *key, char *buf, size_t size)
{
	size_t i;

	for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (!strcmp(facts[i].key, key)) {
			facts[i].tell(rp, buf, size);
			return buf;
		}
	return NULL;
}

const char *repair_value(const struct repair *rp, const char *key, char *buf, size_t size)
{
	const struct tool_question *q = question(rp->tool, key);
	const struct repair *whole = rp->recipe ? rp->recipe : rp;
	const struct blockdev *from;
	const char *answer = NULL, *value;
	char other[32];

	/* known only once it has been copied */
	if (!strcmp(key, "bytes"))
		return "{bytes}";
	/* the connection has no name */
	if (rp->stream && q && q->type == ASK_PATH)
		return "";
	if (q)
		answer = unfinished_answer(&rp->s->unfinished, whole->tool->name, whole->dev, key);
	if (q && !answer)
		answer = repair_given(rp, key);
	from = answer && q->type == ASK_DEVICE ? blockdevs_named(&rp->s->devs, answer) : NULL;
	if (answer)
		return from ? from->path : answer;
	if (!q) {
		value = fact(rp, key, buf, size);
		return value ? value : copy_value(rp, key, buf, size);
	}
	if (!q->fallback || q->fallback[0] != '{')
		return q->fallback;
	text_fmt(other, sizeof(other), "%.*s", (int)strcspn(q->fallback + 1, "}"), q->fallback + 1);
	return fact(rp, other, buf, size);
}

const char *tool_suggest(const struct snapshot *s, const struct blockdev *dev,
			 const struct tool *tool, const struct tool_question *question,
			 char *buf, size_t size)
{
	const struct repair rp = { .s = s, .tool = tool, .dev = dev };
	const char *value = repair_value(&rp, question->key, buf, size);

	return value ? value : "";
}

/*
 * One word of argv with its {key} replaced, if that is one; NULL without memory. *ret_empty
 * when its value is empty. The value stays inside its word.
 */
static char *expand(const struct repair *rp, const char *word, bool *ret_empty)
{
	const char *open = strchr(word, '{');
	const char *end = open ? strchr(open, '}') : NULL;
	char key[32], buf[320];
	const char *value;

	*ret_empty = false;
	if (!end)
		return strdup(word);
	text_fmt(key, sizeof(key), "%.*s", (int)(end - open - 1), open + 1);
	value = repair_value(rp, key, buf, sizeof(buf));
	if (!value)
		return strdup(word);
	*ret_empty = !*value;
	return text_dup("%.*s%s%s", (int)(open - word), word, value, end + 1);
}

static size_t count(char **argv)
{
	size_t n = 0;

	while (argv && argv[n])
		n++;
	return n;
}

/* An option whose value is empty goes with its value. */
void repair_words(struct plan *plan, struct op *op, const struct repair *rp, const char *const *words)
{
	const char *const *w;
	size_t n = count(op->argv), more = 0;
	char **argv, *word;
	bool empty;

	while (words[more])
		more++;
	argv = reallocarray(op->argv, n + more + 1, sizeof(*argv));
	if (!argv) {
		plan->oom = true;
		return;
	}
	op->argv = argv;
	for (w = words; *w; w++) {
		word = expand(rp, *w, &empty);
		if (!word)
			plan->oom = true;
		if (!empty) {
			argv[n++] = word;
			continue;
		}
		free(word);
		if (n && argv[n - 1] && argv[n - 1][0] == '-')
			free(argv[--n]);
	}
	argv[n] = NULL;
}

static void put_words(FILE *f, char *const *argv, bool pipeline)
{
	size_t i;

	for (i = 0; argv && argv[i]; i++) {
		/* its progress goes to a pipe of ours; a shell has none there */
		if (!strcmp(argv[i], "-C") && argv[i + 1]) {
			i++;
			continue;
		}
		if (i)
			fputc(' ', f);
		if (!strcmp(argv[i], "|") && pipeline)
			fputc('|', f);
		else if (!strcmp(argv[i], "{bytes}"))
			fputs("BYTES", f);
		else
			text_shell(f, argv[i]);
	}
}

void repair_show(struct plan *plan, struct op *op, const struct repair *rp)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f) {
		plan->oom = true;
		return;
	}
	if (op->fstype)
		fprintf(f, "mount -t %s %s %s; ", op->fstype, rp->dev->path, CAREEN_WORK);
	put_words(f, op->argv, rp->tool->copy);
	if (op->fstype)
		fprintf(f, "; umount %s", CAREEN_WORK);
	fclose(f);
	free(op->command);
	op->command = text;
}

void repair_argv(struct plan *plan, struct op *op, const struct repair *rp)
{
	repair_words(plan, op, rp, rp->tool->argv);
	repair_show(plan, op, rp);
}
