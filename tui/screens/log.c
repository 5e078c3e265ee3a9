/* log.c - all jobs, and what each of them said */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "clock.h"
#include "console.h"
#include "widgets/list.h"
#include "widgets/text.h"

#define MAX_JOBS 200

enum { COL_JOB, COL_STEP, COL_RESULT, COL_STARTED, COL_TOOK, COL_VERDICT };

static const struct column columns[] = {
	[COL_JOB] = { "JOB", 4, 0, 0, false, false },
	[COL_STEP] = { "STEP", 9, 0, 0, false, false },
	[COL_RESULT] = { "RESULT", 7, 0, 0, false, false },
	[COL_STARTED] = { "STARTED", 12, 0, 0, false, false },
	[COL_TOOK] = { "TOOK", 7, 0, 0, true, false },
	[COL_VERDICT] = { "WHAT IT SAID", 8, 1, 72, false, false },
};

static void log_cell(const void *rows, size_t row, size_t col, struct cell *ret);
static uint64_t log_id(const void *rows, size_t row);

static struct list list = {
	.cols = columns, .ncols = sizeof(columns) / sizeof(columns[0]), .cell = log_cell,
	.id = log_id, .empty = "There has been no job yet.", .sort = -1,
};
static struct job_view *jobs[MAX_JOBS];
static size_t njobs;
static struct text lines;
static char chosen[16];

static void log_cell(const void *rows, size_t row, size_t col, struct cell *ret)
{
	const struct job_view *j = jobs[row];

	(void)rows;
	switch (col) {
	case COL_JOB: text_fmt(ret->s, sizeof(ret->s), "%s", j->id); break;
	case COL_STEP: text_fmt(ret->s, sizeof(ret->s), "%s", j->step); break;
	case COL_RESULT:
		text_fmt(ret->s, sizeof(ret->s), "%s", job_status_name(j->status));
		ret->style = j->status == JOB_DONE ? ST_GOOD :
			     j->status == JOB_RUNNING ? ST_ACCENT : ST_BAD;
		break;
	case COL_STARTED:
		clock_date(ret->s, sizeof(ret->s), j->started_wall);
		break;
	case COL_TOOK:
		clock_span(ret->s, sizeof(ret->s), j->started_ms, j->ended_ms);
		break;
	case COL_VERDICT:
		text_fmt(ret->s, sizeof(ret->s), "%s", j->verdict ? j->verdict : "");
		ret->style = ST_DIM;
		break;
	}
}

static uint64_t log_id(const void *rows, size_t row)
{
	(void)rows;
	return strtoull(jobs[row]->id, NULL, 10);
}

/* One that has ended does not change any more: it is read once. */
static struct job_view *known(struct job_view **old, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++) {
		struct job_view *j = old[i];

		if (!j || strcmp(j->id, id) || j->status == JOB_RUNNING)
			continue;
		old[i] = NULL;
		return j;
	}
	return NULL;
}

static void read_jobs(void)
{
	static char ids[MAX_JOBS][16];
	struct job_view *old[MAX_JOBS];
	size_t nold = njobs, n = job_list(ids, MAX_JOBS);

	memcpy(old, jobs, sizeof(old));
	njobs = 0;
	for (size_t i = 0; i < n; i++) {
		struct job_view *j = known(old, nold, ids[i]);

		if (!j && job_read(ids[i], &j, NULL) < 0)
			continue;
		jobs[njobs++] = j;
	}
	for (size_t i = 0; i < nold; i++)
		job_free(old[i]);
}

static void log_update(struct console *c)
{
	(void)c;
	read_jobs();
	list_set(&list, jobs, njobs);
}

static void log_title(const struct console *c, char *left, char *right, size_t size)
{
	(void)c;
	text_fmt(left, size, "Log");
	text_fmt(right, size, "%zu job%s", njobs, njobs == 1 ? "" : "s");
}

