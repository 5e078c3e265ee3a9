/* chrome.c - what is always on the screen: host, lifeline, steps, status, keys */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "clock.h"
#include "console.h"
#include "plan/deadman.h"
#include "widgets/frame.h"

/* "Debian GNU/Linux 13 (trixie)" is long for what it says: "Debian 13". */
static void short_os(char *dst, size_t size, const char *os)
{
	char *p;

	text_fmt(dst, size, "%s", os);
	p = strstr(dst, " GNU/Linux");
	if (p)
		memmove(p, p + 10, strlen(p + 10) + 1);
	p = strstr(dst, " (");
	if (p)
		*p = '\0';
}

/* "6.1.0-37-cloud-amd64" -> "6.1.0-37": the rest says how it was built. */
static void short_kernel(char *dst, size_t size, const char *release)
{
	size_t n = 0;

	while (isdigit((unsigned char)release[n]) || release[n] == '.' ||
	       (release[n] == '-' && isdigit((unsigned char)release[n + 1])))
		n++;
	text_fmt(dst, size, "%.*s", (int)n, release);
}

/* The lifeline in the fewest words that fit; its style says how good that is. */
static int lifeline_text(const struct lifeline *ll, char *dst, size_t size, bool brief)
{
	const char *mark = ll->in_ram ? "●" : "!";
	const char *ram = ll->in_ram ? "all in RAM" : "not in RAM";

	if (!ll->port && ll->armed_only) {
		text_fmt(dst, size, brief ? "ssh ✗ not armed" : "ssh ✗ closed: careen arm");
		return ST_WARN;
	}
	if (!ll->port) {
		text_fmt(dst, size, brief ? "ssh ✗ down" : "ssh ✗ not listening");
		return ST_BAD;
	}
	if (brief)
		text_fmt(dst, size, "ssh %s %d, %s", mark, ll->sessions, ram);
	else
		text_fmt(dst, size, "ssh :%d %s %d session%s, %s", ll->port, mark,
			 ll->sessions, ll->sessions == 1 ? "" : "s", ram);
	return ll->in_ram ? ST_GOOD : ST_WARN;
}

/* Host, and what of system, kernel and uptime there is room for. */
static void header_left(const struct host *h, int room)
{
	char os[96], kernel[65], up[32], part[4][128];
	int x = 9;

	short_os(os, sizeof(os), h->os);
	short_kernel(kernel, sizeof(kernel), h->kernel);
	text_span(up, sizeof(up), h->uptime_s);
	text_fmt(part[0], sizeof(part[0]), "%s", h->name);
	text_fmt(part[1], sizeof(part[1]), " · %s", os);
	text_fmt(part[2], sizeof(part[2]), " · %s", kernel);
	text_fmt(part[3], sizeof(part[3]), " · up %s", up);
	for (int i = 0; i < 4; i++) {
		if (i && x + term_width(part[i]) > room)
			break;
		x += term_put(0, x, room - x, i ? ST_DIM : ST_BOLD, part[i]);
	}
}

void chrome_header(const struct console *c)
{
	char text[96];
	int style, w, cols = term_cols();

	term_put(0, 1, 7, ST_ACCENT, "careen");
	if (!c->snap)
		return;
	style = lifeline_text(&c->snap->lifeline, text, sizeof(text), cols < 78);
	w = term_width(text);
	term_put(0, cols - w - 1, w, style, text);
	header_left(&c->snap->host, cols - w - 3);
}

static const char *step_mark(const struct console *c, int i, int *style)
{
	static const struct {
		const char *mark;
		int style;
	} marks[] = {
		[STEP_WAITING] = { "·", ST_DIM }, [STEP_READY] = { "▸", ST_ACCENT },
		[STEP_DONE] = { "✓", ST_GOOD }, [STEP_BLOCKED] = { "!", ST_WARN },
	};
	enum step_status status = c->snap ? c->state[i].status : STEP_WAITING;

	*style = marks[status].style;
	return marks[status].mark;
}

static int name_style(const struct console *c, int i)
{
	if (i == c->step)
		return ST_BOLD;
	return c->snap && c->state[i].status == STEP_WAITING ? ST_DIM : ST_NORMAL;
}

/* Only the step's own panel can take its cursor; elsewhere it is bold. */
static int selected(const struct console *c, int i)
{
	return i == c->step && screen_top(c) == &screen_overview ? ST_SELECT : 0;
}

void chrome_steps(const struct console *c, struct box box)
{
	struct box in = frame_draw(box, ST_NORMAL, "Steps", "");

	for (int i = 0; i < c->nsteps; i++) {
		int style, y = in.y + i, select = selected(c, i);
		const char *mark = step_mark(c, i, &style);
		char count[16];

		if (select)
			term_fill(y, in.x, in.w, ST_SELECT, " ");
		term_put(y, in.x + 1, 1, style | select, mark);
		term_put(y, in.x + 3, in.w - 8, name_style(c, i) | select, steps[i]->title);
		if (!c->snap || !c->state[i].count)
			continue;
		text_fmt(count, sizeof(count), "%u", c->state[i].count);
		term_put_right(y, in.x + in.w - 6, 5, ST_NORMAL | select, count);
	}
}

void chrome_steps_line(const struct console *c, int y)
{
	int x = 1, w = term_cols();

	for (int i = 0; i < c->nsteps; i++) {
		int style, select = selected(c, i);
		const char *mark = step_mark(c, i, &style);

		x += term_put(y, x, w - x, style | select, mark);
		x += term_put(y, x, w - x, name_style(c, i) | select, steps[i]->title);
		if (c->snap && c->state[i].count)
			x += term_putf(y, x, w - x, ST_DIM | select, " %u", c->state[i].count);
		x++;
	}
}

