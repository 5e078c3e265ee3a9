/* job_log.c - a job's events as text to read, or as JSON, as far as they have come */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "run/events.h"
#include "run/exec.h"
#include "run/job.h"
#include "run/job_files.h"

struct shown {			/* of an operation */
	char *title, *command;
	int64_t started;	/* ms, 0 not yet */
	bool outline;
};

struct job_log {
	char id[16];
	bool json, ended;
	FILE *out;
	off_t at;		/* so far it has been read */
	int64_t began, wall_ms;	/* of the job record */
	struct shown *op;
	size_t n;
};

struct job_log *job_log_new(const char *id, bool json, FILE *out)
{
	struct job_log *log = calloc(1, sizeof(*log));

	if (!log)
		return NULL;
	text_fmt(log->id, sizeof(log->id), "%s", id);
	log->json = json;
	log->out = out;
	return log;
}

void job_log_free(struct job_log *log)
{
	size_t i;

	for (i = 0; log && i < log->n; i++) {
		free(log->op[i].title);
		free(log->op[i].command);
	}
	if (log)
		free(log->op);
	free(log);
}

static struct shown *op_at(const struct job_log *log, const struct event *e)
{
	static struct shown none;
	long i = event_long(e, 0);

	return i >= 0 && (size_t)i < log->n ? &log->op[i] : &none;
}

static void line(const struct job_log *log, const struct event *e, const char *mark, const char *text)
{
	fprintf(log->out, "%9.3f  %s", (double)(e->ms - log->began) / 1000, mark);
	text_put_clean(log->out, text);
	fputc('\n', log->out);
}

static void below(const struct job_log *log, const char *mark, const char *text)
{
	if (!*text)
		return;
	fprintf(log->out, "           %s", mark);
	text_put_clean(log->out, text);
	fputc('\n', log->out);
}

static void on_job(struct job_log *log, const struct event *e)
{
	char when[40];

	fprintf(log->out, "job %s  %s  ", log->id, event_time(when, sizeof(when), log->wall_ms));
	text_put_clean(log->out, event_text(e, 1));
	fputc('\n', log->out);
	below(log, "", event_text(e, 4));
}

static void on_start(struct job_log *log, const struct event *e)
{
	struct shown *op = op_at(log, e);

	op->started = e->ms;
	line(log, e, "", op->title ? op->title : "?");
	below(log, op->outline ? "# " : "$ ", op->command ? op->command : "");
}

static void on_note(struct job_log *log, const struct event *e)
{
	line(log, e, "  ", event_text(e, 1));
}

static void took(char *buf, size_t size, const struct job_log *log, const struct event *e,
		 const char *what)
{
	int64_t started = op_at(log, e)->started;

	text_fmt(buf, size, "  %s %.3f s", what, started ? (double)(e->ms - started) / 1000 : 0);
}

static void on_done(struct job_log *log, const struct event *e)
{
	char text[60];

	took(text, sizeof(text), log, e, "done in");
	line(log, e, text, "");
}

static void on_fail(struct job_log *log, const struct event *e)
{
	char text[60];

	took(text, sizeof(text), log, e, "FAILED after");
	line(log, e, text, "");
	below(log, "  ", event_text(e, 2));
	below(log, "  ", event_text(e, 3));
}

static void on_end(struct job_log *log, const struct event *e)
{
	size_t i;

	line(log, e, "", event_text(e, 1));
	for (i = 0; i < log->n; i++)
		if (!log->op[i].started)
			below(log, "not begun: ", log->op[i].title ? log->op[i].title : "?");
}

static const struct {
	const char *kind;
	void (*print)(struct job_log *log, const struct event *e);
} texts[] = {
	{ "job", on_job }, { "start", on_start }, { "note", on_note }, { "done", on_done },
	{ "fail", on_fail }, { "end", on_end },
};

static void keep_op(struct job_log *log, const struct event *e)
{
	struct shown *more = reallocarray(log->op, log->n + 1, sizeof(*more));

	if (!more)
		return;
	log->op = more;
	more[log->n++] = (struct shown){
		.title = strdup(event_text(e, 4)), .command = strdup(event_text(e, 5)),
		.outline = event_long(e, 6) != 0,
	};
}

static void show(struct job_log *log, const struct event *e)
{
	size_t i;

	if (!strcmp(e->kind, "job")) {
		log->began = e->ms;
		log->wall_ms = event_wall_ms(e);
	} else if (!strcmp(e->kind, "op")) {
		keep_op(log, e);
	} else if (!strcmp(e->kind, "end")) {
		log->ended = true;
	}
	if (log->json) {
		event_json(log->out, log->id, log->wall_ms + e->ms - log->began, e);
		fputc('\n', log->out);
		return;
	}
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strcmp(texts[i].kind, e->kind))
			texts[i].print(log, e);
}

/* A last line that is not whole yet is read again the next time. */
static char *read_from(int fd, off_t at, size_t *ret_len)
{
	struct stat st;
	char *text, *end;
	ssize_t n;

	*ret_len = 0;
	if (fstat(fd, &st) < 0 || st.st_size <= at)
		return NULL;
	text = malloc((size_t)(st.st_size - at) + 1);
	n = text ? pread(fd, text, (size_t)(st.st_size - at), at) : 0;
	end = n > 0 ? memrchr(text, '\n', (size_t)n) : NULL;
	if (!end) {
		free(text);
		return NULL;
	}
	end[1] = '\0';
	*ret_len = (size_t)(end + 1 - text);
	return text;
}

int job_log_read(struct job_log *log, struct error *err)
{
	char path[256], *text, *rest;
	struct event e;
	size_t len;
	int fd = open(job_path(path, sizeof(path), log->id, "events"), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "read", path, NULL, NULL);
	text = rest = read_from(fd, log->at, &len);
	log->at += (off_t)len;
	close(fd);
	while (text && events_next(&rest, &e))
		show(log, &e);
	free(text);
	return 0;
}

/* The kernel knows: nobody holds its lock, though it has not said its last word. */
static bool is_dead(const struct job_log *log)
{
	char path[256];

	return !job_lock_held(job_path(path, sizeof(path), log->id, "lock"));
}

bool job_log_ended(struct job_log *log)
{
	struct event died = { .ms = now_ms(), .kind = "died" };

	/* the lock first: if it is free, all that was said is in the file */
	if (log->ended || !log->at || !is_dead(log))
		return log->ended;
	job_log_read(log, NULL);
	if (log->ended)
		return true;
	log->ended = true;
	if (log->json) {
		event_json(log->out, log->id, log->wall_ms + died.ms - log->began, &died);
		fputc('\n', log->out);
	} else {
		below(log, "", "The job's process is gone without a last word.");
	}
	return true;
}

int job_print_log(const char *id, bool json, FILE *out, struct error *err)
{
	struct job_log *log;
	char real[16];
	int r = job_find(id, real);

	if (r < 0)
		return error_set(err, r, "read job", id ? id : "", "there is no such job",
				 "careen log lists them.");
	log = job_log_new(real, json, out);
	if (!log)
		return error_set(err, ENOMEM, "read job", real, NULL, NULL);
	r = job_log_read(log, err);
	if (r == 0)
		job_log_ended(log);
	job_log_free(log);
	return r;
}
