/* plan.c - what would be done: an ordered list of operations, and its text */
#include "plan/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

static const char *const danger_names[] = {
	[DANGER_NONE] = "looks",
	[DANGER_UNDOABLE] = "undoable",
	[DANGER_LOSES] = "kills",
	[DANGER_DESTROYS] = "WRITES",
};

const char *danger_name(enum danger danger)
{
	return danger_names[danger];
}

const char *op_danger(const struct op *op)
{
	return op->done ? "done" : danger_name(op->danger);
}

struct plan *plan_new(const char *step, const char *title)
{
	struct plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return NULL;
	text_fmt(plan->step, sizeof(plan->step), "%s", step);
	plan->title = strdup(title);
	if (!plan->title) {
		plan_free(plan);
		return NULL;
	}
	return plan;
}

static void op_free(struct op *op)
{
	char **word;

	free(op->title);
	free(op->command);
	free(op->src);
	free(op->dst);
	free(op->fstype);
	free(op->options);
	free(op->input);
	free(op->procs);
	if (op->secret)
		explicit_bzero(op->secret, op->secret_len);
	free(op->secret);
	for (word = op->argv; word && *word; word++)
		free(*word);
	free(op->argv);
}

void plan_free(struct plan *plan)
{
	size_t i;

	if (!plan)
		return;
	for (i = 0; i < plan->n; i++)
		op_free(&plan->ops[i]);
	free(plan->ops);
	free(plan->title);
	free(plan->undo);
	free(plan->target);
	free(plan->needs);
	free(plan->token);
	free(plan->token_what);
	free(plan->secret_what);
	free(plan);
}

/* What a plan without memory gives out: written to, never read. */
static struct op *op_dummy(struct plan *plan)
{
	static _Thread_local struct op dummy;

	plan->oom = true;
	dummy = (struct op){ 0 };
	return &dummy;
}

struct op *plan_add(struct plan *plan, enum op_kind kind, enum danger danger,
		    unsigned deadline_s, const char *title_fmt, ...)
{
	struct op *ops, *op;
	char *title = NULL;
	va_list ap;
	int n;

	va_start(ap, title_fmt);
	n = vasprintf(&title, title_fmt, ap);
	va_end(ap);
	if (n < 0)
		return op_dummy(plan);
	ops = reallocarray(plan->ops, plan->n + 1, sizeof(*ops));
	if (!ops) {
		free(title);
		return op_dummy(plan);
	}
	plan->ops = ops;
	op = &ops[plan->n++];
	*op = (struct op){ .kind = kind, .danger = danger,
			   .deadline_s = deadline_s, .title = title };
	return op;
}

void plan_set(struct plan *plan, char **field, const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0) {
		plan->oom = true;
		return;
	}
	free(*field);
	*field = s;
}

__attribute__((format(printf, 3, 0)))
static void set_command(struct plan *plan, struct op *op, const char *fmt, va_list ap)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	for (; f && *fmt; fmt++) {
		if (*fmt != '%') {
			fputc(*fmt, f);
			continue;
		}
		fmt++;
		if (*fmt == 's')
			text_shell(f, va_arg(ap, const char *));
		else
			fputc(*fmt, f);
	}
	plan->oom |= !f;
	if (f)
		fclose(f);
	free(op->command);
	op->command = text;
}

void plan_command(struct plan *plan, struct op *op, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_command(plan, op, fmt, ap);
	va_end(ap);
}

void plan_outline(struct plan *plan, struct op *op, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_command(plan, op, fmt, ap);
	va_end(ap);
	op->outline = true;
}

void plan_words(struct plan *plan, struct op *op, const char *const *words)
{
	char *text = NULL;
	size_t size = 0, n = 0;
	FILE *f = open_memstream(&text, &size);

	while (words[n])
		n++;
	op->argv = calloc(n + 1, sizeof(*op->argv));
	for (n = 0; f && op->argv && words[n]; n++) {
		op->argv[n] = strdup(words[n]);
		plan->oom |= !op->argv[n];
		fputs(n ? " " : "", f);
		text_shell(f, words[n]);
	}
	plan->oom |= !f || !op->argv;
	if (f)
		fclose(f);
	free(op->command);
	op->command = text;
}

/* It must be typed at the next boot, on a keyboard that nobody has set up yet. */
const char *plan_new_secret_is_bad(const char *secret, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (secret[i] < ' ' || secret[i] > '~')
			return "it has characters (a line's end, accents) that a boot may not be able to read";
	return len < 8 ? "it is shorter than 8 characters" : NULL;
}

int plan_set_secret(struct plan *plan, const char *secret, size_t len)
{
	size_t i;

	for (i = 0; i < plan->n; i++) {
		struct op *op = &plan->ops[i];

		if (!op->needs_secret)
			continue;
		free(op->secret);
		op->secret = malloc(len + 1);
		if (!op->secret)
			return -ENOMEM;
		memcpy(op->secret, secret, len);
		op->secret_len = len;
	}
	return 0;
}