static void log_draw(struct console *c, struct box box)
{
	size_t at = list_current(&list);
	struct box said = { box.y + box.h - 2, box.x + 1, 2, box.w - 2 };

	(void)c;
	if (at != SIZE_MAX && box.h > 8) {
		term_fill(said.y - 1, box.x, box.w, ST_DIM, "─");
		text_paragraph(said, ST_DIM, jobs[at]->verdict ? jobs[at]->verdict : "");
		box.h -= 3;
	}
	list_draw(&list, box);
}

static bool log_request(struct console *c, enum request request)
{
	size_t at = list_current(&list);

	if (request != REQ_ENTER)
		return list_request(&list, request);
	if (at == SIZE_MAX)
		return true;
	text_fmt(chosen, sizeof(chosen), "%s", jobs[at]->id);
	lines.top = 0;
	screen_push(c, &screen_job_log);
	return true;
}

static bool log_key(struct console *c, int key)
{
	(void)c;
	return list_key(&list, key);
}

static const struct hint *log_hints(const struct console *c)
{
	static const struct hint hints[] = {
		{ REQ_HELP, NULL }, { REQ_VIEW, NULL }, { REQ_ENTER, "Read it" },
		{ REQ_FILTER, NULL }, { REQ_SORT_RIGHT, NULL }, { REQ_JOB, NULL },
		{ REQ_QUIT, NULL }, { 0 },
	};

	(void)c;
	return hints;
}

const struct screen_ops screen_log = {
	.name = "log", .about = "All jobs of this boot, and what they said.", .view = true,
	.update = log_update, .title = log_title, .draw = log_draw,
	.request = log_request, .key = log_key, .hints = log_hints,
};

/* One job's whole log */

static void add_ops(const struct job_view *j)
{
	for (size_t i = 0; i < j->n; i++) {
		const struct op_view *op = &j->op[i];

		text_add_left(&lines, op->status == OPS_FAILED ? ST_BAD : ST_NORMAL,
			      op_status_name(op->status), ST_NORMAL, 9, "%s", op->title);
		if (op->status == OPS_FAILED && op->message)
			text_add(&lines, ST_NORMAL, 9, "%s", op->message);
	}
}

static void job_log_update(struct console *c)
{
	struct job_view *j = NULL;
	bool end = lines.rows > lines.height && lines.top + lines.height >= lines.rows;

	(void)c;
	if (job_read(chosen, &j, NULL) < 0)
		return;
	text_clear(&lines);
	text_add(&lines, ST_BOLD, 0, "%s", j->title ? j->title : j->step);
	if (j->verdict && *j->verdict)
		text_add(&lines, ST_NORMAL, 0, "%s", j->verdict);
	text_blank(&lines);
	add_ops(j);
	text_blank(&lines);
	for (size_t i = 0; i < j->nlog; i++)
		text_add(&lines, ST_DIM, 2, "%s", j->log[i]);
	if (end)
		text_bottom(&lines);
	job_free(j);
}

static void job_log_title(const struct console *c, char *left, char *right, size_t size)
{
	(void)c;
	(void)right;
	text_fmt(left, size, "Log of job %s", chosen);
}

static void job_log_draw(struct console *c, struct box box)
{
	(void)c;
	box.x += 1;
	box.w -= 2;
	text_draw(&lines, box);
}

static bool job_log_request(struct console *c, enum request request)
{
	(void)c;
	return request == REQ_ENTER || text_request(&lines, request);
}

static const struct hint *job_log_hints(const struct console *c)
{
	static const struct hint hints[] = {
		{ REQ_BACK, NULL }, { REQ_DOWN, NULL }, { REQ_UP, NULL },
		{ REQ_PAGE_DOWN, NULL }, { REQ_END, NULL }, { REQ_QUIT, NULL }, { 0 },
	};

	(void)c;
	return hints;
}

const struct screen_ops screen_job_log = {
	.name = "job log", .about = "One job's log.", .update = job_log_update,
	.title = job_log_title, .draw = job_log_draw, .request = job_log_request,
	.hints = job_log_hints,
};
