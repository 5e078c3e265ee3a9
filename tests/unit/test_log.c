/* test_log.c - the transcript: as text, JSON, script, syslog; what a Resume leaves in /var/log */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/sha256.h"
#include "job_common.h"
#include "model/hostkeys.h"
#include "model/settings.h"
#include "run/events.h"
#include "run/job_files.h"

static char base[] = "/tmp/test_log.XXXXXX", dir[64];

/* A newline, an escape sequence, C1, an override, bytes that are no UTF-8, quotes. */
#define HOSTILE "x\n\033[2J\xc2\x9b" "31m\xe2\x80\xae\xff'\"$(id)`id`\\;#"

static char *shown(const char *id, char how)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct error err = { 0 };
	int r = how == 's' ? job_print_script(id, out, &err) : job_print_log(id, how == 'j', out, &err);

	fclose(out);
	if (r < 0)
		show_error(&err);
	return text;
}

/* No line has anything that a terminal would obey, and there are as many as there should be. */
static void lines_are_safe(const char *text, const char *what)
{
	char *copy = strdup(text), *rest = copy, *line;
	int bad = 0, n = 0;

	while ((line = strsep(&rest, "\n"))) {
		bad += !text_is_safe(line);
		n++;
	}
	ok(!bad && n > 2, "%s: nothing in it that a terminal would obey", what);
	free(copy);
}

static struct plan *hostile_plan(void)
{
	struct plan *plan = plan_new("repair", "title " HOSTILE);
	struct op *op;

	add_sh(plan, "printf 'said \\033[2J\\377\\n'");
	op = &plan->ops[0];
	plan_command(plan, op, "touch %s/%s", base, HOSTILE);
	plan_set(plan, &op->title, "make " HOSTILE);
	add_sh(plan, "exit 4");
	plan_command(plan, &plan->ops[1], "touch %s/failed", base);
	add_sh(plan, "true");
	plan_command(plan, &plan->ops[2], "touch %s/never", base);
	return plan;
}

static void test_hostile(char id[16])
{
	struct job_view *v = run_plan(hostile_plan(), id);
	char *text;

	if (!ok(v && v->status == JOB_FAILED, "a job with hostile names, the second operation fails"))
		return;
	job_free(v);
	text = shown(id, 't');
	lines_are_safe(text, "as text");
	ok(strstr(text, "$ touch ") && strstr(text, "\\033[2J"), "the command is there, quoted");
	ok(strstr(text, "done in ") && strstr(text, "FAILED after ") && strstr(text, "not begun: run true"),
	   "and how long it took, what failed, what was not begun");
	free(text);
	text = shown(id, 'j');
	lines_are_safe(text, "as JSON");
	ok(strstr(text, "\"time\":\"20") && strstr(text, "\"event\":\"start\",\"index\":0,\"title\":\"make x\\u000a"),
	   "with the time, and the title at the start");
	free(text);
}

static void test_script(const char *id)
{
	char path[160], *text = shown(id, 's'), *all = shown(NULL, 's');
	FILE *f;

	lines_are_safe(text, "as a script");
	is_str(all, text, "all jobs: the same, as there is but one");
	text_fmt(path, sizeof(path), "%s/script", base);
	f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
	is_int(sh("bash -n %s", path), 0, "bash reads it");
	is_int(sh("bash %s >%s/out 2>&1 && [ ! -s %s/out ]", path, base, base), 0, "and runs it");
	text_fmt(path, sizeof(path), "%s/" HOSTILE, base);
	is_int(access(path, F_OK), 0, "what was done is done, with the very name");
	text_fmt(path, sizeof(path), "%s/failed", base);
	ok(access(path, F_OK) < 0, "what failed is not");
	text_fmt(path, sizeof(path), "%s/never", base);
	ok(access(path, F_OK) < 0, "nor what was not begun");
	ok(strstr(text, "#    not begun\n# touch ") != NULL, "which stand there as comments");
	free(text);
	free(all);
}

static void test_outline(void)
{
	struct plan *plan = plan_new("kill", "Kill");
	char id[16], *text;

	add_sh(plan, "true");
	plan_outline(plan, &plan->ops[0], "kill -TERM PID...");
	job_free(run_plan(plan, id));
	text = shown(id, 's');
	ok(strstr(text, "in outline:\n# kill -TERM PID...\n") != NULL, "what is no command says so");
	free(text);
}

