/* plan.c - what would be done, before anything is; and the confirmation */
#include "screens/plan.h"

#include <string.h>

#include "base/text.h"
#include "clock.h"
#include "console.h"
#include "plan/strategy.h"
#include "screens/confirm.h"
#include "widgets/list.h"
#include "widgets/text.h"

enum { COL_NUMBER, COL_TITLE, COL_DANGER, COL_LIMIT };

static const struct column columns[] = {
	[COL_NUMBER] = { "#", 4, 0, 0, true, false },
	[COL_TITLE] = { "OPERATION", 20, 1, 0, false, false },
	[COL_DANGER] = { "DANGER", 8, 0, 0, false, false },
	[COL_LIMIT] = { "LIMIT", 6, 0, 0, true, false },
};

static void plan_cell(const void *rows, size_t row, size_t col, struct cell *ret);
static uint64_t plan_id(const void *rows, size_t row);

static struct list list = {
	.cols = columns, .ncols = sizeof(columns) / sizeof(columns[0]), .cell = plan_cell,
	.id = plan_id, .empty = "There is nothing to do.", .sort = -1,
};

/* The choices it was made with: copies, they outlive what they came from. */
static struct {
	const struct step *step;
	struct plan_opts opts;
	char device[64], tool[32], strategy[32], entry[16], skip[256], answer[TOOL_QUESTIONS][300];
	const char *answers[TOOL_QUESTIONS + 1];
} made;

static struct plan *plan, *next;	/* next: for the screen that is about to be pushed */
static struct text detail;	/* of the operation under the cursor: gives way */
static struct text foot;	/* what must be read before Enter: always whole */
#define ARMED_MS 120000		/* a plan, and a word typed below it, are good for so long */
static int64_t touched_ms;	/* the last key that was for it */
static bool commands;

static void plan_cell(const void *rows, size_t row, size_t col, struct cell *ret)
{
	static const int styles[] = {
		[DANGER_NONE] = ST_DIM, [DANGER_UNDOABLE] = ST_NORMAL, [DANGER_LOSES] = ST_WARN,
		[DANGER_DESTROYS] = ST_BAD,
	};
	const struct op *op = &((const struct plan *)rows)->ops[row];

	if (col == COL_NUMBER)
		text_fmt(ret->s, sizeof(ret->s), "%zu.", row + 1);
	else if (col == COL_TITLE && commands && op->command)
		text_fmt(ret->s, sizeof(ret->s), "$ %s", op->command);
	else if (col == COL_TITLE)
		text_fmt(ret->s, sizeof(ret->s), "%s", op->title);
	else if (col == COL_DANGER)
		text_fmt(ret->s, sizeof(ret->s), "%s", op_danger(op));
	else if (op->deadline_s)
		text_fmt(ret->s, sizeof(ret->s), "%u s", op->deadline_s);
	else
		text_fmt(ret->s, sizeof(ret->s), "none");
	if (col == COL_DANGER)
		ret->style = styles[op->danger];
	else if (col != COL_TITLE)
		ret->style = ST_DIM;
}

static uint64_t plan_id(const void *rows, size_t row)
{
	(void)rows;
	return row;
}

static void keep(char *dst, size_t size, const char *src, const char **field)
{
	if (src != dst)
		text_fmt(dst, size, "%s", src ? src : "");
	*field = src ? dst : NULL;
}

static void keep_opts(const struct step *step, const struct plan_opts *opts, const char *skip)
{
	const struct plan_opts none = { 0 };
	const char *ignored;
	size_t n = 0;

	opts = opts ? opts : &none;
	made.step = step;
	made.opts.clean = opts->clean;
	made.opts.close = opts->close;
	made.opts.end = opts->end;
	keep(made.device, sizeof(made.device), opts->device, &made.opts.device);
	keep(made.tool, sizeof(made.tool), opts->tool, &made.opts.tool);
	keep(made.strategy, sizeof(made.strategy), opts->strategy, &made.opts.strategy);
	keep(made.entry, sizeof(made.entry), opts->entry, &made.opts.entry);
	keep(made.skip, sizeof(made.skip), skip, &ignored);
	for (; opts->answers && opts->answers[n] && n < TOOL_QUESTIONS; n++)
		keep(made.answer[n], sizeof(made.answer[n]), opts->answers[n], &made.answers[n]);
	made.answers[n] = NULL;
	made.opts.answers = made.answers;
}

