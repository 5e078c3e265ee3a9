/*
 * cli_doctor.c - careen doctor: would the rescue work tonight? In the normal system, for a person
 * and for monitoring
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli.h"
#include "run/doctor.h"

enum level { GOOD, NOTE, WARNING, PROBLEM };

static const char *const levels[] = {
	[GOOD] = "ok", [NOTE] = "note", [WARNING] = "warning", [PROBLEM] = "problem",
};

/* What monitoring gets: Nagios' numbers, 3 being "unknown", EXIT_REFUSED. */
static const int statuses[] = { [GOOD] = 0, [NOTE] = 0, [WARNING] = 1, [PROBLEM] = 2 };

#define REPLACE "Now: careen enter --replace. Or the next boot."
enum { MEMORY_WANTED = 96 << 20 };	/* a session, a repair tool: as for careen enter */

struct visit {
	const struct snapshot *s;
	const struct doctor *d;
	bool json, begun;
	const char *check;
	enum level worst;
};

static void json_line(struct visit *v, enum level level, const char *text, const char *mend)
{
	printf("%s{\"check\":\"%s\",\"level\":\"%s\",\"text\":", v->begun ? ",\n" : "", v->check, levels[level]);
	text_json(stdout, text);
	printf(",\"mend\":");
	text_json(stdout, mend);
	putchar('}');
	v->begun = true;
}

/* @mend: what to do about it, NULL nothing. */
static void tell(struct visit *v, enum level level, const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void tell(struct visit *v, enum level level, const char *mend, const char *fmt, ...)
{
	char text[900];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (level > v->worst)
		v->worst = level;
	if (v->json) {
		json_line(v, level, text, mend ? mend : "");
		return;
	}
	cli_say(v->check, levels[level], text);
	if (mend && *mend)
		cli_say("", "", mend);
	fflush(stdout);
}

static void check_rescue(struct visit *v)
{
	const struct lifeline *ll = &v->s->lifeline;

	if (v->s->host.previous)
		tell(v, PROBLEM, "What the new one lacks or has too much is to be found out; update-initramfs -u makes "
		     "another, whose first boot is an attempt again.",
		     "the new image has not come up: this boot is by the one that was kept");
	if (!ll->pid)
		tell(v, PROBLEM, "careen enter makes one, without a reboot; an image that has one brings it at each boot.",
		     "there is no rescue in RAM");
	else if (!ll->in_ram)
		tell(v, PROBLEM, "Close that session.", "it is not wholly in RAM: %s", ll->why);
	else if (!v->d->ram.n)
		tell(v, WARNING, REPLACE, "in RAM, but of a careen that has not noted what it is made of");
	else if (*v->d->ram_changed)
		tell(v, WARNING, REPLACE, "in RAM, but made before a change of %s", v->d->ram_changed);
	else
		tell(v, GOOD, NULL, "in RAM, of this boot and this careen (%s)", CAREEN_VERSION);
}

static void tell_image(struct visit *v, const struct image *i, enum level level)
{
	static const struct {
		const char *text;
		bool bad, none;		/* none: no rescue comes from it, which careen.service may bring */
	} states[] = {
		[IMAGE_CURRENT] = { "has the rescue, of today's files", false, false },
		[IMAGE_OLD] = { "made before a change of ", true, false },
		[IMAGE_OTHER] = { "not the one that was made with careen: another is in its place", true, true },
		[IMAGE_WITHOUT] = { "has no rescue", true, true },
		[IMAGE_MISSING] = { "there is no initramfs for it", true, true },
	};
	bool served = states[i->state].none && v->d->images.service;
	char mend[160];

	text_fmt(mend, sizeof(mend), "update-initramfs -u -k %s (or dracut -f --kver %s)", i->kernel, i->kernel);
	tell(v, !states[i->state].bad ? GOOD : served ? NOTE : level, states[i->state].bad && !served ? mend : NULL,
	     "%s: %s%s%s", i->kernel, states[i->state].text, i->changed,
	     served ? "; careen.service makes one at each boot" : "");
}

/* The newest is what the next boot takes, or the one that runs; of others it is good to know. */
static void check_images(struct visit *v)
{
	const struct images *im = &v->d->images;

	for (size_t i = 0; i < im->n; i++)
		tell_image(v, &im->row[i], i == 0 || !strcmp(im->row[i].kernel, v->s->host.kernel) ? PROBLEM : WARNING);
	if (!im->n)
		tell(v, NOTE, NULL, "there is no kernel in /boot: what the next boot brings cannot be told");
}

/* Of those of @a that are good, how many has @b not? */
static size_t lacks(const struct keylist *a, const struct keylist *b)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++)
		n += a->row[i].fault == KEY_GOOD && !keylist_has(b, a->row[i].blob);
	return n;
}