static void append(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		ok(false, "write");
}

/* As a follower does: it reads while the job writes, and half a line is none. */
static void test_tail(void)
{
	char path[96], *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct job_log *log = job_log_new("0900", true, out);
	int fd, lock;

	text_fmt(path, sizeof(path), "%s/0900", job_dir);
	mkdir(path, 0700);
	ok(!job_log_ended(log), "a job that has said nothing yet is not dead");
	text_fmt(path, sizeof(path), "%s/0900/lock", job_dir);
	lock = job_lock_take(path);
	text_fmt(path, sizeof(path), "%s/0900/events", job_dir);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	append(fd, "v1\t5\tjob\tkill\tK\t1\t100\t\t100250\nv1\t1005\tno");
	job_log_read(log, NULL);
	fflush(out);
	ok(strstr(text, "\"time\":\"1970-01-01T00:01:40.250Z\"") && !strstr(text, "note"), "one is read");
	append(fd, "te\t0\thello\n");
	job_log_read(log, NULL);
	fflush(out);
	ok(strstr(text, "\"time\":\"1970-01-01T00:01:41.250Z\",\"ms\":1005,\"event\":\"note\",\"index\":0,\"text\":\"hello\"") != NULL,
	   "then the other, with its time");
	ok(!job_log_ended(log), "it runs");
	close(lock);
	ok(job_log_ended(log), "it is killed");
	fclose(out);
	ok(strstr(text, "\"event\":\"died\"}") != NULL, "which is told");
	free(text);
	job_log_free(log);
	close(fd);
	sh("rm -r %s/0900", job_dir);
}

static int listener(int family, unsigned *port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	void *sa = family == AF_INET ? (void *)&four : &six;
	socklen_t len = family == AF_INET ? sizeof(four) : sizeof(six);

	if (fd < 0 || bind(fd, sa, len) < 0 || getsockname(fd, sa, &len) < 0)
		return -1;
	*port = ntohs(family == AF_INET ? four.sin_port : six.sin6_port);
	return fd;
}

static const char *received(int fd)
{
	static char buf[70000];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n = poll(&p, 1, 10000) == 1 ? recv(fd, buf, sizeof(buf) - 1, 0) : -1;

	buf[n < 0 ? 0 : n] = '\0';
	return buf;
}

static void test_remote(int family, const char *address)
{
	struct events ev = { .fd = open("/dev/null", O_WRONLY), .id = "0042" };
	struct error err = { 0 };
	char where[64], *big = malloc(100001);
	unsigned port = 0;
	int fd = listener(family, &port), i, bad = 0;
	const char *got;

	if (fd < 0) {
		ok(true, "%s # SKIP no such family here", address);
		free(big);
		return;
	}
	text_fmt(where, sizeof(where), "%s %u", address, port);
	is_int(remote_log_open(&ev.remote, where, &err), 0, "a syslog at %s", address);
	events_put(&ev, "fail", "ddss", 3L, -5L, HOSTILE, "Try again.");
	got = received(fd);
	printf("# %s\n", got);
	ok(!strncmp(got, "<27>1 20", 8) && strstr(got, " fail - {\"job\":\"0042\",\"time\":\"20") &&
	   strstr(got, "\"event\":\"fail\",\"index\":3,\"code\":-5,\"why\":\"x\\u000a"), "an event is a message");
	ok(text_is_safe(got), "with nothing in it that a terminal would obey");
	memset(big, '\001', 100000);
	big[100000] = '\0';
	events_put(&ev, "note", "ds", 0L, big);
	got = received(fd);
	ok(strlen(got) > 500 && strlen(got) <= 2048 && strstr(got, "...\"}"), "a long one is cut: %zu bytes", strlen(got));
	close(fd);
	/* nobody there any more: ICMP's answer is none of the job's errors */
	for (i = 0; i < 50; i++)
		bad += events_put(&ev, "start", "ds", 1L, "go on") != 0;
	is_int(bad, 0, "a receiver that is gone holds nothing up");
	close(ev.remote.fd);
	close(ev.fd);
	free(big);
}

