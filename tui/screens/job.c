/* job.c - a confirmed plan under way, one operation a line */
#include <string.h>

#include "base/text.h"
#include "clock.h"
#include "console.h"
#include "screens/plan.h"
#include "widgets/gauge.h"
#include "widgets/list.h"
#include "widgets/text.h"

enum { COL_MARK, COL_TITLE, COL_STATE, COL_TIME };

static const struct column columns[] = {
	[COL_MARK] = { "", 1, 0, 0, false, false },
	[COL_TITLE] = { "OPERATION", 20, 1, 0, false, false },
	[COL_STATE] = { "STATE", 7, 0, 0, false, false },
	[COL_TIME] = { "TIME", 7, 0, 0, true, false },
};

static void job_cell(const void *rows, size_t row, size_t col, struct cell *ret);
static uint64_t job_row_id(const void *rows, size_t row);

static struct list list = {
	.cols = columns, .ncols = sizeof(columns) / sizeof(columns[0]), .cell = job_cell,
	.id = job_row_id, .empty = "No operation.", .sort = -1,
};
static struct text log_text, outcome;
static bool moved;		/* the operator has moved the cursor: it stays */
static bool scrolled;		/* or the log */
static char shown[16];

static const struct {
	const char *mark;
	int style;
} marks[] = {
	[OPS_WAITING] = { "·", ST_DIM }, [OPS_RUNNING] = { "▸", ST_ACCENT },
	[OPS_DONE] = { "✓", ST_GOOD }, [OPS_FAILED] = { "✗", ST_BAD },
	[OPS_SKIPPED] = { "–", ST_DIM },
};

static void job_cell(const void *rows, size_t row, size_t col, struct cell *ret)
{
	const struct op_view *op = &((const struct job_view *)rows)->op[row];

	if (col == COL_MARK) {
		text_fmt(ret->s, sizeof(ret->s), "%s", marks[op->status].mark);
		ret->style = marks[op->status].style;
		return;
	}
	if (op->status == OPS_WAITING || op->status == OPS_SKIPPED)
		ret->style = ST_DIM;
	if (col == COL_TITLE) {
		text_fmt(ret->s, sizeof(ret->s), "%s", op->title);
	} else if (col == COL_STATE) {
		text_fmt(ret->s, sizeof(ret->s), "%s", op_status_name(op->status));
		ret->style = op->status == OPS_DONE ? ST_NORMAL : marks[op->status].style;
	} else if (op->started_ms) {
		clock_span(ret->s, sizeof(ret->s), op->started_ms, op->ended_ms);
	}
}

static uint64_t job_row_id(const void *rows, size_t row)
{
	(void)rows;
	return row;
}

static const struct op_view *current(const struct job_view *j)
{
	return j->current < j->n ? &j->op[j->current] : NULL;
}

static void add_failure(const struct job_view *j)
{
	const struct op_view *op = current(j);

	if (op && op->message && *op->message)
		text_add_mark(&outcome, ST_BAD, "✗", NULL, ST_NORMAL, 2, "%s", op->message);
	if (op && op->hint && *op->hint)
		text_add_mark(&outcome, ST_ACCENT, "→", NULL, ST_NORMAL, 2, "%s", op->hint);
}

static void add_choices(const struct job_view *j)
{
	const struct op_view *op = current(j);

	text_add(&outcome, ST_BOLD, 0, "r tries again%s", op && op->skippable ?
		 "   s goes on without it" : "");
	text_add(&outcome, ST_BOLD, 0, "b backs out (resume)   Esc leaves it here");
}

static void fill_outcome(const struct console *c)
{
	const struct job_view *j = c->job;
	bool good = j->status == JOB_DONE;
	bool bad = j->status != JOB_RUNNING && !good;

	text_clear(&outcome);
	if (j->status == JOB_RUNNING)
		return;
	if (bad)
		add_failure(j);
	if (j->verdict && *j->verdict)
		text_add_mark(&outcome, good ? ST_GOOD : ST_WARN, good ? "✓" : "!", NULL, ST_NORMAL,
			      2, "%s", j->verdict);
	if (bad)
		add_choices(j);
	else if (!console_fresh(c))
		text_add(&outcome, ST_DIM, 0, "Looking at the machine again…");
	else
		text_add(&outcome, ST_BOLD, 0, "Enter goes on to %s.", steps[c->step]->title);
}

/* The sentence that the whole trip is for [run/op_prove.c]. */
static bool is_proof(const char *line)
{
	return strstr(line, ": no mount in any namespace, no swap, no holder,") != NULL;
}

static void fill_log(const struct job_view *j)
{
	size_t n = j->nlog;

	text_clear(&log_text);
	/* The verdict stands below: twice is once too often. */
	if (n && j->verdict && strcmp(j->log[n - 1], j->verdict) == 0)
		n--;
	for (size_t i = 0; i < n; i++)
		text_add(&log_text, is_proof(j->log[i]) ? ST_GOOD : ST_DIM, 2, "%s", j->log[i]);
	if (!scrolled)
		text_bottom(&log_text);
}

static void job_open(struct console *c)
{
	(void)c;
	moved = scrolled = false;
}

static void job_update(struct console *c)
{
	const struct job_view *j = c->job;

	if (!j)
		return;
	if (strcmp(shown, j->id))
		moved = scrolled = false;
	text_fmt(shown, sizeof(shown), "%s", j->id);
	list_set(&list, j, j->n);
	if (!moved)
		list_select_id(&list, j->current < j->n ? j->current : j->n ? j->n - 1 : 0);
	fill_log(j);
	fill_outcome(c);
}

