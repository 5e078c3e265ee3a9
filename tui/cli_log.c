/* cli_log.c - careen log: the jobs, what they said, and what they say */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli.h"
#include "run/job.h"

#define MAX_JOBS 1000

static void print_job(const char *id, bool json, bool last)
{
	struct job_view *j = NULL;
	char clean[300];

	if (job_read(id, &j, NULL) < 0)
		return;
	if (json) {
		printf("{\"id\":\"%s\",\"step\":\"%s\",\"status\":\"%s\",\"operations\":%zu,"
		       "\"verdict\":", j->id, j->step, job_status_name(j->status), j->n);
		text_json(stdout, j->verdict ? j->verdict : "");
		printf("}%s\n", last ? "" : ",");
	} else {
		printf("%-*s%-11s%-9s%s\n", strchr(id, '-') ? 17 : 6, j->id, j->step,
		       job_status_name(j->status),
		       text_clean(clean, sizeof(clean), j->verdict ? j->verdict : ""));
	}
	job_free(j);
}

static int list_jobs(bool json, bool saved)
{
	static char ids[MAX_JOBS][16];
	size_t n = job_list(ids, MAX_JOBS);

	if (json)
		printf("[\n");
	for (size_t i = 0; i < n; i++)
		print_job(ids[i], json, i + 1 == n);
	if (json)
		printf("]\n");
	else if (!n)
		printf(saved ? "No job has been brought here by a Resume yet; the rescue has its own: "
			       "ssh -p 1022 root@THIS-HOST careen log\n" : "There has been no job yet.\n");
	return EXIT_GOOD;
}

/* All jobs that are followed, oldest first. */
struct follower {
	int fd;				/* inotify */
	char newest[16];
	struct job_log *log[MAX_JOBS];
	size_t n;
};

static bool is_newer(const char *id, const char *than)
{
	size_t a = strlen(id), b = strlen(than);

	return a != b ? a > b : strcmp(id, than) > 0;
}

/* Watched first and read then: what comes in between is an event. */
static void add_job(struct follower *f, const char *id)
{
	job_watch_more(f->fd, id);
	if (f->n == MAX_JOBS)
		return;
	f->log[f->n] = job_log_new(id, true, stdout);
	f->n += f->log[f->n] != NULL;
	text_fmt(f->newest, sizeof(f->newest), "%s", id);
}

static void add_new_jobs(struct follower *f)
{
	static char ids[MAX_JOBS][16];
	size_t n;

	job_watch_more(f->fd, NULL);
	n = job_list(ids, MAX_JOBS);
	while (n-- > 0)
		if (is_newer(ids[n], f->newest))
			add_job(f, ids[n]);
}

/* One that has ended says nothing more, and makes room. */
static void read_jobs(struct follower *f)
{
	size_t i, kept = 0;

	for (i = 0; i < f->n; i++) {
		job_log_read(f->log[i], NULL);
		if (!job_log_ended(f->log[i]))
			f->log[kept++] = f->log[i];
		else
			job_log_free(f->log[i]);
	}
	f->n = kept;
}

/* False: nobody reads any more. */
static bool wait_for_more(int fd)
{
	struct pollfd p[] = { { .fd = fd, .events = POLLIN }, { .fd = STDOUT_FILENO, .events = 0 } };
	char buf[4096];

	if (poll(p, 2, -1) < 0 && errno != EINTR)
		return false;
	if (p[0].revents)
		(void)!read(fd, buf, sizeof(buf));
	return !(p[1].revents & (POLLERR | POLLHUP | POLLNVAL));
}

int cli_follow_events(const char *id)
{
	struct follower f = { 0 };
	struct error err = { 0 };
	bool more = true;

	f.fd = job_watch(id ? id : "", &err);
	if (f.fd < 0)
		return cli_fail(&err);
	if (id)
		add_job(&f, id);
	while (more) {
		if (!id)
			add_new_jobs(&f);
		read_jobs(&f);
		more = fflush(stdout) == 0 && (!id || f.n) && wait_for_more(f.fd);
	}
	for (size_t i = 0; i < f.n; i++)
		job_log_free(f.log[i]);
	close(f.fd);
	return EXIT_GOOD;
}

static int look_where(bool *saved)
{
	struct snapshot *s;
	int status = cli_look(0, false, &s);

	if (status)
		return status;
	*saved = s->host.place != PLACE_RESCUE;
	snapshot_free(s);
	return EXIT_GOOD;
}

static int print_log(const struct cli *cli)
{
	struct error err = { 0 };
	int r;

	if (cli->script)
		r = job_print_script(cli->subject, stdout, &err);
	else
		r = job_print_log(cli->subject, cli->json, stdout, &err);
	return r < 0 ? cli_fail(&err) : EXIT_GOOD;
}

int cli_log(const struct cli *cli)
{
	bool saved;
	int status = look_where(&saved);

	if (status)
		return status;
	if (saved && cli->follow) {
		fprintf(stderr, "careen: jobs run in the rescue: ssh -p 1022 root@this-host careen log "
			"--follow --json; what Resume brought from there: careen log\n");
		return EXIT_REFUSED;
	}
	if (saved)
		job_use_saved();
	if (cli->follow && cli->json && !cli->subject)
		return cli_follow_events(NULL);
	if (cli->follow)
		return cli_follow(cli->subject ? cli->subject : "", cli->json);
	if (!cli->subject && !cli->script)
		return list_jobs(cli->json, saved);
	return print_log(cli);
}