static void test_settings(void)
{
	struct settings set;
	struct remote_log log;
	struct error err = { 0 };

	settings_parse(&set, "deadman=60\nsyslog=192.0.2.1 514\nrelogin=7\n");
	is_str(set.syslog, "192.0.2.1 514", "careen.conf's syslog");
	ok(set.deadman_s == 60 && set.relogin_s == 7, "beside the others");
	settings_parse(&set, "syslog=\n");
	is_str(set.syslog, "", "none");
	is_int(remote_log_open(&log, "", &err), 0, "which is no error");
	is_int(remote_log_open(&log, "192.0.2.256 514", &err), -EINVAL, "no address");
	is_int(remote_log_open(&log, "::1 0", &err), -EINVAL, "no port");
}

/* All of a job's words reach the other machine, by way of the rescue's settings. */
static void test_job_remote(void)
{
	static char all[100000];
	unsigned port = 0;
	int fd = listener(AF_INET, &port);
	struct job_view *v;
	char id[16];

	if (sh("mount -t tmpfs careen-test /etc && mkdir /etc/careen && "
	       "echo 'syslog=127.0.0.1 %u' >/etc/careen/settings", port)) {
		ok(false, "settings of its own");
		return;
	}
	v = run_plan(make_plan("echo one", "exit 4", "true"), id);
	ok(v && v->status == JOB_FAILED, "a job with a syslog");
	job_free(v);
	while (!strstr(all, "\"event\":\"end\"")) {
		size_t at = strlen(all);

		text_fmt(all + at, sizeof(all) - at, "%s\n", received(fd));
		if (strlen(all) == at + 1)
			break;
	}
	umount("/etc");
	lines_are_safe(all, "what the other machine has");
	ok(strstr(all, "\"event\":\"job\"") && strstr(all, "\"title\":\"run true\"") &&
	   strstr(all, "\"text\":\"one\"") && strstr(all, "\"why\":\"") && strstr(all, "\"status\":\"failed\""),
	   "plan, note, failure and end");
	close(fd);
}

static int statuses(const char *want)
{
	char ids[20][16], text[200] = "";
	size_t n = job_list(ids, 20), len;
	struct job_view *v;

	for (; n > 0; n--) {
		if (job_read(ids[n - 1], &v, NULL) < 0)
			return -1;
		len = strlen(text);
		text_fmt(text + len, sizeof(text) - len, "%s:%s ", v->step, job_status_name(v->status));
		job_free(v);
	}
	printf("# %s\n", text);
	return strcmp(text, want);
}

/*
 * The last word is saved after the job has said it: once more, by a process that nobody knows. First
 * the events of the latest job, then its text; @files: which, as the shell names them.
 */
static bool comes(const char *files, const char *what)
{
	return sh("for i in $(seq 500); do grep -qs '%s' %s && exit 0; sleep .02; done; exit 1", what,
		  files) == 0;
}

/* Resume brings all jobs, itself included, also if it fails on the way. */
static void test_saved(void)
{
	char saved[80], live[80], events[240], text[100], id[16];
	struct plan *plan = plan_new("resume", "Resume");
	struct job_view *v;
	struct op *op;

	text_fmt(saved, sizeof(saved), "%s/saved", base);
	text_fmt(events, sizeof(events), "$(ls -d %s/2*/ | tail -n 1)events", saved);
	text_fmt(text, sizeof(text), "%s/*.log", saved);
	text_fmt(live, sizeof(live), "%s/jobs2", base);
	job_dir = live;
	job_free(run_plan(make_plan("echo first", NULL, NULL), id));
	add_sh(plan, "exit 4");
	op = plan_add(plan, OP_SAVE_LOG, DANGER_UNDOABLE, 30, "write the transcript");
	plan_set(plan, &op->src, "/");
	plan_set(plan, &op->dst, "%s", saved);
	v = run_plan(plan, id);
	ok(v && v->status == JOB_FAILED && v->current == 0, "a resume that fails before it writes the log");
	is_int(v ? v->op[1].status : 0, OPS_DONE, "writes it all the same");
	job_free(v);
	ok(comes(events, "end.failed"), "and its last word");
	job_dir = saved;
	is_int(statuses("repair:done resume:failed "), 0, "both are there, in their order, with their ends");
	is_int(sh("[ \"$(stat -c %%a %s/*/ %s/*/events %s/*.log | sort -u | tr '\\n' ' ')\" = '600 700 ' ]",
		  saved, saved, saved), 0, "for root's eyes only");
	ok(comes(text, "Stopped at") && comes(text, "echo first"), "and a text");
	job_dir = live;
	plan = plan_new("resume", "Resume");
	op = plan_add(plan, OP_SAVE_LOG, DANGER_UNDOABLE, 30, "write the transcript");
	plan_set(plan, &op->src, "/");
	plan_set(plan, &op->dst, "%s", saved);
	job_free(run_plan(plan, id));
	ok(comes(events, "end.done.*All done.*PID 1"), "a second resume");
	job_dir = saved;
	is_int(statuses("repair:done resume:failed resume:done "), 0, "brings nothing twice");
	job_dir = dir;
}

