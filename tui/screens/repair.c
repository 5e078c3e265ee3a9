/* repair.c - device chosen: which tool, and the answers to its questions */
#include "screens/repair.h"

#include <string.h>

#include "base/text.h"
#include "console.h"
#include "model/stack.h"
#include "model/unfinished.h"
#include "widgets/list.h"
#include "widgets/prompt.h"
#include "widgets/text.h"

#define MAX_TOOLS 64

enum { TOOL_COL_TITLE, TOOL_COL_ABOUT, TOOL_COL_DANGER };
enum { DEV_COL_NAME, DEV_COL_SIZE, DEV_COL_FS, DEV_COL_USED };

static char device[64];		/* "vda1": found again in each snapshot */
static char called[128];	/* the same, as people call it */
static const struct tool *suited[MAX_TOOLS], *tool;
static bool here[MAX_TOOLS];	/* its program is in this rescue */
static bool busy[MAX_TOOLS];	/* it wants what lies on the device closed */
static size_t nsuited;
static int asked;		/* index of the present question */
static char answer[TOOL_QUESTIONS][300], typed[256];

static const struct column tool_columns[] = {
	[TOOL_COL_TITLE] = { "TOOL", 30, 0, 0, false, false },
	[TOOL_COL_ABOUT] = { "WHAT IT DOES", 20, 1, 88, false, false },
	[TOOL_COL_DANGER] = { "DANGER", 8, 0, 0, false, false },
};

static void tool_cell(const void *rows, size_t row, size_t col, struct cell *ret)
{
	const struct tool *t = suited[row];

	(void)rows;
	if (col == TOOL_COL_TITLE)
		text_fmt(ret->s, sizeof(ret->s), "%s", t->title);
	else if (col == TOOL_COL_ABOUT)
		text_fmt(ret->s, sizeof(ret->s), "%s", t->about);
	else
		text_fmt(ret->s, sizeof(ret->s), "%s", !here[row] ? "absent" : busy[row] ? "in use" :
			 danger_name(t->danger));
	if (!here[row] || busy[row])
		ret->style = ST_DIM;
	else if (col == TOOL_COL_DANGER)
		ret->style = t->danger == DANGER_DESTROYS ? ST_BAD : ST_DIM;
}

static uint64_t row_number(const void *rows, size_t row)
{
	(void)rows;
	return row;
}

static struct list tool_list = {
	.cols = tool_columns, .ncols = sizeof(tool_columns) / sizeof(tool_columns[0]),
	.cell = tool_cell, .id = row_number, .empty = "No tool suits this device.", .sort = -1,
};

static const struct column dev_columns[] = {
	[DEV_COL_NAME] = { "NAME", 12, 3, 0, false, true },
	[DEV_COL_SIZE] = { "SIZE", 5, 0, 0, true, false },
	[DEV_COL_FS] = { "FS", 8, 0, 0, false, false },
	[DEV_COL_USED] = { "USED BY", 10, 1, 0, false, true },
};

const char *repair_fs(const struct blockdev *b)
{
	static const char *const brief[][2] = {
		{ "crypto_LUKS", "LUKS" }, { "LVM2_member", "LVM PV" }, { "linux_raid_member", "RAID" },
	};

	for (size_t i = 0; b->fstype && !b->silent && i < sizeof(brief) / sizeof(brief[0]); i++)
		if (!strcmp(b->fstype, brief[i][0]))
			return brief[i][1];
	return b->silent ? "?" : b->fstype ? b->fstype : "";
}

static void dev_cell(const void *rows, size_t row, size_t col, struct cell *ret)
{
	const struct blockdev *b = &((const struct blockdevs *)rows)->row[row];

	if (col == DEV_COL_NAME)
		stack_path(b, ret->s, sizeof(ret->s));
	else if (col == DEV_COL_SIZE)
		text_size(ret->s, sizeof(ret->s), b->size);
	else if (col == DEV_COL_FS)
		text_fmt(ret->s, sizeof(ret->s), "%s", repair_fs(b));
	else
		text_fmt(ret->s, sizeof(ret->s), "%s", b->used_by && *b->used_by ? b->used_by : "–");
}