static void leave_out(struct plan *p, struct console *c)
{
	struct error err = { 0 };

	for (size_t i = 0; made.skip[0] && i < p->n; i++) {
		if (strcmp(p->ops[i].title, made.skip))
			continue;
		if (plan_skip(p, i, &err) < 0)
			console_error(c, &err);
		return;
	}
}

/* NULL: why not is said. */
static struct plan *work_out(struct console *c)
{
	struct plan *p = NULL;
	struct error err = { 0 };

	if (made.step->plan(c->snap, &made.opts, &p, &err) < 0) {
		console_error(c, &err);
		return NULL;
	}
	leave_out(p, c);
	return p;
}

static void show(struct plan *p)
{
	plan_free(plan);
	plan = p;
	confirm_begin(plan);
	list_set(&list, plan, plan->n);
	touched_ms = clock_mono_ms();
}

/* false: the old one stays, and why is said. */
static bool make(struct console *c)
{
	struct plan *p = work_out(c);

	if (p)
		show(p);
	return p != NULL;
}

/* Where the cursor begins: on what destroys, else on the first operation. */
static size_t gravest(void)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->ops[i].danger == DANGER_DESTROYS)
			return i;
	return 0;
}

void console_plan(struct console *c, const struct step *step, const struct plan_opts *opts,
		  const char *skip)
{
	if (!c->snap)
		return;
	keep_opts(step, opts, skip);
	next = work_out(c);
	if (next)
		screen_push(c, &screen_plan);
}

/* By now the one that was open, if there was one, is closed, and its plan gone. */
static void plan_open(struct console *c)
{
	(void)c;
	show(next);
	next = NULL;
	list_select_id(&list, gravest());
}

void plan_again(struct console *c, const char *name, const char *skip)
{
	const struct step *step = step_find(name);

	if (!step)
		return;
	if (step == &step_repair && made.step != step) {
		console_view(c, "devices");
		console_note(c, ST_NORMAL, "Choose the device and the tool again.");
		return;
	}
	console_plan(c, step, made.step == step ? &made.opts : NULL, skip);
}

/* A step that cannot run says why, and goes to where the reason can be seen. */
static void explain(struct console *c, const struct step_state *st)
{
	if (st->see && strcmp(st->see, screen_top(c)->name))
		console_view(c, st->see);
	console_note(c, ST_WARN, "%s: %s", steps[c->step]->title, st->why);
}

void console_run_step(struct console *c)
{
	const struct step_state *st = &c->state[c->step];

	if (!c->snap)
		return;
	if (st->status == STEP_BLOCKED || st->status == STEP_WAITING) {
		explain(c, st);
	} else if (steps[c->step] == &step_repair) {
		console_view(c, "devices");
		console_note(c, ST_NORMAL, "Choose the device to repair, then Enter.");
	} else {
		console_plan(c, steps[c->step], NULL, NULL);
	}
}

static void plan_close(struct console *c)
{
	(void)c;
	confirm_begin(NULL);
	plan_free(plan);
	plan = NULL;
	list_set(&list, NULL, 0);
}

static void plan_title(const struct console *c, char *left, char *right, size_t size)
{
	(void)c;
	text_fmt(left, size, "Plan · %s", plan->title);
	text_fmt(right, size, "%zu", plan->n);
}

static void add_procs(const struct op *op)
{
	char names[1200] = "";
	size_t len = 0;

	for (size_t i = 0; i < op->nprocs && len < sizeof(names) - 60; i++)
		len += snprintf(names + len, sizeof(names) - len, "%s%s %d", i ? ", " : "",
				op->procs[i].name, (int)op->procs[i].pid);
	if (op->nprocs)
		text_add(&detail, ST_DIM, 2, "%s", names);
}

/* Nothing of the old system is left that a reboot could hurt. */
static bool can_end(const struct console *c)
{
	return made.step == &step_resume && snapshot_unmounted(c->snap);
}

static void add_choices(const struct console *c)
{
	const struct strategy *s = made.opts.strategy ? strategy_find(made.opts.strategy) :
							strategy_best(c->snap);

	if (made.step == &step_unmount && c->snap->old.nlayers)
		text_add(&foot, ST_NORMAL, 0, "c: %s", made.opts.close ?
			 "the stack below the root is closed, too" :
			 "the stack below the root (LUKS, LVM, md) stays open");
	if (made.step != &step_detach)
		return;
	text_add(&foot, ST_NORMAL, 0, "c: %s   y: by %s",
		 made.opts.clean ? "clean, services are stopped in their order" :
				   "quick, services are left to Kill",
		 s ? s->name : "no strategy");
}