/*
 * The snapshot may be older than the latest job: an operation that destroys
 * and has begun counts from that moment, not from the next look.
 */
bool console_written(const struct console *c)
{
	const struct job_view *j = c->job;

	if (!j || (console_fresh(c) && !console_job_running(c)))
		return c->snap->old.written;
	for (size_t i = 0; i < j->n; i++)
		if (j->op[i].danger == DANGER_DESTROYS && j->op[i].started_ms)
			return true;
	return c->snap->old.written;
}

static int status_left(const struct console *c, char *dst, size_t size, bool brief)
{
	const struct snapshot *s = c->snap;

	if (!s) {
		text_fmt(dst, size, "%s", "");
	} else if (s->host.place != PLACE_RESCUE) {
		text_fmt(dst, size, "Read-only here. To go further: ssh -p %d root@%s",
			 s->lifeline.port ? s->lifeline.port : 1022, s->host.name);
		return ST_ACCENT;
	} else if (console_written(c)) {
		text_fmt(dst, size, brief ? "Written to" : "A disk has been written to");
		return ST_WARN;
	} else {
		text_fmt(dst, size, brief ? "Reversible" : "Reversible: nothing has been written");
	}
	return ST_NORMAL;
}

/* The job, or who else writes: the one thing to know besides. */
static int status_work(const struct console *c, char *dst, size_t size)
{
	const struct job_view *j = c->job;

	if (console_job_running(c)) {
		text_fmt(dst, size, "Job %s: %s, %zu of %zu", j->id, j->step,
			 j->current + 1 < j->n ? j->current + 1 : j->n, j->n);
		return ST_ACCENT;
	}
	if (c->snap && c->snap->host.place == PLACE_RESCUE && c->writer.pid && !c->writer.mine) {
		text_fmt(dst, size, "Watching: %s writes", c->writer.who);
		return ST_WARN;
	}
	text_fmt(dst, size, "%s", "");
	return ST_NORMAL;
}

/* What the dead-man timer would do, and when. */
static int status_deadman(const struct console *c, char *dst, size_t size, bool brief)
{
	const struct deadman *d = &c->deadman;
	int64_t now = clock_boot_ms();
	enum deadman_end end;
	char why[200], span[32];

	text_fmt(dst, size, "%s", "");
	if (!c->snap || c->snap->host.place != PLACE_RESCUE || (!d->armed && !d->relogin))
		return ST_NORMAL;
	end = deadman_end(c->snap, why, sizeof(why));
	if (console_written(c) && !c->snap->old.written)
		end = DEADMAN_HOLDS;
	if (end == DEADMAN_HOLDS) {
		text_fmt(dst, size, brief ? "dead-man holds" : "Dead-man: holds");
	} else if (console_job_running(c) || deadman_waits(d, now)) {
		text_fmt(dst, size, brief ? "dead-man waits" : "Dead-man: waits");
	} else if (d->relogin) {
		text_span(span, sizeof(span), (uint64_t)relogin_left_ms(d, now) / 1000);
		text_fmt(dst, size, brief ? "log in anew: %s" : "Log in anew within %s, or it resumes", span);
		return ST_WARN;
	} else {
		text_span(span, sizeof(span), (uint64_t)deadman_left_ms(d, now) / 1000);
		text_fmt(dst, size, brief ? "%s in %s" : "Dead-man: %s in %s",
			 end == DEADMAN_REBOOTS ? "reboots" : "resumes", span);
	}
	return ST_NORMAL;
}

/* In the fewest words that fit: the dead-man timer stays on the screen at any size. */
void chrome_status(const struct console *c, int y)
{
	char left[160], work[160], dead[64], right[240];
	int cols = term_cols(), ls, ws, ds, w = 0;

	for (int words = 3; words >= 0; words--) {
		ls = status_left(c, left, sizeof(left), words == 1);
		ws = status_work(c, work, sizeof(work));
		ds = status_deadman(c, dead, sizeof(dead), words < 3);
		if (*work && *dead && words == 0)
			text_fmt(work, sizeof(work), "%s", "");
		text_fmt(right, sizeof(right), "%s%s%s", work, *work && *dead ? " · " : "", dead);
		w = term_width(left) + (*right ? 4 + term_width(right) : 0);
		if (w <= cols - 2)
			break;
	}
	w = term_put(y, 1, cols - 2, ls, left);
	if (*right)
		term_put_right(y, w + 4, cols - w - 5, *work ? ws : ds, right);
}

static int hint_width(const struct hint *h, const struct keybind *k)
{
	return term_width(k->bar) + 1 + term_width(h->name ? h->name : k->name);
}

static int put_hint(int y, int x, const struct hint *h, const struct keybind *k)
{
	x += term_put(y, x, 10, ST_ACCENT, k->bar) + 1;
	return x + term_put(y, x, 24, ST_NORMAL, h->name ? h->name : k->name);
}

/* What there is room for, in the screen's order; the last one always fits. */
void chrome_keys(const struct console *c, int y)
{
	const struct hint *h = screen_top(c)->hints(c), *last = h;
	int x = 1, room = term_cols() - 1;

	while (last[1].request)
		last++;
	room -= hint_width(last, keymap_find(last->request)) + 2;
	for (; h < last; h++) {
		const struct keybind *k = keymap_find(h->request);

		if (x + hint_width(h, k) > room)
			continue;
		x = put_hint(y, x, h, k) + 2;
	}
	put_hint(y, x, last, keymap_find(last->request));
}
