/* help.c - made from the tables of keys, steps and screens: it cannot drift */
#include "console.h"
#include "widgets/text.h"

static struct text text;

static void add_heading(const char *s)
{
	if (text.n)
		text_blank(&text);
	text_add(&text, ST_BOLD, 0, "%s", s);
}

static void help_open(struct console *c)
{
	(void)c;
	text_clear(&text);
	text.top = 0;
	add_heading("The steps, in their order");
	for (int i = 0; steps[i]; i++)
		text_add_left(&text, ST_ACCENT, steps[i]->title, ST_NORMAL, 14, "%s",
			      steps[i]->about);
	text_add_left(&text, ST_NORMAL, "", ST_DIM, 14,
		      "✓ done   ▸ ready   · not yet   ! blocked, and the overview says why");
	add_heading("The keys");
	for (const struct keybind *k = keymap; k->request; k++)
		text_add_left(&text, ST_ACCENT, k->keys, ST_NORMAL, 14, "%s", k->help);
	text_add_left(&text, ST_ACCENT, "1 to 6", ST_NORMAL, 14, "Choose a step.");
	add_heading("The views");
	for (int i = 0; screen_views[i]; i++)
		text_add_left(&text, ST_ACCENT, screen_views[i]->name, ST_NORMAL, 14, "%s",
			      screen_views[i]->about);
	add_heading("What is safe");
	text_add(&text, ST_NORMAL, 0, "Nothing happens without a plan that you have confirmed. "
		 "A job under way goes on when you leave, when the connection breaks and when "
		 "this console is killed; log in again and you see it.");
}

static void help_title(const struct console *c, char *left, char *right, size_t size)
{
	(void)c;
	snprintf(left, size, "Help");
	snprintf(right, size, "careen %s", CAREEN_VERSION);
}

static void help_draw(struct console *c, struct box box)
{
	(void)c;
	box.x += 1;
	box.w -= 2;
	text_draw(&text, box);
}

static bool help_request(struct console *c, enum request request)
{
	(void)c;
	return request == REQ_ENTER || text_request(&text, request);
}

static const struct hint *help_hints(const struct console *c)
{
	static const struct hint hints[] = {
		{ REQ_BACK, NULL }, { REQ_DOWN, "Down" }, { REQ_UP, "Up" },
		{ REQ_PAGE_DOWN, "Page" }, { REQ_QUIT, NULL }, { 0 },
	};

	(void)c;
	return hints;
}

const struct screen_ops screen_help = {
	.name = "help", .about = "Keys, steps and views.", .open = help_open,
	.title = help_title, .draw = help_draw, .request = help_request,
	.hints = help_hints,
};