static void job_title(const struct console *c, char *left, char *right, size_t size)
{
	const struct job_view *j = c->job;
	char span[16];

	if (!j)
		return;
	clock_span(span, sizeof(span), j->started_ms, j->ended_ms);
	text_fmt(left, size, "Job %s · %s", j->id, j->title ? j->title : j->step);
	text_fmt(right, size, "%s %s", job_status_name(j->status), span);
}

/* Progress of what runs now, in its own units. */
static int draw_progress(const struct job_view *j, struct box box)
{
	const struct op_view *op = current(j);

	if (j->status != JOB_RUNNING || !op || (op->fraction < 0 && !op->progress[0]))
		return 0;
	gauge_draw(box.y + box.h - 1, box.x + 1, box.w - 2, op->fraction, op->progress);
	return 1;
}

static int draw_outcome(struct box box)
{
	int rows = text_height(&outcome, box.w - 2), most = box.h - 4;
	struct box o = { 0, box.x + 1, rows < most ? rows : most, box.w - 2 };

	o.y = box.y + box.h - o.h;
	if (outcome.n)
		text_draw(&outcome, o);
	return outcome.n ? o.h : 0;
}

static void job_draw(struct console *c, struct box box)
{
	int foot, tail, ops;

	if (!c->job)
		return;
	foot = draw_progress(c->job, box) + draw_outcome(box);
	if (foot) {
		term_fill(box.y + box.h - foot - 1, box.x, box.w, ST_DIM, "─");
		foot++;
	}
	box.h -= foot;
	ops = c->job->n + 1;
	tail = text_height(&log_text, box.w - 2);
	if (tail > box.h - ops - 1)
		tail = box.h - ops - 1 > box.h / 3 ? box.h - ops - 1 : box.h / 3;
	if (tail > 1) {
		struct box t = { box.y + box.h - tail, box.x + 1, tail, box.w - 2 };

		term_fill(t.y - 1, box.x, box.w, ST_DIM, "─");
		text_draw(&log_text, t);
		box.h -= tail + 1;
	}
	list_draw(&list, box);
}

static bool job_failed(const struct console *c)
{
	return c->job && c->job->status != JOB_RUNNING && c->job->status != JOB_DONE;
}

static void retry(struct console *c)
{
	plan_again(c, c->job->step, NULL);
}

static void back_out(struct console *c)
{
	console_plan(c, &step_resume, NULL, NULL);
}

static void skip(struct console *c)
{
	const struct op_view *op = current(c->job);

	if (op && op->skippable)
		plan_again(c, c->job->step, op->title);
	else
		console_note(c, ST_WARN, "What follows depends on this operation: it cannot be left out.");
}

static void stop(struct console *c)
{
	struct error err = { 0 };
	int r;

	if (!console_may_write(c)) {
		console_note(c, ST_WARN, "Another operator writes. t takes over.");
		return;
	}
	r = job_stop(c->job->id, &err);
	if (r < 0)
		console_error(c, &err);
	else
		console_note(c, r ? ST_WARN : ST_NORMAL, "%s", job_stop_words(c->job, r));
}

static bool after_failure(struct console *c, enum request request)
{
	switch (request) {
	case REQ_RETRY: console_when_fresh(c, retry); return true;
	case REQ_SKIP: console_when_fresh(c, skip); return true;
	case REQ_BACK_OUT: console_when_fresh(c, back_out); return true;
	case REQ_ENTER: return true;
	default: return false;
	}
}

static bool move_ops(enum request request)
{
	if (request != REQ_UP && request != REQ_DOWN)
		return false;
	moved = true;
	return list_request(&list, request);
}

static bool job_request(struct console *c, enum request request)
{
	if (!c->job)
		return false;
	if (request == REQ_STOP && console_job_running(c)) {
		stop(c);
		return true;
	}
	if (job_failed(c) && after_failure(c, request))
		return true;
	if (request == REQ_ENTER) {
		if (!console_job_running(c))
			console_view(c, "overview");
		return true;
	}
	if (move_ops(request))
		return true;
	if (!text_request(&log_text, request))
		return false;
	scrolled = log_text.top + log_text.height < log_text.rows;
	return true;
}

static const struct hint *job_hints(const struct console *c)
{
	static const struct hint running[] = {
		{ REQ_HELP, NULL }, { REQ_STOP, NULL }, { REQ_BACK, "Leave it running" },
		{ REQ_PAGE_UP, "Log" }, { REQ_VIEW, NULL }, { REQ_SHELL, NULL },
		{ REQ_QUIT, NULL }, { 0 },
	};
	static const struct hint failed[] = {
		{ REQ_HELP, NULL }, { REQ_RETRY, NULL }, { REQ_SKIP, NULL },
		{ REQ_BACK_OUT, NULL }, { REQ_BACK, "Leave it" }, { REQ_SHELL, NULL },
		{ REQ_QUIT, NULL }, { 0 },
	};
	static const struct hint no_skip[] = {
		{ REQ_HELP, NULL }, { REQ_RETRY, NULL }, { REQ_BACK_OUT, NULL },
		{ REQ_BACK, "Leave it" }, { REQ_SHELL, NULL }, { REQ_QUIT, NULL }, { 0 },
	};
	static const struct hint done[] = {
		{ REQ_HELP, NULL }, { REQ_ENTER, "Go on" }, { REQ_PAGE_UP, "Log" },
		{ REQ_VIEW, NULL }, { REQ_SHELL, NULL }, { REQ_QUIT, NULL }, { 0 },
	};

	if (console_job_running(c))
		return running;
	if (!job_failed(c))
		return done;
	return current(c->job) && current(c->job)->skippable ? failed : no_skip;
}

const struct screen_ops screen_job = {
	.name = "job", .about = "The job under way, or the latest one.", .open = job_open,
	.update = job_update, .title = job_title, .draw = job_draw,
	.request = job_request, .hints = job_hints,
};
