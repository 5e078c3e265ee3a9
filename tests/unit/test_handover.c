/*
 * test_handover.c - the trial, the triggers, the journal and the writer's lock,
 * in a rescue of our own: a tmpfs that pivot_root makes our "/", with the real
 * root on /oldroot, all in a mount namespace that ends with the test
 */
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "model/init.h"
#include "paths.h"
#include "plan/strategy.h"
#include "run/handover.h"
#include "run/journal.h"
#include "run/ports.h"
#include "run/softreboot.h"
#include "run/trigger.h"
#include "run/writer.h"
#include "run_common.h"

static void copy_program(const char *from, const char *to)
{
	char cmd[600];

	text_fmt(cmd, sizeof(cmd), "cp %s %s", from, to);
	if (system(cmd))
		puts("# copy failed");
}

/* The static programs are where make put them, beside the sanitized tree. */
static const char *built(const char *name)
{
	static char path[300];
	const char *o = getenv("O");

	return text_fmt(path, sizeof(path), "%s/initramfs/%s", o && *o ? o : "build", name);
}

static bool make_rescue(void)
{
	static const char *const dirs[] = {
		"/usr", "/usr/lib", "/usr/lib/careen", "/oldroot", "/proc", "/dev", "/run",
		"/run/careen", "/tmp",
	};
	char base[] = "/tmp/test_rescue.XXXXXX", path[200];
	size_t i;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    !mkdtemp(base) || mount("rescue", base, "tmpfs", 0, NULL) < 0)
		return false;
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		mkdir(text_fmt(path, sizeof(path), "%s%s", base, dirs[i]), 0755);
	copy_program(built("escape"), text_fmt(path, sizeof(path), "%s%s", base, CAREEN_ESCAPE));
	copy_program(built("stub"), text_fmt(path, sizeof(path), "%s%s", base, CAREEN_STUB));
	text_fmt(path, sizeof(path), "%s/oldroot", base);
	if (syscall(SYS_pivot_root, base, path) < 0 || chdir("/") < 0)
		return false;
	/* our own directory's name, for after the test */
	text_fmt(path, sizeof(path), "/oldroot%s", base);
	rmdir(path);
	return mount("proc", "/proc", "proc", 0, NULL) == 0;
}

static unsigned count_mounts(void)
{
	struct mounts ms;
	unsigned n;

	if (own_mounts(&ms, NULL) < 0)
		return 0;
	n = (unsigned)ms.n;
	mounts_free(&ms);
	return n;
}

static void test_trial(void)
{
	struct error err = { 0 };
	unsigned before = count_mounts();
	int r = handover_trial("/bin/true", NULL, &err);

	is_int(r, 0, "the trial comes out in the rescue");
	if (r)
		show_error(&err);
	is_int(count_mounts(), before, "and leaves no mount behind");
	is_int(handover_trial("/bin/nothing-there", NULL, &err), -ENOENT, "an init that is not there");
	ok(strstr(err.hint, "PID 1 is untouched") != NULL, "says that nothing was touched");
	rename(CAREEN_STUB, "/stub");
	ok(handover_trial("/bin/true", NULL, &err) < 0, "without the stub it fails");
	show_error(&err);
	rename("/stub", CAREEN_STUB);
	rename(CAREEN_ESCAPE, "/escape");
	is_int(handover_trial("/bin/true", NULL, &err), -ENOENT, "without our program it fails");
	rename("/escape", CAREEN_ESCAPE);
	mount(NULL, "/", NULL, MS_SHARED, NULL);
	is_int(handover_trial("/bin/true", NULL, &err), -EINVAL, "a shared / is refused");
	ok(strstr(err.hint, "mount --make-private /") != NULL, "and says what mends it");
	mount(NULL, "/", NULL, MS_PRIVATE, NULL);
}

static void test_noexec(void)
{
	struct error err = { 0 };

	mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_NOEXEC, NULL);
	is_int(handover_trial("/bin/true", NULL, &err), -EACCES, "a noexec rescue is found out");
	ok(strstr(err.why, "noexec") != NULL, "and named: %s", err.why);
	mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL);
}

static int killed_pid, killed_sig;

static int record_kill(pid_t pid, int sig)
{
	killed_pid = pid;
	killed_sig = sig;
	return 0;
}

