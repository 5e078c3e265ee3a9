/*
 * confirm.c - what is typed below a plan before it runs
 *
 * First the word, taken from the target; then the passphrase, if the plan needs one, and a new
 * one twice.
 */
#include "screens/confirm.h"

#include <string.h>

#include "base/text.h"
#include "console.h"
#include "plan/plan.h"
#include "widgets/prompt.h"
#include "widgets/text.h"

static struct plan *plan;
static char typed[PLAN_TOKEN];
static char before[256];	/* a new secret as it was typed first */
static bool word_given;		/* the token; what is typed now is the secret */

void confirm_begin(struct plan *for_plan)
{
	plan = for_plan;
	explicit_bzero(typed, sizeof(typed));
	explicit_bzero(before, sizeof(before));
	word_given = false;
}

bool confirm_needed(void)
{
	return plan->token || plan->secret_what;
}

static bool asks_word(void)
{
	return plan->token && !word_given;
}

/* The words of many disks: there would be no room to type behind them. */
static bool long_word(void)
{
	return strlen(plan->token) > 30;
}

void confirm_ask(struct text *foot)
{
	if (asks_word())
		text_add(foot, ST_NORMAL, 0, "To run it, type %s:%s%s",
			 plan->token_what ? plan->token_what : "this word", long_word() ? " " : "",
			 long_word() ? plan->token : "");
	else if (before[0])
		text_add(foot, ST_NORMAL, 0, "Type it once more, to be sure of it:");
	else if (plan->secret_what)
		text_add(foot, ST_NORMAL, 0, "To run it, type %s:", plan->secret_what);
}

/* A star for each character of what was typed. */
static const char *hidden(void)
{
	static char stars[sizeof(typed)];
	size_t n = 0;

	for (const char *p = typed; *p; p++)
		if (((unsigned char)*p & 0xc0) != 0x80)
			stars[n++] = '*';
	stars[n] = '\0';
	return stars;
}

void confirm_draw(struct box box)
{
	char label[80];

	text_fmt(label, sizeof(label), "%s > ", !asks_word() ? "passphrase" : long_word() ? "" : plan->token);
	prompt_draw(box.y + box.h - 1, box.x, box.w, label, asks_word() ? typed : hidden());
}

bool confirm_key(int key)
{
	return confirm_needed() && prompt_edit(typed, asks_word() ? sizeof(typed) : sizeof(before), key);
}

/* May it be used? A new one must be good, and the same twice. */
static bool secret_given(struct console *c)
{
	const char *why;

	if (!typed[0]) {
		console_note(c, ST_WARN, "Type the passphrase to run it, or Esc. Nothing has happened.");
		return false;
	}
	if (!plan->secret_is_new)
		return true;
	if (strlen(typed) + 4 >= sizeof(before)) {
		console_note(c, ST_WARN, "Not this passphrase: at most %zu bytes. Nothing has happened.",
			     sizeof(before) - 5);
		explicit_bzero(typed, sizeof(typed));
		explicit_bzero(before, sizeof(before));
		return false;
	}
	why = plan->secret_at_boot ? plan_new_secret_is_bad(typed, strlen(typed)) : NULL;
	if (!before[0] && why) {
		console_note(c, ST_WARN, "Not this passphrase: %s. Nothing has happened.", why);
	} else if (!before[0]) {
		memcpy(before, typed, sizeof(before));
	} else if (!strcmp(before, typed)) {
		explicit_bzero(before, sizeof(before));
		return true;
	} else {
		console_note(c, ST_WARN, "That was not the same. Type the passphrase anew. Nothing has happened.");
		explicit_bzero(before, sizeof(before));
	}
	explicit_bzero(typed, sizeof(typed));
	return false;
}

static bool take_secret(struct console *c)
{
	bool set = secret_given(c) && plan_set_secret(plan, typed, strlen(typed)) == 0;

	if (set)
		explicit_bzero(typed, sizeof(typed));
	return set;
}

bool confirm_enter(struct console *c)
{
	if (asks_word() && strcmp(typed, plan->token)) {
		console_note(c, ST_WARN, typed[0] ? "That is not the word. Nothing has happened." :
			     "Type the word to run it, or Esc. Nothing has happened.");
		typed[0] = '\0';
		return false;
	}
	if (asks_word() && plan->secret_what) {
		word_given = true;
		typed[0] = '\0';
		return false;
	}
	return !plan->secret_what || take_secret(c);
}