static void check_keys(struct visit *v)
{
	const struct keylist *keys = &v->d->keys, *ram = &v->d->ram_keys;
	size_t good = keylist_good(keys), missing = lacks(keys, ram), more = lacks(ram, keys);

	for (size_t i = 0; i < keys->n; i++)
		if (keys->row[i].fault != KEY_GOOD)
			tell(v, WARNING, "Mend the line, or take it out.", "/etc/careen/authorized_keys line %u: %s",
			     keys->row[i].number, key_fault_text(keys->row[i].fault));
	if (!good)
		tell(v, PROBLEM, "Put a public key into it, then: update-initramfs -u (or dracut -f); at once: careen enter "
		     "--replace.", "/etc/careen/authorized_keys has no key: nobody could log in");
	if (v->s->lifeline.pid && missing)
		tell(v, WARNING, REPLACE, "%zu of authorized_keys are not in the rescue in RAM", missing);
	if (v->s->lifeline.pid && more)
		tell(v, WARNING, REPLACE, "the rescue in RAM lets %zu in that authorized_keys has not", more);
	if (good && (!v->s->lifeline.pid || (!missing && !more)))
		tell(v, GOOD, NULL, "%zu in authorized_keys%s", good, v->s->lifeline.pid ? ", the same in RAM" : "");
}

static void login_failed(struct visit *v, const struct error *err)
{
	char text[600];
	enum level level = err->code == -EBUSY ? NOTE : err->code == -ENOENT ? WARNING : PROBLEM;

	text_fmt(text, sizeof(text), "%s%s%s: %s", err->op, *err->subject ? " " : "", err->subject, err->why);
	tell(v, level, err->hint, "%s", text);
}

static void try_login(struct visit *v)
{
	const struct lifeline *ll = &v->s->lifeline;
	struct error err = { 0 };
	struct hostkeys keys;
	char version[64];

	if (hostkeys_read("/etc/careen", &keys, &err) < 0 ||
	    doctor_login(ll->pid, &keys, version, sizeof(version), &err) < 0)
		login_failed(v, &err);
	else if (strcmp(version, CAREEN_VERSION))
		tell(v, WARNING, REPLACE, "a login on port %d works, but the careen there is %s, here %s", ll->port, version,
		     CAREEN_VERSION);
	else
		tell(v, GOOD, NULL, "one on port %d has worked, and has shown this machine's host key", ll->port);
}

static void check_login(struct visit *v)
{
	const struct lifeline *ll = &v->s->lifeline;

	if (!ll->pid)
		tell(v, NOTE, NULL, "there is no rescue to log in to");
	else if (!ll->port && ll->armed_only)
		tell(v, NOTE, "careen arm opens it; careen doctor then tries one.",
		     "not tried: the port is closed (port_open=armed)");
	else if (!ll->port)
		tell(v, PROBLEM, "Look at /run/careen/dropbear.log, in the rescue: is the port taken?",
		     "the rescue's ssh server does not listen");
	else
		try_login(v);
}

/* These depend on who asks from where, or have a check of their own. */
static bool is_of_a_session(const struct finding *f)
{
	return text_has_word("Place Lifeline Firewall Memory", f->what);
}