static void test_sha256(void)
{
	static const char *const rows[][2] = {
		{ "", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" },
		{ "abc", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "JI1qYdIGOLjlwCaTDD5gOaM85Flk/yFn9uzt1BnbBsE=" },
	};
	uint8_t hash[32];
	char text[48];

	for (size_t i = 0; i < 3; i++) {
		sha256(rows[i][0], strlen(rows[i][0]), hash);
		is_str(base64(text, hash, 32, 1), rows[i][1], "FIPS 180-4 of '%s'", rows[i][0]);
	}
}

/* The public half is ssh-keygen's; what dropbear keeps is that, with the private half about it. */
static void test_hostkeys(void)
{
	struct hostkeys keys;
	struct error err = { 0 };
	char etc[80], got[400];
	FILE *in;

	text_fmt(etc, sizeof(etc), "%s/etc", base);
	is_int(hostkeys_read(etc, &keys, &err), -ENOENT, "no keys");
	ok(strstr(err.hint, "careen enter") != NULL, "says how they come about");
	if (sh("mkdir -p %s/dropbear && cd %s/dropbear && ssh-keygen -q -t ed25519 -N '' -C '' -f ../e && "
	       "ssh-keygen -q -t ecdsa -N '' -C '' -f ../c && "
	       "b() { cut -d' ' -f2 ../$1.pub | base64 -d; } && "
	       "{ b e | head -c 15; printf '\\0\\0\\0\\100'; head -c 32 /dev/zero; b e | tail -c 32; } >dropbear_ed25519_host_key && "
	       "{ b c; printf '\\0\\0\\0\\1x'; } >dropbear_ecdsa_host_key && printf '# x\\nport=2022\\n' >../careen.conf",
	       etc, etc)) {
		ok(true, "host keys # SKIP no ssh-keygen here");
		return;
	}
	is_int(hostkeys_read(etc, &keys, &err), 0, "two keys");
	is_int(keys.port, 2022, "and their port");
	for (size_t i = 0; i < keys.n; i++) {
		text_fmt(got, sizeof(got), "ssh-keygen -lf %s/%s.pub", etc, strstr(keys.row[i].type, "ed") ? "e" : "c");
		in = popen(got, "r");
		ok(in && fgets(got, sizeof(got), in) && strstr(got, keys.row[i].sha256), "%s: %s", keys.row[i].type,
		   keys.row[i].sha256);
		pclose(in);
		is_int(sh("grep -qF '%s %s' %s/?.pub", keys.row[i].type, keys.row[i].blob, etc), 0, "the line for known_hosts");
	}
	sh("head -c 40 %s/dropbear/dropbear_ed25519_host_key >%s/dropbear/cut_host_key", etc, etc);
	is_int(hostkeys_read(etc, &keys, &err), -EBADMSG, "a file that is no key");
	ok(strstr(err.hint, "cut_host_key") != NULL, "is named");
}

int main(void)
{
	char id[16];

	if (geteuid() || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		puts("1..0 # SKIP needs root");
		return 0;
	}
	if (!mkdtemp(base))
		return 1;
	text_fmt(dir, sizeof(dir), "%s/jobs", base);
	job_dir = dir;
	test_sha256();
	test_settings();
	test_hostile(id);
	test_script(id);
	test_outline();
	test_tail();
	test_remote(AF_INET, "127.0.0.1");
	test_remote(AF_INET6, "::1");
	test_job_remote();
	test_saved();
	test_hostkeys();
	return sh("rm -rf %s", base) ? 1 : done_testing();
}
