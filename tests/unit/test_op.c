/* test_op.c - executors in a mount and network namespace of their own, and with faults */
#include <arpa/inet.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "plan/tool.h"
#include "model/vault.h"
#include "run/tool_copy.h"
#include "run/vault.h"
#include "run_common.h"

static char base[] = "/tmp/test_op.XXXXXX";

static char *at(const char *name)
{
	static char bufs[8][256];
	static int n;

	return (char *)text_fmt(bufs[n++ % 8], sizeof(bufs[0]), "%s/%s", base, name);
}

/* --- umount ------------------------------------------------------------- */

static struct op umount_op(char *dst)
{
	struct stat st = { .st_dev = 0 };

	stat(dst, &st);
	return (struct op){ .kind = OP_UMOUNT, .deadline_s = 3, .dst = dst,
			    .mount_id = path_mount_id(dst), .dev.dev = st.st_dev,
			    .mount_unique = path_mount_unique(dst) };
}

static char *fresh_mount(const char *name)
{
	char *dst = at(name);

	mkdir(dst, 0755);
	mount("none", dst, "tmpfs", 0, NULL);
	return dst;
}

static void test_umount(void)
{
	char *dst = fresh_mount("m"), below[256];
	struct op op = umount_op(dst);
	struct error err;
	pid_t pid;

	is_int(run_op(&op, &err), 0, "umount of what the plan saw");
	is_int(run_op(&op, &err), 0, "once more: done already");
	ok(strstr(said.notes, "not mounted any more") != NULL, "and says so");

	mount("none", dst, "tmpfs", 0, NULL);
	is_int(run_op(&op, &err), op.mount_unique ? -ESTALE : 0,
	       "another mount in its place, with its number: -ESTALE, where the kernel tells");
	if (!op.mount_unique)
		mount("none", dst, "tmpfs", 0, NULL);
	op = umount_op(dst);
	op.dev.dev++;
	is_int(run_op(&op, &err), -ESTALE, "another device: -ESTALE");
	op = umount_op(dst);
	mount("none", dst, "tmpfs", 0, NULL);
	is_int(run_op(&op, &err), -ESTALE, "something mounted over it: -ESTALE");
	umount(dst);

	text_fmt(below, sizeof(below), "%s/sub", dst);
	mkdir(below, 0755);
	mount("none", below, "tmpfs", 0, NULL);
	is_int(run_op(&op, &err), -EBUSY, "a mount below it: busy");
	ok(strstr(err.why, "/sub is mounted below it") != NULL, "which is named: %s", err.why);
	umount(below);

	text_fmt(below, sizeof(below), "cd %s && exec sleep 30", dst);
	pid = start_sh(below);
	is_int(run_op(&op, &err), -EBUSY, "a process in it: busy");
	printf("# %s\n", err.why);
	op.lazy = true;
	is_int(run_op(&op, &err), 0, "with nothing of a disk behind it: lazily");
	ok(strstr(said.notes, "detached lazily") != NULL, "and says so");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* A directory over itself, and one in it: the peer below has that, too, out of reach. */
static void test_umount_hidden(void)
{
	char *dst = fresh_mount("shared"), *dir = at("shared/d"), *sub = at("shared/d/sub");
	struct error err;
	struct op op;

	sh("mount --make-shared %s && mkdir %s && mount --bind %s %s && mkdir %s && mount -t tmpfs none %s",
	   dst, dir, dir, dir, sub, sub);
	op = umount_op(sub);
	is_int(run_op(&op, &err), 0, "of two mounts with one path the one in reach is meant");
	sh("umount -l %s; umount -l %s", dir, dst);
}

static int hang(const char *target, int flags)
{
	if (flags & MNT_DETACH)
		return sys_real.umount(target, flags);
	sleep(100);
	return 0;
}

/* As a server's death looks: the mount is gone, the call waits on. */
static int gone_and_hang(const char *target, int flags)
{
	sys_real.umount(target, flags);
	sleep(100);
	return 0;
}

static int refuse_umount(const char *target, int flags)
{
	(void)target;
	(void)flags;
	return -EIO;
}

static void test_umount_faults(void)
{
	char *dst = fresh_mount("h");
	struct op op = umount_op(dst);
	struct sys faulty = sys_real;
	struct error err;
	int64_t began = now_ms();

	sys = &faulty;
	faulty.umount = hang;
	op.deadline_s = 1;
	is_int(run_op(&op, &err), -ETIMEDOUT, "an umount that hangs is given up");
	ok(now_ms() - began < 3000, "at its deadline");
	is_str(err.op, "unmount", "the error names the operation");
	ok(strstr(err.why, "not done after 1 s") != NULL, "and why: %s", err.why);
	op.lazy = true;
	is_int(run_op(&op, &err), 0, "a lazy one is detached then");
	mount("none", dst, "tmpfs", 0, NULL);
	op = umount_op(dst);
	op.deadline_s = 1;
	op.remote = true;
	is_int(run_op(&op, &err), 0, "one whose server does not answer, too");
	ok(strstr(said.notes, "without its server's answer") != NULL, "and says so");
	mount("none", dst, "tmpfs", 0, NULL);
	mount("none", dst, "tmpfs", 0, NULL);
	op = umount_op(dst);
	op.deadline_s = 1;
	op.remote = true;
	faulty.umount = gone_and_hang;
	is_int(run_op(&op, &err), 0, "or it is gone already when the wait ends, whatever was under it");
	op = umount_op(dst);
	faulty.umount = refuse_umount;
	is_int(run_op(&op, &err), -EIO, "another failure is passed on");
	sys = &sys_real;
	umount(dst);
}

/* --- mount and move ----------------------------------------------------- */

static void test_mount(void)
{
	char *dst = at("mnt");
	struct op op = { .kind = OP_MOUNT, .deadline_s = 5, .src = "none", .dst = dst,
			 .fstype = "tmpfs",
			 .options = "rw,nosuid,noexec,nofail,x-test,size=64k,mode=0700" };
	struct statvfs vfs;
	struct error err;

	mkdir(dst, 0755);
	is_int(run_op(&op, &err), 0, "mount with options of mount(8)");
	statvfs(dst, &vfs);
	ok((vfs.f_flag & ST_NOSUID) && (vfs.f_flag & ST_NOEXEC), "flags are set");
	is_int((long long)vfs.f_blocks * (long long)vfs.f_frsize, 65536, "and data");
	is_int(run_op(&op, &err), 0, "once more: it is there already");
	op.fstype = "proc";
	is_int(run_op(&op, &err), -EBUSY, "something else is there: refused");
	umount(dst);
	op.fstype = "nosuchfs";
	is_int(run_op(&op, &err), -ENODEV, "an unknown file system");
	show_error(&err);
	op.src = "UUID=00000000-dead-dead-dead-000000000000";
	is_int(run_op(&op, &err), -ENODEV, "a UUID that nobody has");
}

static void test_move(void)
{
	char *src = fresh_mount("from"), *dst = at("to");
	struct op op = { .kind = OP_MOVE, .src = src, .dst = dst,
			 .mount_id = path_mount_id(src) };
	struct error err;

	mkdir(dst, 0755);
	op.mount_id++;
	is_int(run_op(&op, &err), -ESTALE, "another mount than planned is not moved");
	op.mount_id--;
	is_int(run_op(&op, &err), 0, "the planned one is");
	is_int(path_mount_id(dst), op.mount_id, "it is where it should be");
	is_int(run_op(&op, &err), 0, "once more: there already");
	umount(dst);
	is_int(run_op(&op, &err), -ENOENT, "nothing there: says so");
}

/* --- copy --------------------------------------------------------------- */

static void test_copy(void)
{
	char *parts[] = { "tree", "no/such/part", "other/below/f", NULL };
	struct op op = { .kind = OP_COPY_TREE, .deadline_s = 10, .src = at("from"), .dst = at("to"),
			 .argv = parts };
	struct error err;

	sh("mkdir -p %s/tree/sub/deep %s/other/below %s; cd %s; echo seq >other/below/f; echo no >other/g; "
	   "cd tree; echo data >f; chmod 4751 f; echo x >sub/deep/g; "
	   "ln -s /etc/passwd sub/link; mkfifo sub/fifo; touch -d '2001-02-03 04:05:06' f sub; "
	   "chmod 1711 sub; chown 7:8 sub/deep/g", op.src, op.src, op.dst, op.src);
	is_int(run_op(&op, &err), 0, "a tree is copied");
	is_int(sh("cd %s/tree && test -u f && grep -q data f && test -k sub && "
		  "[ \"$(readlink sub/link)\" = /etc/passwd ] && ! test -e sub/fifo && "
		  "[ $(stat -c %%u:%%g:%%a sub/deep/g) = 7:8:644 ] && "
		  "[ $(stat -c %%Y f) = $(stat -c %%Y %s/tree/f) ]", op.dst, op.src), 0,
	       "with modes, owners, times, links; without the FIFO");
	is_int(sh("cd %s && grep -q seq other/below/f && ! test -e other/g && ! test -e no", op.dst), 0,
	       "of a directory only the part that was asked for");
	is_int(run_op(&op, &err), 0, "over an older copy");
	sh("rm -rf %s/tree/sub; ln -s %s %s/tree/sub", op.dst, base, op.dst);
	is_int(run_op(&op, &err), -ENOTDIR, "a symlink in the way is not followed");
	op.argv = parts + 1;
	sh("rm -r %s/other", op.src);
	is_int(run_op(&op, &err), 0, "no source: nothing to copy");
	ok(strstr(said.notes, "there is nothing of it") != NULL, "and that is said");
}

/* --- coldplug ----------------------------------------------------------- */

static void test_coldplug(void)
{
	struct op op = { .kind = OP_COLDPLUG, .deadline_s = 10, .dst = at("new") };
	const char *file = "run/systemd/system/systemd-udev-trigger.service.d/careen.conf";
	struct error err;
	char seqnum[32];

	read_text("/sys/kernel/uevent_seqnum", seqnum, sizeof(seqnum));
	op.number = strtoull(seqnum, NULL, 10);
	sh("mkdir -p %s/run", op.dst);
	is_int(run_op(&op, &err), 0, "without udev's database");
	is_int(sh("test -e %s/%s", op.dst, file) != 0, 1, "udev looks at everything");
	sh("mkdir -p %s/run/udev/data; touch %s/run/udev/queue", op.dst, op.dst);
	is_int(run_op(&op, &err), 0, "with events that udev was still working on");
	is_int(sh("test -e %s/%s", op.dst, file) != 0, 1, "so it does");
	sh("rm %s/run/udev/queue", op.dst);
	op.number--;
	is_int(run_op(&op, &err), 0, "with an event since then");
	ok(strstr(said.notes, " device events since") != NULL, "the same, and says why");
	op.number++;
	is_int(run_op(&op, &err), 0, "with nothing new");
	is_int(sh("grep -q subsystem-match=block %s/%s", op.dst, file), 0, "only disks are looked at");
}

/* --- tools -------------------------------------------------------------- */

static int run_tool(const char *name, char **argv, struct error *err)
{
	struct op op = { .kind = OP_TOOL, .tool = tool_find(name), .argv = argv, .dst = at("img") };

	return run_op(&op, err);
}

static void test_tools(void)
{
	char in[300], out[300];
	struct error err;

	sh("truncate -s 64M %s", at("img"));
	is_int(run_tool("ext4-make", (char *[]){ "mke2fs", "-t", "ext4", "-F", at("img"), NULL },
			&err), 0, "mke2fs on an image");
	ok(strstr(said.notes, "the file system was made") != NULL, "says what its status means");
	is_int(run_tool("ext4-check", (char *[]){ "e2fsck", "-f", "-n", "-C", "9", at("img"), NULL },
			&err), 0, "e2fsck finds it good");
	ok(!strncmp(said.progress, "pass 5 of 5", 11), "progress to the last pass: %s",
	   said.progress);
	sh("debugfs -w -R 'sif <11> links_count 9' %s 2>/dev/null", at("img"));
	is_int(run_tool("ext4-check", (char *[]){ "e2fsck", "-f", "-n", "-C", "9", at("img"), NULL },
			&err), -EIO, "e2fsck finds damage");
	ok(strstr(err.why, "the file system has errors") != NULL, "and says so: %s", err.why);
	is_str(err.hint, "Run Check and fix.", "and what to do");
	is_int(run_tool("ext4-repair", (char *[]){ "e2fsck", "-f", "-y", "-C", "9", at("img"), NULL },
			&err), 0, "e2fsck -y corrects it");
	ok(strstr(said.notes, "corrected") != NULL, "and says so");
	text_fmt(in, sizeof(in), "if=%s", at("img"));
	text_fmt(out, sizeof(out), "of=%s", at("img2"));
	is_int(run_tool("copy-onto", (char *[]){ "dd", in, out, "bs=1M", "status=progress", NULL },
			&err), 0, "dd copies");
	ok(strstr(said.progress, "64M of 64M, 100 %") != NULL, "in real units: %s", said.progress);
	is_int(run_tool("copy-onto", (char *[]){ "nosuchtool", NULL }, &err), -ENOENT,
	       "a program that is absent");
	ok(strstr(err.hint, "Install its package") != NULL, "says what to do");
}

/* The signals the program said it ignores; 32 and 33 are glibc's own, and as found. */
static unsigned long long ignored(void)
{
	const char *at = strstr(said.notes, "SigIgn:");

	return at ? strtoull(at + strlen("SigIgn:") + 1, NULL, 16) : 0;
}

static void test_tool_ends(void)
{
	struct error err;
	int64_t began;

	is_int(run_tool("copy-onto", (char *[]){ "sh", "-c", "kill -9 $$", NULL }, &err), -EIO,
	       "a tool killed by a signal");
	ok(strstr(err.why, "killed by signal 9 (Killed)") &&
	   strstr(err.why, "may have been written to, too"), "says what is true: %s", err.why);
	said.stop = true;
	began = now_ms();
	is_int(run_tool("ext4-check", (char *[]){ "sleep", "30", NULL }, &err), -ECANCELED,
	       "a stop is obeyed");
	said.stop = false;
	ok(now_ms() - began < 2000, "at once");
	is_str(err.hint, "Nothing was written to the device.", "and says what is true");
	began = now_ms();
	is_int(run_tool("ext4-check", (char *[]){ "sh", "-c", "sleep 3 & echo left", NULL }, &err), 0,
	       "a grandchild that keeps the output open");
	ok(now_ms() - began < 2000 && strstr(said.notes, "left"), "is not waited for");
	said.notes[0] = '\0';
	is_int(run_tool("copy-onto", (char *[]){ "sh", "-c", "ls /proc/self/fd | tr '\\n' ' '; "
			"cat; tty; awk '/^SigIgn/' /proc/self/status", NULL }, &err), 0,
	       "its surroundings");
	if (!ok(strstr(said.notes, "0 1 2 3") && !strstr(said.notes, "2 3 4") &&
		strstr(said.notes, "not a tty") && (ignored() & 0x7fffffff) == 0x1000,
		"no terminal, no input, no descriptor of ours, SIGPIPE ignored"))
		fprintf(stderr, "# it said: %s\n", said.notes);
	printf("# %s", said.notes);
}

static void test_progress(void)
{
	struct tool_watch w = { .ctx = &ctx, .progress = PROGRESS_DD, .total = 2097152,
				.started = now_ms() - 20000 };
	static const char dd[] = "1048576 bytes (1.0 MB, 1.0 MiB) copied, 20 s, 52 kB/s\r";
	static const char ddrescue[] = "\r\033[A\033[A     ipos:  0 B, non-trimmed:  0 B,  current rate:  0 B/s\n"
		"     opos:  0 B, non-scraped:  0 B,  average rate:  800 kB/s\n"
		"non-tried:  0 B,  bad-sector:  4096 B,  error rate:  0 B/s\n"
		"  rescued:  8388 kB,   bad areas:  1,  run time:  0s\n"
		"pct rescued:  99.95%, read errors:  2,  remaining time:  n/a\n"
		"      time since last successful read:  n/a\nCopying non-tried blocks...\r";
	static const char mke2fs[] = "Writing inode tables:  12/512\b\b\b\b\b\b\b 13/512";

	static const char tar[] = "tar: 1024\ntar: 2048\ntar: 7: Cannot stat\n";
	static const char reencrypt[] = "Progress:  59.4%, ETA 00m04s,  599 MiB written, speed  99.9 MiB/s\n";

	said.notes[0] = '\0';
	tool_watch_output(&w, dd, 20);
	tool_watch_output(&w, dd + 20, sizeof(dd) - 21);
	is_str(said.progress, "1M of 2M, 50 %, 52 kB/s, 0:20 left", "dd, in two pieces");
	is_int((long)w.bytes, 1048576, "and how much");
	w.progress = PROGRESS_DDRESCUE;
	tool_watch_output(&w, ddrescue, sizeof(ddrescue) - 1);
	is_str(said.progress, "8388 kB, 99.95 %, 2 read errors, 800 kB/s", "ddrescue, redrawn");
	is_str(said.notes, "", "and none of it is a note");
	w.progress = PROGRESS_MKE2FS;
	tool_watch_output(&w, mke2fs, sizeof(mke2fs) - 1);
	tool_watch_output(&w, "\b", 1);
	is_str(said.progress, "Writing inode tables: 13 of 512", "mke2fs, rubbed out");
	w.progress = PROGRESS_TAR;
	w.total = 41943040;
	tool_watch_output(&w, tar, sizeof(tar) - 1);
	is_str(said.progress, "20M of 40M, 50 %, 0:20 left", "tar's checkpoint");
	w.progress = PROGRESS_REENCRYPT;
	tool_watch_output(&w, reencrypt, sizeof(reencrypt) - 1);
	is_str(said.progress, "59.4%, ETA 00m04s,  599 MiB written, speed  99.9 MiB/s", "cryptsetup's");
	said.fraction = 0;
	tool_watch_output(&w, "Progress: nan%\n", 15);
	is_int((long)said.fraction, -1, "what is no number is no part of all");
	tool_watch_output(&w, "Progress: 1e99%\n", 16);
	is_int((long)said.fraction, 1, "and no part is more than all");
	ok(strstr(said.notes, "7: Cannot stat") && !strstr(said.notes, "2048") &&
	   !strstr(said.notes, "Progress"), "neither is a note, a complaint is");
	w.progress = PROGRESS_LINE;
	tool_watch_output(&w, "ERROR: too small\nResize of device 1\n", 35);
	is_str(w.last, "ERROR: too small", "what went wrong, though more was said after it");
	w.progress = PROGRESS_REENCRYPT;
	tool_watch_fd(&w, "3 5 1", 5);
	tool_watch_fd(&w, "0 /dev/x\n", 9);
	is_str(said.progress, "pass 3 of 5, 91 %", "e2fsck's descriptor");
	tool_watch_fd(&w, "nonsense\n9 1 1\n", 15);
	is_str(said.progress, "pass 3 of 5, 91 %", "nonsense is not shown");
}

static void test_pipelines(void)
{
	char of[300];
	struct error err;
	int64_t began;

	text_fmt(of, sizeof(of), "of=%s", at("img3"));
	is_int(run_tool("write-image", (char *[]){ "printf", "abcd", "|", "tr", "a-d", "A-D", "|", "dd", of,
						   NULL }, &err), 0, "three programs in a row");
	is_int(sh("test \"$(cat %s)\" = ABCD", at("img3")), 0, "and what they make together");
	is_int(run_tool("write-image", (char *[]){ "sh", "-c", "echo half; exit 3", "|", "dd", of, NULL },
			&err), -EIO, "the first of them fails");
	ok(strstr(err.why, "damaged or ends too early") && strstr(err.why, "up to byte 5 "),
	   "that counts, and what was written is told: %s", err.why);
	is_int(run_tool("write-image", (char *[]){ "true", "|", "nosuchtool", NULL }, &err), -ENOENT,
	       "the last of them is absent");
	began = now_ms();
	is_int(run_tool("write-image", (char *[]){ "sleep", "60", "|", "dd", of, "count=0", NULL }, &err),
	       -EIO, "the last of them has ended, the first has not");
	ok(now_ms() - began < 20000, "it is ended, too");
	is_int(run_tool("write-image", (char *[]){ "echo", "a", "|", "echo", "|", "echo", "|", "echo", NULL },
			&err), -E2BIG, "more than there is room for");
}

/* What @sh sends is the image; its connection is there to the end, or is @cut. */
static int run_stream(const char *sh, uint64_t size, bool cut, struct error *err)
{
	char of[300];
	char *argv[] = { "dd", (char *)text_fmt(of, sizeof(of), "of=%s", at("img4")), "bs=1M",
			 "iflag=fullblock", "status=progress", NULL };
	struct op op = { .kind = OP_TOOL, .tool = tool_find("write-image"), .argv = argv,
			 .dst = at("img4"), .bytes = size };
	FILE *f = popen(sh, "r");
	int alive[2], r;

	if (!f || pipe(alive) < 0)
		return -errno;
	if (cut)
		close(alive[0]);
	job_stream = (struct job_stream){ .fd = dup(fileno(f)), .alive = alive[1] };
	r = run_op(&op, err);
	job_stream = (struct job_stream){ 0 };
	close(alive[1]);
	if (!cut)
		close(alive[0]);
	pclose(f);
	return r;
}

static void test_streams(void)
{
	struct error err;

	is_int(run_stream("printf abcd", 0, false, &err), 0, "a stream of no known size");
	is_int(run_stream("printf abcd", 4, false, &err), 0, "of the size that was said");
	ok(strstr(said.progress, "100 %") != NULL, "which makes percent: %s", said.progress);
	is_int(run_stream(":", 0, false, &err), -ENODATA, "a stream that brings nothing is no success");
	ok(strstr(err.why, "before its first byte") && strstr(err.why, "up to byte 0 "),
	   "and says so: %s", err.why);
	is_int(run_stream("head -c 10000 /dev/zero", 20000, false, &err), -EIO, "one that brings too little");
	ok(strstr(err.why, "10000 of 20000 bytes") != NULL, "says how much: %s", err.why);
	is_str(err.hint, "Go on with --offset 8192, sending tail -c +8193 IMAGE.", "and how it goes on");
	is_int(run_stream("head -c 10000 /dev/zero | gzip", 20000, false, &err), -EIO, "the same, packed");
	is_str(err.hint, "Go on with --offset 8192, sending gzip -dc IMAGE | tail -c +8193 | gzip.",
	       "what is sent is packed again");
	is_int(run_stream("head -c 10000 /dev/zero", 0, true, &err), -ECONNRESET, "a connection that is cut");
	is_int(run_stream(":", 0, true, &err), -ECONNRESET, "or was at once");
}

static void test_verify(void)
{
	struct op op = { .kind = OP_VERIFY, .tool = tool_find("write-image"), .dst = at("img2"),
			 .argv = (char *[]){ "cmp", "-n", "{bytes}", at("img"), at("img2"), NULL } };
	struct error err;

	copy_end = 1 << 20;
	is_int(run_op(&op, &err), 0, "the same can be read back");
	ok(strstr(said.notes, "all 1048576 bytes read back: the same") != NULL, "says so: %s", said.notes);
	sh("printf x | dd of=%s bs=1 seek=1048575 conv=notrunc 2>/dev/null", at("img2"));
	is_int(run_op(&op, &err), -EIO, "one byte is another");
	ok(strstr(err.why, "differ") != NULL, "says so: %s", err.why);
	copy_end--;
	is_int(run_op(&op, &err), 0, "but that is behind what was copied");
	op.argv = (char *[]){ "head", "-c", "{bytes}", at("img"), "|", "sha256sum", NULL };
	is_int(run_op(&op, &err), 0, "a sum");
	op.options = "0000";
	is_int(run_op(&op, &err), -EIO, "that is not the one that was given");
}

/* --- vault -------------------------------------------------------------- */

static void entry(const char *id, unsigned mib)
{
	sh("mkdir -p /run/careen/vault/%s && cd /run/careen/vault/%s && truncate -s %uM at-0 && "
	   "printf 'device /dev/x\\nbytes %u\\n' >entry", id, id, mib, mib << 20);
}

static void test_vault(void)
{
	struct vault v;

	sh("mkdir -p /run && mount -t tmpfs none /run");
	entry("0001", 15);
	entry("0002", 15);
	entry("0003", 10);
	vault_read(&v);
	is_int((long)v.n, 3, "three entries, 40 MiB");
	vault_make_room(&v, 0, NULL);
	is_int(sh("test $(ls /run/careen/vault | wc -l) = 3"), 0, "are just what there is room for");
	vault_make_room(&v, 1, NULL);
	is_int(sh("test \"$(ls /run/careen/vault | tr '\\n' ' ')\" = '0002 0003 '"), 0,
	       "for a byte more the oldest goes, with its files");
	vault_free(&v);
	entry("0001", 15);
	vault_read(&v);
	vault_make_room(&v, 20 << 20, "0001");
	is_int(sh("test \"$(ls /run/careen/vault | tr '\\n' ' ')\" = '0001 '"), 0,
	       "but not the one that is put back");
	vault_free(&v);
	umount("/run");
}

/* --- init --------------------------------------------------------------- */

static void test_check_init(void)
{
	struct op op = { .kind = OP_CHECK_INIT, .deadline_s = 10, .dst = "/", .src = "/bin/sh" };
	struct error err;

	is_int(run_op(&op, &err), 0, "a program with its loader and libraries");
	op.dst = at("newroot");
	op.src = "/sbin/init";
	mkdir(op.dst, 0755);
	is_int(run_op(&op, &err), -ENOENT, "no init");
	sh("mkdir -p %s/sbin %s/bin; cp /bin/true %s/sbin/init", op.dst, op.dst, op.dst);
	is_int(run_op(&op, &err), -ENOENT, "an init whose loader is missing");
	show_error(&err);
	sh("mkdir -p %s/lib64; cp -L /lib64/ld-linux-x86-64.so.2 %s/lib64/ 2>/dev/null; "
	   "mkdir -p %s/lib; cp -L /lib/ld-linux-aarch64.so.1 %s/lib/ 2>/dev/null",
	   op.dst, op.dst, op.dst, op.dst);
	is_int(run_op(&op, &err), -ELIBACC, "an init whose libraries are missing");
	show_error(&err);
	sh("chmod -x %s/sbin/init", op.dst);
	is_int(run_op(&op, &err), -EACCES, "an init that is not executable");
	sh("printf '#!/bin/nothere\\n' >%s/sbin/init; chmod +x %s/sbin/init", op.dst, op.dst);
	is_int(run_op(&op, &err), -ENOENT, "a script without its interpreter");
	sh("head -c 56 /bin/true >%s/sbin/init; head -c 8 /dev/zero >>%s/sbin/init", op.dst, op.dst);
	is_int(run_op(&op, &err), -ENOEXEC, "a program with nothing in it");
	sh("echo rubbish >%s/sbin/init", op.dst);
	is_int(run_op(&op, &err), -ENOEXEC, "neither program nor script");
}

/* --- network ------------------------------------------------------------ */

static int shows(const char *what, const char *regex)
{
	return sh("ip -o %s | grep -Eq '%s'", what, regex);
}

/* An address or a route with an end of each kind. d0's managers take advertisements, d1's kernel. */
static void net_make(void)
{
	sh("ip addr add 10.1.2.3/24 brd 10.1.2.255 dev lo label lo:x valid_lft 100 preferred_lft 50; "
	   "ip addr add 10.9.9.9/32 dev lo; "
	   "ip addr add fd00::5/64 dev lo nodad valid_lft 100 preferred_lft 50 noprefixroute; "
	   "ip addr add fd00::6/64 dev lo nodad valid_lft 7000 preferred_lft 0 noprefixroute");
	sh("for d in 0 1; do ip link add d$d type bridge; echo $((d + d)) >/proc/sys/net/ipv6/conf/d$d/accept_ra; "
	   "ip link set d$d up; ip addr add fd0$d::1/16 dev d$d nodad; "
	   "ip -6 route add default via fd0$d::3 dev d$d proto ra metric $((d + 200)) expires 4000 pref high; done; "
	   "ip addr add 10.5.5.5/24 dev d0 valid_lft 100 preferred_lft 90; ip addr add fd0e::5/64 dev d0 nodad valid_lft 100 preferred_lft 90; "
	   "ip -6 route add fd0a::/64 via fd00::2 dev d0 proto dhcp metric 100 expires 100; "
	   "ip -6 route add default via fd00::7 dev d0 proto ra metric 7 expires 100; "
	   "ip -6 route append default via fd00::8 dev d0 proto ra metric 7 expires 100");
}

static void test_net_keep(struct op *op)
{
	struct error err;

	is_int(run_op(op, &err), 0, "addresses and routes with an end");
	printf("# %s", said.notes);
	is_int(shows("-4 addr show lo", "10.1.2.3/24 brd 10.1.2.255 .*lo:x.*valid_lft forever preferred_lft forever"),
	       0, "IPv4: for ever, with label and broadcast");
	is_int(shows("-6 addr show lo", "fd00::5/64 .*noprefixroute.*valid_lft forever preferred_lft forever"),
	       0, "IPv6, with its flags");
	is_int(shows("-6 addr show lo", "fd00::6/64 .*valid_lft forever preferred_lft 0sec"), 0,
	       "what is deprecated stays so");
	is_int(sh("test $(ip -o -6 route show | grep -Ec 'fd0a::/64 via fd00::2 .*metric 100|"
		  "default via fd00::3 .*pref high|default .*metric 7 .*fd00::7.*fd00::8') = 3 && "
		  "! ip -o -6 route show | grep -v d1 | grep expires"), 0, "and its routes, each still there once");
	is_int(shows("-6 route show dev d1", "default via fd01::3 .*expires"), 0,
	       "a router's, whose advertisements the kernel takes, is left to it");
	is_int(run_op(op, &err), 0, "again");
	is_str(said.notes, "no address and no route has an end\n", "nothing is left to do");
}

static void test_net(void)
{
	struct op op = { .kind = OP_NET_KEEP };
	struct error err;

	if (unshare(CLONE_NEWNET) < 0 || sh("command -v ip >/dev/null") ||
	    sh("ip link set lo up")) {
		ok(true, "network # SKIP no ip or no network namespace");
		return;
	}
	net_make();
	net_lifetimes = at("lifetimes");
	test_net_keep(&op);
	op.kind = OP_NET_RELEASE;
	op.number = AF_INET6;
	is_int(run_op(&op, &err), 0, "they have an end again");
	printf("# %s", said.notes);
	is_int(shows("-6 addr show lo", "fd00::5/64 .*noprefixroute.*valid_lft (600|59.)sec preferred_lft (600|59.)sec"),
	       0, "not before a client can have started");
	is_int(shows("-6 addr show lo", "fd00::6/64 .*valid_lft 69[0-9][0-9]sec preferred_lft 0sec"), 0,
	       "what is left, if that is more");
	is_int(shows("-6 route show dev d0", "fd0e::/64 .*expires (600|59.)sec"), 0,
	       "the route of an address's prefix, too, and not at once");
	is_int(sh("test $(ip -o -6 route show | grep -Ec 'fd0a::/64 via fd00::2 .*expires (600|59.)sec|"
		  "default via fd00::3 .*expires 39[0-9][0-9]sec.*pref high|"
		  "default .*metric 7 .*expires (600|59.)sec.*fd00::7.*fd00::8') = 3"), 0,
	       "and so have the routes, each still there once");
	is_int(shows("-4 addr show", "10.1.2.3/24 .*valid_lft forever"), 0, "IPv4 has none yet");
	sh("ip addr add 10.1.2.4/24 dev lo valid_lft 7000 preferred_lft 7000");
	op.number = AF_INET;
	is_int(run_op(&op, &err), 0, "there is another lease");
	printf("# %s", said.notes);
	is_int(shows("-4 addr show lo", "10.1.2.3/24 .*valid_lft (600|59.)sec"), 0, "what is not leased any more ends");
	is_int(shows("-4 addr show lo", "10.1.2.4/24 .*valid_lft (7000|69..)sec"), 0, "the lease is left alone");
	is_int(shows("-4 addr show lo", "10.9.9.9/32 .*valid_lft forever"), 0, "and what never had an end");
	is_int(shows("-4 addr show d0", "10.5.5.5/24 .*valid_lft forever"), 0, "and what there is no other lease for");
	is_int(run_op(&op, &err), 0, "again");
	is_str(said.notes, "nothing has to have an end\n", "nothing is left to do");
}

/* --- others ------------------------------------------------------------- */

static int swap_nomem(const char *path)
{
	return strncmp(path, "/..", 3) ? -ENOENT : -ENOMEM;
}

static int swap_below(const char *path)
{
	return strncmp(path, "/oldroot/", 9) ? -ENOENT : 0;
}

static void test_swapoff(void)
{
	struct op op = { .kind = OP_SWAPOFF, .deadline_s = 5, .dst = "/swapfile" };
	struct sys faulty = sys_real;
	struct error err;

	sys = &faulty;
	faulty.swapoff = swap_below;
	is_int(run_op(&op, &err), 0, "swap is found below the old root");
	faulty.swapoff = swap_nomem;
	is_int(run_op(&op, &err), -ENOMEM, "not enough memory");
	ok(strstr(err.hint, "Stop something") != NULL, "says what to do");
	sys = &sys_real;
	is_int(run_op(&op, &err), 0, "not swap any more: done");
}

static int die(void *arg, struct error *err)
{
	(void)arg;
	(void)err;
	raise(SIGKILL);
	return 0;
}

static int fail_child(void *arg, struct error *err)
{
	return error_set(err, EBUSY, "op", arg, "why", "hint");
}

static void test_deadline(void)
{
	struct error err;

	is_int(run_with_deadline(5, fail_child, "subject", &err), -EBUSY, "a child's error comes back");
	is_str(err.subject, "subject", "whole");
	is_int(run_with_deadline(5, die, NULL, &err), -EIO, "a child that is killed");
	ok(strstr(err.why, "signal 9") != NULL, "is no success: %s", err.why);
}

static void test_log(void)
{
	char dst[256], other[256];
	struct op op = { .kind = OP_SAVE_LOG, .deadline_s = 5, .src = "/", .dst = dst };
	struct error err;

	text_fmt(dst, sizeof(dst), "%s/careen", base);
	text_fmt(other, sizeof(other), "%s/jobs", base);
	job_dir = other;
	is_int(run_op(&op, &err), 0, "the transcript is written");
	is_int(sh("[ $(stat -c %%a %s) = 700 ] && [ $(stat -c %%a %s/*.log) = 600 ]", dst, dst), 0,
	       "for root's eyes only");
	sh("rm -rf %s; ln -s /etc %s", dst, dst);
	ok(run_op(&op, &err) < 0, "a symlink in its place is not followed");
}

int main(void)
{
	if (geteuid() || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		puts("1..0 # SKIP needs root");
		return 0;
	}
	if (!mkdtemp(base))
		return 1;
	test_umount();
	test_umount_hidden();
	test_umount_faults();
	test_mount();
	test_move();
	test_copy();
	test_coldplug();
	test_progress();
	test_tools();
	test_pipelines();
	test_streams();
	test_vault();
	test_verify();
	test_tool_ends();
	test_check_init();
	test_swapoff();
	test_deadline();
	test_log();
	test_net();
	return sh("rm -rf %s", base) ? 1 : done_testing();
}