static uint64_t dev_id(const void *rows, size_t row)
{
	return ((const struct blockdevs *)rows)->row[row].dev;
}

static struct list dev_list = {
	.cols = dev_columns, .ncols = sizeof(dev_columns) / sizeof(dev_columns[0]),
	.cell = dev_cell, .id = dev_id, .empty = "No block device.", .sort = -1,
};

void repair_device(struct console *c, const struct blockdev *dev)
{
	struct step_state st = { 0 };
	struct error err = { 0 };

	step_repair.state(c->snap, &st);
	if (st.status != STEP_READY)
		return console_note(c, ST_WARN, "Repair: %s", st.why);
	if (tool_refuse_busy(c->snap, dev, NULL, &err) < 0)
		return console_error(c, &err);
	text_fmt(device, sizeof(device), "%s", dev->name);
	text_fmt(called, sizeof(called), "%s", stack_called(dev));
	nsuited = 0;
	for (const struct tool *t = tool_next(NULL); t && nsuited < MAX_TOOLS; t = tool_next(t))
		if (tool_suits(t, dev) || unfinished_is(&c->snap->unfinished, t->name, dev)) {
			here[nsuited] = tool_is_here(t, &c->snap->programs);
			busy[nsuited] = tool_refuse_busy(c->snap, dev, t, NULL) < 0;
			suited[nsuited++] = t;
		}
	list_set(&tool_list, suited, nsuited);
	list_request(&tool_list, REQ_HOME);
	screen_push(c, &screen_tools);
}

/* How many questions are asked: options come after them. */
static int questions(void)
{
	int n = 0;

	while (n < TOOL_QUESTIONS && tool->ask[n].key && tool->ask[n].type != ASK_OPTION)
		n++;
	return n;
}

static void make_plan(struct console *c)
{
	const char *answers[TOOL_QUESTIONS + 1] = { NULL };
	struct plan_opts opts = { .device = device, .tool = tool->name, .answers = answers };

	for (int i = 0; i < questions(); i++)
		answers[i] = answer[i];
	console_plan(c, &step_repair, &opts, NULL);
}

/* What stands in the prompt to begin with: the device's present one, mostly. */
static void suggest(const struct console *c)
{
	const struct blockdev *b = blockdevs_find(&c->snap->devs, device);
	char buf[300];
	const char *value = b ? tool_suggest(c->snap, b, tool, &tool->ask[asked], buf, sizeof(buf)) : "";

	text_fmt(typed, sizeof(typed), "%s", value);
}

static void choose_tool(struct console *c, size_t at)
{
	const struct blockdev *b = blockdevs_find(&c->snap->devs, device);
	struct error err = { 0 };

	if (at == SIZE_MAX)
		return;
	tool = suited[at];
	if (b && here[at] && tool_refuse_busy(c->snap, b, tool, &err) < 0)
		return console_error(c, &err);
	if (!here[at])
		return console_note(c, ST_WARN, "%s is not in this rescue. In the normal system: install "
				    "%s (if it is: tools=full in careen.conf takes it along), then "
				    "update-initramfs -u or careen enter --replace.",
				    tool->program, tool->package);
	asked = 0;
	if (!questions()) {
		make_plan(c);
		return;
	}
	suggest(c);
	screen_push(c, &screen_ask);
}

static void tools_title(const struct console *c, char *left, char *right, size_t size)
{
	(void)c;
	text_fmt(left, size, "Repair · what is to be done with %s?", called);
	list_count(&tool_list, right, size);
}

static void tools_draw(struct console *c, struct box box)
{
	size_t at = list_current(&tool_list);
	struct box about = { box.y + box.h - 2, box.x + 1, 2, box.w - 2 };
	char text[400];

	(void)c;
	if (at != SIZE_MAX && box.h > 8) {
		term_fill(about.y - 1, box.x, box.w, ST_DIM, "─");
		if (here[at])
			text_fmt(text, sizeof(text), "%s", suited[at]->about);
		else
			text_fmt(text, sizeof(text), "%s Its program, %s, is not in this rescue: "
				 "package %s.", suited[at]->about, suited[at]->program,
				 suited[at]->package);
		text_paragraph(about, here[at] ? ST_NORMAL : ST_DIM, text);
		box.h -= 3;
	}
	list_draw(&tool_list, box);
}