int plan_finish(struct plan *plan, struct plan **ret, struct error *err)
{
	if (plan && !plan->oom) {
		*ret = plan;
		return 0;
	}
	plan_free(plan);
	return error_set(err, ENOMEM, "plan", "", NULL, NULL);
}

enum danger plan_danger(const struct plan *plan)
{
	enum danger max = DANGER_NONE;
	size_t i;

	for (i = 0; i < plan->n; i++)
		if (!plan->ops[i].done && plan->ops[i].danger > max)
			max = plan->ops[i].danger;
	return max;
}

int plan_skip(struct plan *plan, size_t index, struct error *err)
{
	char subject[32];

	text_fmt(subject, sizeof(subject), "operation %zu", index + 1);
	if (index >= plan->n)
		return error_set(err, EINVAL, "skip", subject, "the plan has no such operation",
				 "Look at the plan again: it may have become shorter.");
	if (!plan->ops[index].skippable)
		return error_set(err, EINVAL, "skip", plan->ops[index].title,
				 "what follows depends on it",
				 "Retry it, or back out with Resume.");
	op_free(&plan->ops[index]);
	memmove(&plan->ops[index], &plan->ops[index + 1],
		(plan->n - index - 1) * sizeof(*plan->ops));
	plan->n--;
	return 0;
}

static void print_deadline(const struct op *op, FILE *out)
{
	if (op->deadline_s)
		fprintf(out, ", %u s", op->deadline_s);
}

static void print_procs(const struct op *op, FILE *out)
{
	size_t i;

	for (i = 0; i < op->nprocs; i++) {
		fprintf(out, "       %-7d %-4s ", (int)op->procs[i].pid,
			op->procs[i].kill_now ? "KILL" : "TERM");
		text_put_clean(out, op->procs[i].name);
		fputc('\n', out);
	}
}

static void print_op(const struct op *op, size_t number, FILE *out)
{
	fprintf(out, "  %2zu.  ", number);
	text_put_clean(out, op->title);
	fprintf(out, "  [%s", op_danger(op));
	print_deadline(op, out);
	fputs("]\n", out);
	if (op->command) {
		fputs("       $ ", out);
		text_put_clean(out, op->command);
		fputc('\n', out);
	}
	print_procs(op, out);
}

static void print_sentence(FILE *out, const char *text)
{
	if (!text)
		return;
	text_put_clean(out, text);
	fputc('\n', out);
}

void plan_print(const struct plan *plan, FILE *out)
{
	size_t i;

	text_put_clean(out, plan->title);
	fputc('\n', out);
	print_sentence(out, plan->target);
	print_sentence(out, plan->undo);
	print_sentence(out, plan->needs);
	for (i = 0; i < plan->n; i++)
		print_op(&plan->ops[i], i + 1, out);
	if (plan->secret_what) {
		fputs("It needs ", out);
		text_put_clean(out, plan->secret_what);
		fputs(": --key-file FILE, or typed at the console.\n", out);
	}
	if (plan->token) {
		fputs("To confirm, type ", out);
		text_put_clean(out, plan->token);
		fputs(" (", out);
		text_put_clean(out, plan->token_what);
		fputs(")\n", out);
	}
}

static void json_member(FILE *out, const char *name, const char *value)
{
	fprintf(out, ",\"%s\":", name);
	if (value)
		text_json(out, value);
	else
		fputs("null", out);
}

static void json_op(const struct op *op, FILE *out)
{
	size_t i;

	fputs("{\"title\":", out);
	text_json(out, op->title);
	json_member(out, "danger", op_danger(op));
	fprintf(out, ",\"deadline_s\":%u,\"skippable\":%s", op->deadline_s,
		op->skippable ? "true" : "false");
	json_member(out, "command", op->command);
	fputs(",\"processes\":[", out);
	for (i = 0; i < op->nprocs; i++) {
		fprintf(out, "%s{\"pid\":%d", i ? "," : "", (int)op->procs[i].pid);
		json_member(out, "name", op->procs[i].name);
		json_member(out, "signal", op->procs[i].kill_now ? "KILL" : "TERM");
		fputc('}', out);
	}
	fputs("]}", out);
}

void plan_json(const struct plan *plan, FILE *out)
{
	size_t i;

	fputs("{\"step\":", out);
	text_json(out, plan->step);
	json_member(out, "title", plan->title);
	json_member(out, "target", plan->target);
	json_member(out, "undo", plan->undo);
	json_member(out, "needs", plan->needs);
	json_member(out, "confirm", plan->token);
	json_member(out, "secret", plan->secret_what);
	json_member(out, "danger", danger_name(plan_danger(plan)));
	fputs(",\"operations\":[", out);
	for (i = 0; i < plan->n; i++) {
		if (i)
			fputc(',', out);
		json_op(&plan->ops[i], out);
	}
	fputs("]}\n", out);
}
