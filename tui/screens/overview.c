/* overview.c - the chosen step: what it does, how it stands, what Enter would do */
#include <string.h>

#include "console.h"
#include "widgets/text.h"

static struct text text;
static int shown_step = -1;

static void add_finding(const struct finding *f)
{
	static const struct {
		const char *mark;
		int style;
	} marks[] = {
		[FIND_OK] = { "✓", ST_GOOD }, [FIND_NOTE] = { "·", ST_NORMAL },
		[FIND_BLOCKER] = { "✗", ST_BAD },
	};

	text_add_mark(&text, marks[f->level].style, marks[f->level].mark, f->what, ST_NORMAL, 13,
		      "%s", f->text);
	if (f->mend[0])
		text_add_left(&text, ST_NORMAL, "", ST_ACCENT, 13, "→ %s", f->mend);
}

static void add_findings(const struct console *c)
{
	struct finding f[FINDINGS];
	size_t n = preflight_findings(c->snap, f);

	for (size_t i = 0; i < n; i++)
		add_finding(&f[i]);
}

static bool clean_off(const struct snapshot *s, const struct blockdev *b)
{
	for (size_t i = 0; i < s->holders.n; i++)
		if (s->holders.row[i].dev == b->dev)
			return false;
	return !b->mounted && !b->swap && !b->stacked && !b->busy_open;
}

/* The proof, a line a device: what Unmount was for. */
static void add_proof(const struct console *c)
{
	bool all = true;

	for (size_t i = 0; i < c->snap->devs.n; i++) {
		const struct blockdev *b = &c->snap->devs.row[i];
		bool clean = clean_off(c->snap, b);

		if (!b->old_root)
			continue;
		all &= clean;
		if (clean)
			text_add_mark(&text, ST_GOOD, "✓", b->path, ST_GOOD, 17, "clean");
		else
			text_add_mark(&text, ST_BAD, "✗", b->path, ST_NORMAL, 17, "in use: %s",
				      b->used_by && *b->used_by ? b->used_by : "see holders");
	}
	if (!all)
		return;
	text_blank(&text);
	text_add(&text, ST_DIM, 0, "Clean: no mount in any namespace, no swap, no holder, nobody has it open, "
		 "exclusive open succeeds.");
}

static void add_state(const struct console *c, const struct step_state *st)
{
	static const struct {
		const char *mark, *word;
		int style;
	} marks[] = {
		[STEP_WAITING] = { "·", "Not yet. ", ST_DIM },
		[STEP_READY] = { "▸", "", ST_ACCENT },
		[STEP_DONE] = { "✓", "Done. ", ST_GOOD },
		[STEP_BLOCKED] = { "!", "Blocked. ", ST_WARN },
	};

	bool below = st->status == STEP_BLOCKED && steps[c->step] == &step_preflight;

	text_add_mark(&text, marks[st->status].style, marks[st->status].mark, NULL, ST_NORMAL, 2,
		      "%s%s", marks[st->status].word,
		      below ? "What stands in the way is marked ✗ below." : st->why);
}

static const char *enter_does(const struct console *c, const struct step_state *st)
{
	if (st->status == STEP_BLOCKED || st->status == STEP_WAITING)
		return st->see && strcmp(st->see, "overview") ?
			"Enter shows what stands in the way." : NULL;
	if (strcmp(steps[c->step]->name, "repair") == 0)
		return "Enter chooses a device. Nothing is written before you confirm a plan.";
	if (st->status == STEP_READY || strcmp(steps[c->step]->name, "preflight") == 0)
		return "Enter shows the plan. Nothing happens before you confirm it.";
	return NULL;
}

static void overview_update(struct console *c)
{
	const struct step *step = steps[c->step];
	const struct step_state *st = &c->state[c->step];
	const char *enter;

	text_clear(&text);
	if (shown_step != c->step)
		text.top = 0;
	shown_step = c->step;
	if (!c->snap)
		return;
	text_add(&text, ST_NORMAL, 0, "%s", step->about);
	text_blank(&text);
	add_state(c, st);
	enter = enter_does(c, st);
	if (enter)
		text_add(&text, ST_ACCENT, 2, "%s", enter);
	if (strcmp(step->name, "preflight") == 0) {
		text_blank(&text);
		add_findings(c);
	} else if (strcmp(step->name, "unmount") == 0 && snapshot_unmounted(c->snap)) {
		text_blank(&text);
		add_proof(c);
	}
}

static void overview_title(const struct console *c, char *left, char *right, size_t size)
{
	static const char *const words[] = {
		[STEP_WAITING] = "not yet", [STEP_READY] = "ready", [STEP_DONE] = "done",
		[STEP_BLOCKED] = "blocked",
	};

	snprintf(left, size, "%s", steps[c->step]->title);
	if (c->snap)
		snprintf(right, size, "%s", words[c->state[c->step].status]);
}

static void overview_draw(struct console *c, struct box box)
{
	(void)c;
	box.x += 1;
	box.w -= 2;
	text_draw(&text, box);
}

static bool overview_request(struct console *c, enum request request)
{
	if (request == REQ_UP)
		console_choose(c, c->step - 1);
	else if (request == REQ_DOWN)
		console_choose(c, c->step + 1);
	else if (request == REQ_HOME)
		console_choose(c, 0);
	else if (request == REQ_END)
		console_choose(c, c->nsteps - 1);
	else if (request == REQ_PAGE_UP || request == REQ_PAGE_DOWN)
		return text_request(&text, request);
	else
		return false;
	return true;
}

static const struct hint *overview_hints(const struct console *c)
{
	static const struct hint rescue[] = {
		{ REQ_HELP, NULL }, { REQ_VIEW, NULL }, { REQ_ENTER, NULL }, { REQ_PLAN, NULL },
		{ REQ_SHELL, NULL }, { REQ_LOG, NULL }, { REQ_JOB, NULL }, { REQ_QUIT, NULL },
		{ 0 },
	};
	static const struct hint watching[] = {
		{ REQ_HELP, NULL }, { REQ_VIEW, NULL }, { REQ_TAKE_OVER, NULL },
		{ REQ_PLAN, NULL }, { REQ_SHELL, NULL }, { REQ_LOG, NULL }, { REQ_QUIT, NULL },
		{ 0 },
	};
	static const struct hint outside[] = {
		{ REQ_HELP, NULL }, { REQ_VIEW, NULL }, { REQ_REFRESH, NULL },
		{ REQ_SHELL, NULL }, { REQ_LOG, NULL }, { REQ_QUIT, NULL }, { 0 },
	};

	if (c->snap && c->snap->host.place != PLACE_RESCUE)
		return outside;
	return c->snap && !console_may_write(c) ? watching : rescue;
}

const struct screen_ops screen_overview = {
	.name = "overview", .about = "The chosen step: what it does and how it stands.",
	.view = true, .update = overview_update, .title = overview_title,
	.draw = overview_draw, .request = overview_request, .hints = overview_hints,
};
