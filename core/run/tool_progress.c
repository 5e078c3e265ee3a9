/*
 * tool_progress.c - a tool's output as progress and notes
 *
 * Lines end at \n; what ends at \r or is rubbed out with \b is progress, which
 * is shown and not kept.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "plan/tool.h"
#include "run/exec.h"

static void tell(struct tool_watch *w, double fraction, const char *text)
{
	text_fmt(w->told, sizeof(w->told), "%s", text);
	ctx_progress(w->ctx, fraction, "%s", text);
}

/* Share of each of e2fsck's five passes, in percent [e2fsck/unix.c e2fsck_tbl]. */
static const int pass_end[] = { 0, 70, 90, 92, 95, 100 };

void tool_watch_progress(struct tool_watch *w, const char *line)
{
	unsigned long cur, max;
	double percent;
	char text[96];
	int pass;

	if (sscanf(line, "%d %lu %lu", &pass, &cur, &max) != 3 || pass < 1 || pass > 5)
		return;
	percent = pass_end[pass - 1];
	if (max)
		percent += (double)(pass_end[pass] - pass_end[pass - 1]) *
			   (double)(cur > max ? max : cur) / (double)max;
	text_fmt(text, sizeof(text), "pass %d of 5, %.0f %%", pass, percent);
	tell(w, percent / 100, text);
}

/* Seconds left, once it is stable: some time has passed, some part is done. */
static void add_eta(const struct tool_watch *w, double fraction, char *text, size_t size)
{
	double elapsed = (double)(now_ms() - w->started) / 1000;
	size_t len = strlen(text);
	char span[32];

	if (elapsed < 10 || fraction < 0.02 || fraction >= 1)
		return;
	text_fmt(text + len, size - len, ", %s left",
		 text_span(span, sizeof(span), (uint64_t)(elapsed * (1 - fraction) / fraction)));
}

/* w->bytes of @total, 0 unknown; @rate begins with a comma, or is "". */
static void tell_bytes(struct tool_watch *w, uint64_t total, const char *rate)
{
	double fraction = -1;
	char text[96], done[16], all[16];

	text_size(done, sizeof(done), w->bytes);
	if (total) {
		fraction = (double)w->bytes / (double)total;
		text_fmt(text, sizeof(text), "%s of %s, %.0f %%%s", done,
			 text_size(all, sizeof(all), total), fraction * 100, rate);
		add_eta(w, fraction, text, sizeof(text));
	} else {
		text_fmt(text, sizeof(text), "%s%s", done, rate);
	}
	tell(w, fraction > 1 ? 1 : fraction, text);
}

/* "312475648 bytes (312 MB, 298 MiB) copied, 3 s, 104 MB/s" [coreutils dd] */
static bool dd_line(struct tool_watch *w, const char *line)
{
	unsigned long long bytes;
	char *end;

	errno = 0;
	bytes = strtoull(line, &end, 10);
	if (end == line || errno || strncmp(end, " byte", 5) || !strstr(end, "copied"))
		return false;
	w->bytes = bytes;
	tell_bytes(w, w->total, strrchr(line, ',') ? strrchr(line, ',') : "");
	return true;
}

/* "Writing inode tables:  12/512" rubbed out and written again [mke2fs] */
static bool mke2fs_line(struct tool_watch *w, const char *line)
{
	const char *slash = strrchr(line, '/'), *start = slash, *colon = strchr(line, ':');
	unsigned long cur, max;
	char text[96];

	while (start && start > line && start[-1] >= '0' && start[-1] <= '9')
		start--;
	if (!slash || start == slash || sscanf(start, "%lu/%lu", &cur, &max) != 2 || !max)
		return false;
	/* rubbed out text has no label: the one before it is kept */
	if (colon && colon < start)
		text_fmt(w->label, sizeof(w->label), "%.*s", (int)(colon - line), line);
	text_fmt(text, sizeof(text), "%s%s%lu of %lu", w->label, *w->label ? ": " : "", cur, max);
	tell(w, -1, text);
	return true;
}

#define PASS_MARKS 40	/* [resize/main.c resize_progress_func()] */

/* "Begin pass 2 (max = 37)", then a line of '-', on which an 'X' is put for each part. */
static void resize2fs_line(struct tool_watch *w, const char *line)
{
	int pass;

	if (sscanf(line, "Begin pass %d", &pass) != 1)
		return;
	w->pass = pass;
	w->marks = 0;
}

static void resize2fs_mark(struct tool_watch *w)
{
	char text[96];

	if (!w->pass || w->marks == PASS_MARKS)
		return;
	w->marks++;
	text_fmt(text, sizeof(text), "pass %d, %d %% of it", w->pass, 100 * w->marks / PASS_MARKS);
	tell(w, -1, text);
}