static bool tools_request(struct console *c, enum request request)
{
	if (request != REQ_ENTER)
		return list_request(&tool_list, request);
	choose_tool(c, list_current(&tool_list));
	return true;
}

static bool tools_key(struct console *c, int key)
{
	(void)c;
	return list_key(&tool_list, key);
}

static const struct hint *tools_hints(const struct console *c)
{
	static const struct hint hints[] = {
		{ REQ_BACK, NULL }, { REQ_ENTER, "Choose" }, { REQ_FILTER, NULL },
		{ REQ_HELP, NULL }, { REQ_QUIT, NULL }, { 0 },
	};

	(void)c;
	return hints;
}

const struct screen_ops screen_tools = {
	.name = "tools", .about = "The tools for the chosen device.", .title = tools_title,
	.draw = tools_draw, .request = tools_request, .key = tools_key,
	.hints = tools_hints,
};

/* The questions */

static bool asks_device(void)
{
	return tool->ask[asked].type == ASK_DEVICE;
}

static void next_question(struct console *c)
{
	text_fmt(answer[asked], sizeof(answer[asked]), "%s=%s", tool->ask[asked].key, typed);
	if (asked + 1 < questions()) {
		asked++;
		suggest(c);
		screen_update(c);
		return;
	}
	screen_pop(c);
	make_plan(c);
}

static void ask_update(struct console *c)
{
	if (c->snap)
		list_set(&dev_list, &c->snap->devs, c->snap->devs.n);
}

static void ask_title(const struct console *c, char *left, char *right, size_t size)
{
	int n = questions();

	(void)c;
	text_fmt(left, size, "Repair · %s, %s", tool->title, called);
	if (n > 1)
		text_fmt(right, size, "question %d of %d", asked + 1, n);
}

static void ask_draw(struct console *c, struct box box)
{
	const struct tool_question *q = &tool->ask[asked];
	int y = box.y + 1, x = box.x + 1, w = box.w - 2;

	(void)c;
	term_putf(y, x, w, ST_BOLD, "%s%s", q->ask, asks_device() ? "" : "?");
	if (asks_device()) {
		list_draw(&dev_list, (struct box){ y + 2, box.x, box.h - 3, box.w });
		return;
	}
	prompt_draw(y + 2, x, w, "> ", typed);
	text_paragraph((struct box){ y + 4, x, 3, w }, ST_DIM, !q->fallback ?
		       "It must be answered." : *q->fallback ?
		       "Enter keeps what stands there. It may be changed, or emptied with ^U." :
		       "It may be left empty.");
}

static void answer_device(struct console *c)
{
	size_t at = list_current(&dev_list);
	const struct blockdev *b = at == SIZE_MAX ? NULL : &c->snap->devs.row[at];
	struct error err = { 0 };

	if (!b)
		return;
	if (tool_refuse_busy(c->snap, b, tool, &err) < 0)
		return console_error(c, &err);
	text_fmt(typed, sizeof(typed), "%s", b->path);
	next_question(c);
}

static bool ask_request(struct console *c, enum request request)
{
	const struct tool_question *q = &tool->ask[asked];

	if (asks_device() && request != REQ_ENTER)
		return list_request(&dev_list, request);
	if (request != REQ_ENTER)
		return false;
	if (asks_device())
		answer_device(c);
	else if (!typed[0] && !q->fallback)
		console_note(c, ST_WARN, "It must be answered; Esc goes back.");
	else
		next_question(c);
	return true;
}

static bool ask_key(struct console *c, int key)
{
	(void)c;
	return asks_device() ? list_key(&dev_list, key) :
			       prompt_edit(typed, sizeof(typed), key);
}

static const struct hint *ask_hints(const struct console *c)
{
	static const struct hint hints[] = {
		{ REQ_BACK, NULL }, { REQ_ENTER, "Answer" }, { REQ_HELP, NULL }, { 0 },
	};

	(void)c;
	return hints;
}

const struct screen_ops screen_ask = {
	.name = "question", .about = "A tool's question.", .update = ask_update,
	.title = ask_title, .draw = ask_draw, .request = ask_request, .key = ask_key,
	.hints = ask_hints,
};