static void add_confirm(const struct console *c)
{
	if (!console_may_write(c))
		text_add(&foot, ST_WARN, 0, "Read-only here. Esc goes back.");
	else if (confirm_needed())
		text_add(&foot, ST_BOLD, 0, "Esc goes back, nothing has happened.");
	else
		text_add(&foot, ST_BOLD, 0, "Esc goes back, nothing has happened.   Enter runs it.");
	if (console_may_write(c))
		confirm_ask(&foot);
}

static void fill_detail(void)
{
	size_t at = list_current(&list);

	text_clear(&detail);
	if (at == SIZE_MAX)
		return;
	text_add(&detail, ST_NORMAL, 0, "%s", plan->ops[at].title);
	if (plan->ops[at].command)
		text_add(&detail, ST_DIM, 2, "$ %s", plan->ops[at].command);
	add_procs(&plan->ops[at]);
	if (plan->needs && !plan->scarce)
		text_add(&detail, ST_DIM, 0, "%s", plan->needs);
}

static void fill_foot(const struct console *c)
{
	text_clear(&foot);
	add_choices(c);
	if (plan->target)
		text_add(&foot, ST_NORMAL, 0, "%s", plan->target);
	if (plan->undo)
		text_add(&foot, ST_NORMAL, 0, "%s", plan->undo);
	if (plan->scarce)
		text_add(&foot, ST_WARN, 0, "%s", plan->needs);
	add_confirm(c);
}

/* A part at the bottom of @box, @rows high, a line above it. */
static struct box cut_bottom(struct box *box, int rows)
{
	struct box part = { box->y + box->h - rows, box->x + 1, rows, box->w - 2 };

	box->h -= rows + 1;
	term_fill(part.y - 1, box->x, box->w, ST_DIM, "─");
	return part;
}

/* In a small terminal: how to confirm it counts most, and stands last. */
static void draw_foot_alone(struct box box, bool prompt)
{
	struct box part = { box.y, box.x + 1, box.h, box.w - 2 };

	if (prompt)
		confirm_draw(part);
	part.h -= prompt;
	text_bottom(&foot);
	text_draw(&foot, part);
}

static void plan_draw(struct console *c, struct box box)
{
	bool prompt = confirm_needed() && console_may_write(c);
	struct box part;
	int rows, room;

	fill_foot(c);
	fill_detail();
	rows = text_height(&foot, box.w - 2) + prompt;
	if (rows >= box.h) {
		draw_foot_alone(box, prompt);
		return;
	}
	part = cut_bottom(&box, rows);
	if (prompt)
		confirm_draw(part);
	text_draw_top(&foot, part);
	rows = text_height(&detail, box.w - 2);
	room = box.h - 5;
	if (room > 0)
		text_draw_top(&detail, cut_bottom(&box, rows < room ? rows : room));
	list_draw(&list, box);
}

/* What the console itself runs once the job has made sure of the device. */
static void leave_for_terminal(struct console *c, const char *id)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->ops[i].kind == OP_TERMINAL)
			console_terminal(c, id, plan->ops[i].argv);
}

static void start(struct console *c)
{
	struct error err = { 0 };
	char id[16];

	if (writer_take(false, &err) < 0 || job_start(plan, id, &err) < 0) {
		writer_read(&c->writer);
		console_error(c, &err);
		return;
	}
	writer_read(&c->writer);
	leave_for_terminal(c, id);
	screen_pop(c);
	console_read_job(c);
	screen_push(c, &screen_job);
}

/* Who comes back to a word typed long ago must see once more what it would do. */
static bool expired(struct console *c)
{
	int64_t stood = clock_mono_ms() - touched_ms;

	if (stood < ARMED_MS)
		return false;
	if (!make(c))
		screen_pop(c);
	else
		console_note(c, ST_WARN, "Nothing has happened: this plan stood here for %d minutes, and was made "
			     "anew. Look at it again.", (int)(stood / 60000));
	return true;
}

static void confirm(struct console *c)
{
	if (expired(c))
		return;
	if (!console_may_write(c)) {
		console_note(c, ST_WARN, c->writer.pid ?
			     "Nothing has happened: another operator writes. t takes over." :
			     "Nothing has happened: this is read-only.");
	} else if (confirm_enter(c)) {
		start(c);
	}
}