static void test_triggers(void)
{
	struct sys faulty = sys_real;
	struct error err = { 0 };
	int32_t req[96] = { 0 };
	char word[16] = "";
	enum init_kind kind;
	int fd;

	sys = &faulty;
	faulty.kill = record_kill;
	is_int(trigger_reexec(INIT_SYSTEMD, &err), 0, "systemd");
	ok(killed_pid == 1 && killed_sig == SIGTERM, "by SIGTERM to PID 1");
	sys = &sys_real;
	mount("run", "/oldroot/run", "tmpfs", 0, NULL);
	mkdir("/oldroot/run/openrc", 0755);
	is_int(trigger_reexec(INIT_SYSVINIT, &err), -ENOENT, "sysvinit without its FIFO");
	mkfifo("/oldroot/run/initctl", 0600);
	is_int(trigger_reexec(INIT_SYSVINIT, &err), -ENXIO, "and with nobody who reads it");
	fd = open("/oldroot/run/initctl", O_RDONLY | O_NONBLOCK);
	is_int(trigger_reexec(INIT_SYSVINIT, &err), 0, "sysvinit");
	is_int(read(fd, req, sizeof(req)), 384, "by a request of 384 bytes");
	ok(req[0] == 0x03091969 && req[1] == 1 && req[2] == 'U', "for runlevel U");
	close(fd);
	mkfifo("/oldroot/run/openrc/init.ctl", 0600);
	fd = open("/oldroot/run/openrc/init.ctl", O_RDONLY | O_NONBLOCK);
	is_int(trigger_reexec(INIT_OPENRC, &err), 0, "openrc");
	if (read(fd, word, sizeof(word) - 1) < 0)
		word[0] = '\0';
	is_str(word, "reexec", "by a word");
	close(fd);
	ok(!trigger_known(INIT_BUSYBOX) && trigger_reexec(INIT_BUSYBOX, &err) == -ENOTSUP,
	   "busybox init kills everything first: not used");
	for (kind = INIT_UNKNOWN; kind <= INIT_STUB; kind++)
		ok(trigger_known(kind) == (strategy_trigger(kind) != NULL),
		   "init %d: the plan promises what can be done", (int)kind);
	umount("/oldroot/run");
}

static void test_soft_reboot(void)
{
	struct error err = { 0 };

	mount("run", "/oldroot/run", "tmpfs", 0, NULL);
	mkdir("/oldroot/run/systemd", 0755);
	is_int(soft_reboot_prepare("/usr/lib/systemd/systemd", &err), -ENOTSUP,
	       "a session that systemd would kill begins no soft reboot");
	show_error(&err);
	ok(access("/oldroot/run/systemd/system", F_OK) < 0, "and has told systemd nothing");
	umount("/oldroot/run");
}

static void test_ports(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(77),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct error err = { 0 };
	char missing[120];

	ok(!ports_missing(missing, sizeof(missing)), "no record of who listened");
	ok(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 1) == 0,
	   "somebody listens on port 77");
	is_int(ports_record(&err), 0, "it is written down");
	ok(ports_missing(missing, sizeof(missing)), "there is a record");
	ok(!strstr(missing, "77"), "nothing is missing (%s)", missing);
	close(fd);
	ok(ports_missing(missing, sizeof(missing)) && strstr(missing, "77"),
	   "it does not listen any more: port %s is missing", missing);
	unlink(CAREEN_PORTS);
}

static void test_take_refuses(void)
{
	struct error err = { 0 };

	is_int(handover_take(&ctx, "magic", "/bin/true", 1, &err), -EINVAL, "an unknown strategy");
}

static void test_written(void)
{
	char text[64];
	struct error err;

	is_int(journal_written("/dev/vda1", &err), 0, "a write is noted in the journal");
	is_int(journal_written("/dev/\033vdb", &err), 0, "another one");
	read_text(CAREEN_WRITTEN, text, sizeof(text));
	is_str(text, "/dev/vda1\n/dev/?vdb\n", "both are there");
	is_int(journal_clear(&err), 0, "and forgotten");
	ok(access(CAREEN_WRITTEN, F_OK) < 0 && journal_clear(&err) == 0, "twice is fine");
}

static void test_writer(void)
{
	struct error err = { 0 };
	struct writer w;
	char text[80];
	int status = 0;
	pid_t pid;

	setenv("SSH_CLIENT", "10.0.2.2 4711 1022", 1);
	writer_read(&w);
	is_int(w.pid, 0, "nobody writes");
	is_int(writer_take(false, &err), 0, "we do");
	writer_read(&w);
	ok(w.mine && !strncmp(w.who, "10.0.2.2 (pid ", 14), "and are named: %s", w.who);
	pid = fork();
	if (pid == 0) {
		int r = writer_take(false, &err);

		if (r != -EBUSY || !strstr(err.why, "10.0.2.2"))
			_exit(1);
		writer_release();		/* not ours: has no effect */
		_exit(writer_take(true, &err) ? 2 : 0);
	}
	waitpid(pid, &status, 0);
	is_int(status, 0, "another is refused, and can take over");
	writer_read(&w);
	is_int(w.pid, 0, "a writer that died does not count");
	is_int(writer_take(false, &err), 0, "we write again");
	writer_release();
	ok(access(CAREEN_RUN "/writer", F_OK) < 0, "until we let go");
	text_fmt(text, sizeof(text), "%d\t1\tsomeone\n", (int)getpid());
	write_whole(CAREEN_RUN "/writer", text, strlen(text));
	writer_read(&w);
	is_int(w.pid, 0, "a pid that is another process now does not count");
}

int main(void)
{
	if (geteuid() || access(built("stub"), X_OK) < 0) {
		printf("1..0 # SKIP needs root and %s\n", built("stub"));
		return 0;
	}
	if (!make_rescue()) {
		puts("Bail out! no rescue could be made");
		return 1;
	}
	test_trial();
	test_noexec();
	test_triggers();
	test_soft_reboot();
	test_ports();
	test_take_refuses();
	test_written();
	test_writer();
	return done_testing();
}