/* "  rescued:    8388 kB,   bad areas: ...", redrawn every second [ddrescue show_status] */
static bool ddrescue_line(struct tool_watch *w, const char *line)
{
	static const char *const others[] = { "ipos:", "non-tried:", "time since last successful" };
	const char *at;
	double percent;
	char text[96];
	int errors = 0;
	size_t i;

	if ((at = strstr(line, "pct rescued:")) && sscanf(at + 12, "%lf", &percent) == 1) {
		w->fraction = percent / 100;
		if ((at = strstr(line, "read errors:")))
			errors = atoi(at + 12);
		text_fmt(text, sizeof(text), "%s, %.2f %%, %d read errors, %s", w->label, percent,
			 errors, w->rate);
		tell(w, w->fraction, text);
		return true;
	}
	if ((at = strstr(line, " rescued:")))
		return sscanf(at + 9, " %40[^,]", w->label) == 1;
	if ((at = strstr(line, "average rate:")))
		return sscanf(at + 13, " %20[^,]", w->rate) == 1;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strstr(line, others[i]))
			return true;
	return false;
}

#define TAR_RECORD 10240u	/* twenty blocks [tar(1) --blocking-factor] */

/* "tar: 1024": --checkpoint-action=echo=%u, a number of records [tar(1)]. */
static bool tar_line(struct tool_watch *w, const char *line)
{
	unsigned long long records;
	int end = 0;

	/* the name of a file that it complains of may be a number, too */
	if (sscanf(line, "tar: %llu%n", &records, &end) != 1 || line[end])
		return false;
	w->bytes = records * TAR_RECORD;
	/* what is in a file system is only about what its archive has */
	tell_bytes(w, w->total > w->bytes ? w->total : 0, "");
	return true;
}

/* "Progress:  59.4%, ETA 00m04s,  599 MiB written, ..." [cryptsetup lib/utils_device.c] */
static bool reencrypt_line(struct tool_watch *w, const char *line)
{
	const char *text;
	double percent;

	if (sscanf(line, " Progress: %lf", &percent) != 1)
		return false;
	text = strchr(line, ':') + 1;
	tell(w, percent / 100, text + strspn(text, " "));
	return true;
}

static bool is_progress(struct tool_watch *w, const char *line)
{
	switch (w->progress) {
	case PROGRESS_DDRESCUE:
		return ddrescue_line(w, line);
	case PROGRESS_DD:
		return dd_line(w, line);
	case PROGRESS_MKE2FS:
		return mke2fs_line(w, line);
	case PROGRESS_TAR:
		return tar_line(w, line);
	case PROGRESS_REENCRYPT:
		return reencrypt_line(w, line);
	case PROGRESS_LINE:
		tell(w, -1, line);
		return true;
	case PROGRESS_RESIZE2FS:
		resize2fs_line(w, line);
		return false;
	default:
		return false;
	}
}

/* Its progress is lines like any others. */
static bool whole_lines(const struct tool_watch *w)
{
	return w->progress == PROGRESS_DDRESCUE || w->progress == PROGRESS_TAR ||
	       w->progress == PROGRESS_REENCRYPT;
}

/*
 * In a pipe stderr comes at once and stdout when the tool ends: what went wrong is not the
 * last line then.
 */
static void keep_last(struct tool_watch *w, const char *line)
{
	if (!strcasestr(w->last, "error") || strcasestr(line, "error"))
		text_fmt(w->last, sizeof(w->last), "%s", line);
}

static void end_line(struct tool_watch *w, char ended)
{
	char clean[512];

	w->line[w->len] = '\0';
	w->len = 0;
	if (!w->line[strspn(w->line, " \t")])
		return;
	text_clean(clean, sizeof(clean), w->line);
	/* of dd's the last one stays */
	if ((ended != '\n' || w->progress != PROGRESS_LINE) && is_progress(w, clean) &&
	    (ended != '\n' || whole_lines(w)))
		return;
	if (ended == '\b' || (ended == '\r' && w->progress == PROGRESS_DDRESCUE))
		return;
	ctx_note(w->ctx, "%s", clean);
	keep_last(w, clean);
	if (tool_trouble(clean))
		text_fmt(w->trouble, sizeof(w->trouble), "%s", clean);
}

void tool_watch_output(void *watch, const char *buf, size_t n)
{
	struct tool_watch *w = watch;
	size_t i;

	for (i = 0; i < n; i++) {
		if (buf[i] == 'X' && w->progress == PROGRESS_RESIZE2FS)
			resize2fs_mark(w);
		if (buf[i] == '\n' || buf[i] == '\r' || buf[i] == '\b') {
			if (w->len)
				end_line(w, buf[i]);
		} else if (w->len + 1 < sizeof(w->line)) {
			w->line[w->len++] = buf[i] == '\t' ? ' ' : buf[i];
		}
	}
}

void tool_watch_fd(struct tool_watch *w, const char *buf, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (buf[i] == '\n') {
			w->prog[w->prog_len] = '\0';
			w->prog_len = 0;
			tool_watch_progress(w, w->prog);
		} else if (w->prog_len + 1 < sizeof(w->prog)) {
			w->prog[w->prog_len++] = buf[i];
		}
	}
}

void tool_watch_end(struct tool_watch *w)
{
	if (w->len)
		end_line(w, '\n');
}