/* The next strategy that can work here; none left: the best one again. */
static void next_strategy(struct console *c)
{
	const struct strategy *s = strategies, *now;
	char why[200];

	now = made.opts.strategy ? strategy_find(made.opts.strategy) : strategy_best(c->snap);
	if (now)
		s = now + 1;
	while (s->name && !s->applies(c->snap, why, sizeof(why)))
		s++;
	keep(made.strategy, sizeof(made.strategy), s->name, &made.opts.strategy);
	make(c);
}

static void end_by(struct console *c, const char *end)
{
	made.opts.end = end;
	make(c);
}

static bool plan_request(struct console *c, enum request request)
{
	bool detach = made.step == &step_detach;

	if (request != REQ_ENTER)
		touched_ms = clock_mono_ms();
	if (request == REQ_ENTER) {
		confirm(c);
	} else if (request == REQ_COMMANDS) {
		commands = !commands;
	} else if (request == REQ_CLEAN && detach) {
		made.opts.clean = !made.opts.clean;
		make(c);
	} else if (request == REQ_CLEAN && made.step == &step_unmount && c->snap->old.nlayers) {
		made.opts.close = !made.opts.close;
		make(c);
	} else if (request == REQ_STRATEGY && detach) {
		next_strategy(c);
	} else if (request == REQ_REBOOT && can_end(c)) {
		end_by(c, "reboot");
	} else if (request == REQ_POWER_OFF && can_end(c)) {
		end_by(c, "poweroff");
	} else if (request == REQ_REFRESH) {
		c->stale = c->hurry = true;
		make(c);
	} else if (request == REQ_FILTER || request == REQ_BACK) {
		return request == REQ_FILTER;
	} else if (request >= REQ_SORT_LEFT && request <= REQ_SORT_REVERSE) {
		return true;
	} else {
		return list_request(&list, request);
	}
	return true;
}

static bool plan_key(struct console *c, int key)
{
	if (!console_may_write(c) || !confirm_key(key))
		return false;
	touched_ms = clock_mono_ms();
	return true;
}

static const struct hint *plan_hints(const struct console *c)
{
	static const struct hint plain[] = {
		{ REQ_BACK, NULL }, { REQ_ENTER, "Run" }, { REQ_COMMANDS, NULL },
		{ REQ_REFRESH, NULL }, { REQ_HELP, NULL }, { REQ_QUIT, NULL }, { 0 },
	};
	static const struct hint detach[] = {
		{ REQ_BACK, NULL }, { REQ_ENTER, "Run" }, { REQ_CLEAN, NULL },
		{ REQ_STRATEGY, NULL }, { REQ_COMMANDS, NULL }, { REQ_HELP, NULL },
		{ REQ_QUIT, NULL }, { 0 },
	};
	static const struct hint unmount[] = {
		{ REQ_BACK, NULL }, { REQ_ENTER, "Run" }, { REQ_CLEAN, "Close/keep" },
		{ REQ_COMMANDS, NULL }, { REQ_REFRESH, NULL }, { REQ_HELP, NULL },
		{ REQ_QUIT, NULL }, { 0 },
	};
	static const struct hint resume[] = {
		{ REQ_BACK, NULL }, { REQ_ENTER, "Run" }, { REQ_REBOOT, NULL },
		{ REQ_POWER_OFF, NULL }, { REQ_COMMANDS, NULL }, { REQ_HELP, NULL },
		{ REQ_QUIT, NULL }, { 0 },
	};
	static const struct hint token[] = {
		{ REQ_BACK, NULL }, { REQ_ENTER, "Run" },
		{ REQ_HELP, NULL }, { 0 },
	};

	static const struct hint watching[] = {
		{ REQ_BACK, NULL }, { REQ_TAKE_OVER, NULL }, { REQ_COMMANDS, NULL },
		{ REQ_HELP, NULL }, { REQ_QUIT, NULL }, { 0 },
	};

	if (!console_may_write(c))
		return watching;
	if (confirm_needed())
		return token;
	if (made.step == &step_unmount && c->snap->old.nlayers)
		return unmount;
	if (can_end(c))
		return resume;
	return made.step == &step_detach ? detach : plain;
}

const struct screen_ops screen_plan = {
	.name = "plan", .about = "What would be done, in order, before anything is.",
	.open = plan_open, .close = plan_close, .title = plan_title, .draw = plan_draw,
	.request = plan_request, .key = plan_key, .hints = plan_hints,
};