static void check_detach(struct visit *v)
{
	static const enum level of[] = { [FIND_OK] = GOOD, [FIND_NOTE] = NOTE, [FIND_BLOCKER] = PROBLEM };
	struct finding f[FINDINGS];
	size_t n = preflight_findings(v->s, f), bad = 0;

	for (size_t i = 0; i < n; i++) {
		if (f[i].level == FIND_OK || is_of_a_session(&f[i]))
			continue;
		bad += f[i].level == FIND_BLOCKER;
		tell(v, of[f[i].level], f[i].mend, "%s: %s", f[i].what, f[i].text);
	}
	if (!bad)
		tell(v, GOOD, NULL, "nothing would stand in its way today");
}

static void check_memory(struct visit *v)
{
	const struct host *h = &v->s->host;
	char avail[16], used[16];

	text_size(avail, sizeof(avail), h->mem_available);
	text_size(used, sizeof(used), h->swap_used);
	if (h->mem_available < h->swap_used + MEMORY_WANTED)
		tell(v, WARNING, "Stop something that uses memory, or give the machine more.",
		     "%s available, %s in swap that must fit: a session and a repair tool want 96M besides", avail, used);
	else
		tell(v, GOOD, NULL, "%s available, %s in swap", avail, used);
}

static void check_timers(struct visit *v)
{
	const struct settings *set = &v->d->settings;
	char deadman[32], relogin[32];

	if (!v->s->lifeline.pid) {
		tell(v, NOTE, NULL, "they are of a rescue, and there is none");
		return;
	}
	if (!set->deadman_s)
		tell(v, WARNING, "Set deadman= in /etc/careen/careen.conf.",
		     "the dead-man timer is off: without an operator nothing resumes by itself");
	if (!set->relogin_s)
		tell(v, WARNING, "Set relogin= in /etc/careen/careen.conf.",
		     "no new login is awaited after Kill: a way in that is no more would not be found");
	if (set->deadman_s && set->relogin_s)
		tell(v, GOOD, NULL, "dead-man %s, new login after Kill within %s",
		     text_span(deadman, sizeof(deadman), set->deadman_s),
		     text_span(relogin, sizeof(relogin), set->relogin_s));
}

static const struct {
	const char *name;
	void (*fn)(struct visit *v);
} checks[] = {
	{ "rescue", check_rescue }, { "image", check_images }, { "keys", check_keys },
	{ "login", check_login }, { "detach", check_detach }, { "memory", check_memory },
	{ "timers", check_timers },
};

static int visit(struct visit *v)
{
	if (v->json)
		printf("{\"careen\":\"%s\",\"checks\":[\n", CAREEN_VERSION);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		v->check = checks[i].name;
		checks[i].fn(v);
	}
	if (v->json)
		printf("\n],\"level\":\"%s\",\"status\":%d}\n", levels[v->worst], statuses[v->worst]);
	else
		printf("%s\n", v->worst == PROBLEM ? "There are problems." : v->worst == WARNING ?
		       "There are warnings." : "All is well.");
	return statuses[v->worst];
}

int cli_doctor(const struct cli *cli)
{
	struct visit v = { .json = cli->json };
	struct error err = { 0 };
	struct snapshot *s = NULL;
	struct doctor *d = NULL;
	int status = cli_look(SNAP_PLAN, false, &s);

	if (status)
		return status;
	if (s->host.place == PLACE_RESCUE)
		status = cli_fail((error_set(&err, EPERM, "doctor", "", "this is the rescue",
					     "Run it in the normal system; here: careen status."), &err));
	else if (doctor_look(s->lifeline.pid, &d, &err) < 0)
		status = cli_fail(&err), status = EXIT_REFUSED;
	if (!status) {
		v.s = s;
		v.d = d;
		status = visit(&v);
	}
	doctor_free(d);
	snapshot_free(s);
	return status;
}
