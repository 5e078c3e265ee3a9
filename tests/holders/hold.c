/*
 * hold.c - a real holder of each kind, for tests here and in VMs
 *
 * hold KIND DIR: hold on to the file system that DIR is on (of dm and md: to the
 * device DIR) in that way, say "ready PID" and stay, or end where the kernel
 * goes on holding by itself.
 * "hold crowd N M DIR": N processes with M open files each.
 * Static and without libraries but libc, so that it runs in any VM.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/dm-ioctl.h>
#include <linux/fuse.h>
#include <linux/io_uring.h>
#include <linux/major.h>
#include <linux/netlink.h>
#include <linux/raid/md_p.h>
#include <linux/raid/md_u.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *dir;

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "hold: %s: %s\n", what, strerror(errno));
	exit(9);
}

static const char *in_dir(const char *name)
{
	static char path[2][4096];
	static int n;

	snprintf(path[n = !n], sizeof(path[0]), "%s/%s", dir, name);
	return path[n];
}

static int make_file(const char *name)
{
	int fd = open(in_dir(name), O_RDWR | O_CREAT, 0644);

	if (fd < 0 || ftruncate(fd, 4096) < 0)
		die(name);
	return fd;
}

static void hold_fd(void) { make_file("file"); }
static void hold_cwd(void) { if (chdir(dir)) die("chdir"); }
static void hold_root(void) { if (chroot(dir) || chdir("/")) die("chroot"); }

/* Mapped, closed and deleted: only the mapping is left. */
static void hold_map(void)
{
	int fd = make_file("doomed");

	if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
		die("mmap");
	close(fd);
	unlink(in_dir("doomed"));
}

static int bound_socket(const char *name, int type)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", name);
	unlink(name);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		die("bind");
	return fd;
}

/* By a relative path, and unlinked: neither the path nor the file tells. */
static void hold_sock(void)
{
	if (chdir(dir))
		die("chdir");
	if (listen(bound_socket("sock", SOCK_STREAM), 5) < 0)
		die("listen");
	unlink("sock");
	if (chdir("/proc"))
		die("chdir");
}

/* The same in a network namespace of its own: no socket table of ours has it. */
static void hold_netns(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		die("unshare");
	hold_sock();
}

static void send_fd(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(sock, &msg, 0) < 0)
		die("sendmsg");
}

/* In flight: in the queue of a socket, and in nobody's table of files. */
static void hold_scm(void)
{
	int pair[2], fd = make_file("file");

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		die("socketpair");
	send_fd(pair[0], fd);
	close(fd);
}

/* Sent to a connection that nobody has accepted yet. */
static void hold_backlog(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX, .sun_path = "\0careen-hold" };
	int fd = make_file("file"), server = socket(AF_UNIX, SOCK_STREAM, 0);
	int client = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sun.sun_path + 1, sizeof(sun.sun_path) - 1, "careen-hold-%d", (int)getpid());
	if (bind(server, (struct sockaddr *)&sun, sizeof(sun)) < 0 || listen(server, 5) < 0 ||
	    connect(client, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		die("connect");
	send_fd(client, fd);
	close(client);
	close(fd);
}

static void hold_uring(void)
{
	struct io_uring_params p = { 0 };
	int ring = syscall(SYS_io_uring_setup, 4, &p), fd = make_file("file");

	if (ring < 0 || syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, &fd, 1) < 0)
		die("io_uring");
	close(fd);
}

/* An event that nobody reads keeps the file's path. */
static void hold_fanotify(void)
{
	int group = fanotify_init(FAN_CLASS_NOTIF | FAN_UNLIMITED_QUEUE, O_RDONLY);

	if (group < 0 || fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_CLOSE_WRITE,
				       AT_FDCWD, dir) < 0)
		die("fanotify");
	close(make_file("file"));
}

static void hold_acct(void)
{
	close(make_file("pacct"));
	if (acct(in_dir("pacct")) < 0)
		die("acct");
}

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die(path);
	close(fd);
}

/* F: the interpreter is opened when it is registered. DIR/interpreter must be there. */
static void hold_binfmt(void)
{
	char line[4400];

	snprintf(line, sizeof(line), ":careen-hold:M::\\xca\\xee\\xca\\xee::%s:F",
		 in_dir("interpreter"));
	write_to("/proc/sys/fs/binfmt_misc/register", line);
}

/* What rpc.mountd and exportfs write: exports(5) in the kernel's own form. */
static void hold_nfsd(void)
{
	char line[4400];

	mount("nfsd", "/proc/fs/nfsd", "nfsd", 0, NULL);
	/* version 4 needs no rpcbind */
	write_to("/proc/fs/nfsd/versions", "-3 +4\n");
	write_to("/proc/fs/nfsd/threads", "2\n");
	write_to("/proc/net/rpc/auth.unix.ip/channel", "nfsd 127.0.0.1 2147483647 careen-hold\n");
	snprintf(line, sizeof(line), "careen-hold %s 2147483647 1 65534 65534 0\n", dir);
	write_to("/proc/net/rpc/nfsd.export/channel", line);
}

/* A read under way keeps its file, closed or not: nothing in /proc shows that. */
static void *read_for_ever(void *arg)
{
	char c;

	(void)!read(*(int *)arg, &c, 1);
	return NULL;
}

static void hold_unseen(void)
{
	static int fd;
	pthread_t t;

	mkfifo(in_dir("fifo"), 0600);
	fd = open(in_dir("fifo"), O_RDWR);
	if (fd < 0 || pthread_create(&t, NULL, read_for_ever, &fd))
		die("fifo");
	/* until it is in there: state S, in pipe_read or the like */
	usleep(300000);
	close(fd);
}

/* Things that do not hold: a watch, and an audit rule. */
static void hold_inotify(void)
{
	if (inotify_add_watch(inotify_init(), dir, IN_ALL_EVENTS) < 0)
		die("inotify");
}

static void hold_audit(void)
{
	static struct {
		struct nlmsghdr head;
		struct audit_rule_data rule;
		char path[4096];
	} m;
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);

	m.rule.flags = AUDIT_FILTER_EXIT;
	m.rule.action = AUDIT_ALWAYS;
	m.rule.field_count = 2;
	memset(m.rule.mask, 0xff, sizeof(m.rule.mask));
	m.rule.fields[0] = AUDIT_WATCH;
	m.rule.fieldflags[0] = AUDIT_EQUAL;
	m.rule.values[0] = strlen(dir);
	m.rule.fields[1] = AUDIT_PERM;
	m.rule.fieldflags[1] = AUDIT_EQUAL;
	m.rule.values[1] = AUDIT_PERM_WRITE;
	m.rule.buflen = strlen(dir);
	strcpy(m.rule.buf, dir);
	m.head = (struct nlmsghdr){ .nlmsg_len = NLMSG_LENGTH(sizeof(m.rule) + strlen(dir)),
				    .nlmsg_type = AUDIT_ADD_RULE,
				    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK };
	if (fd < 0 || send(fd, &m, m.head.nlmsg_len, 0) < 0 || recv(fd, &m, sizeof(m), 0) < 0)
		die("audit");
	errno = -((struct nlmsgerr *)NLMSG_DATA(&m.head))->error;
	if (errno)
		die("audit rule");
	close(fd);
}

/* Until the child says that it is there. */
static void wait_for(int *ready)
{
	char c;

	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		die("child");
	close(ready[0]);
}

/* PID 1 of its own, in namespaces of its own, with children. */
static void hold_container(void)
{
	int ready[2];

	if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC) < 0 ||
	    pipe(ready) < 0)
		die("unshare");
	if (fork()) {
		wait_for(ready);
		if (chdir("/proc"))
			die("chdir");
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "hold-in");
	if (chroot(dir) || chdir("/"))
		die("chroot");
	if (!fork()) {
		prctl(PR_SET_NAME, "hold-in-child");
		(void)!write(ready[1], "r", 1);
	}
	close(1);
	close(ready[1]);
	for (;;)
		pause();
}

/* A child in a mount namespace of its own. */
static pid_t new_namespace(void)
{
	int ready[2];
	pid_t pid;

	if (pipe(ready))
		die("pipe");
	pid = fork();
	if (pid) {
		wait_for(ready);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNS) || write(ready[1], "r", 1) != 1)
		_exit(9);
	for (;;)
		pause();
}

/* A namespace that no process is in: only a file in DIR.ns keeps it. */
static void hold_mountns(void)
{
	char pins[4096], pin[4104], ns[40];
	cpu_set_t cpu;
	bool bound;
	int tries;
	pid_t pid;

	snprintf(pins, sizeof(pins), "%s.ns", dir);
	snprintf(pin, sizeof(pin), "%s/pin", pins);
	mkdir(pins, 0755);
	if (mount("pins", pins, "tmpfs", 0, NULL) || mount(NULL, pins, NULL, MS_PRIVATE, NULL) ||
	    mknod(pin, S_IFREG | 0600, 0))
		die(pins);
	/*
	 * A namespace may be bound only in an older one. Since 6.18 the kernel tells by numbers
	 * that go up on each processor, from batches: the one that made ours has higher ones.
	 */
	for (tries = 0; tries < 100; tries++) {
		CPU_ZERO(&cpu);
		CPU_SET(tries % (int)sysconf(_SC_NPROCESSORS_CONF) % CPU_SETSIZE, &cpu);
		(void)sched_setaffinity(0, sizeof(cpu), &cpu);
		pid = new_namespace();
		snprintf(ns, sizeof(ns), "/proc/%d/ns/mnt", (int)pid);
		bound = !mount(ns, pin, NULL, MS_BIND, NULL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		if (bound)
			return;
	}
	die(pin);
}

/*
 * Two that watch over each other: whichever dies is born again at once, as
 * long as one of them is left that runs.
 */
static void __attribute__((noreturn)) guard(int depth)
{
	pid_t pid;

	signal(SIGTERM, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		pid = fork();
		if (!pid && depth)
			guard(0);
		if (!pid) {
			prctl(PR_SET_NAME, "hold-twin");
			while (getppid() != 1)
				usleep(2000);
			guard(1);	/* the parent is dead: take its place */
		}
		while (kill(pid, 0) == 0)
			usleep(2000);
	}
}

static void hold_respawn(void)
{
	if (chdir(dir))
		die("chdir");
	if (fork())
		return;
	setsid();
	close(1);
	prctl(PR_SET_NAME, "hold-guard");
	guard(1);
}

/* A FUSE server that says hello and then nothing: who asks it waits. */
static void hold_fuse(void)
{
	char options[100], buf[FUSE_MIN_READ_BUFFER + 4096];
	struct { struct fuse_out_header head; struct fuse_init_out init; } out = { 0 };
	const struct fuse_in_header *in = (void *)buf;
	int fd = open("/dev/fuse", O_RDWR);
	ssize_t n;

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (fd < 0 || mount("hold", dir, "fuse", 0, options) < 0)
		die("mount fuse");
	n = read(fd, buf, sizeof(buf));
	if (n < (ssize_t)sizeof(*in) || in->opcode != FUSE_INIT)
		die("fuse");
	out.head = (struct fuse_out_header){ .len = sizeof(out), .unique = in->unique };
	out.init.major = FUSE_KERNEL_VERSION;
	out.init.minor = FUSE_KERNEL_MINOR_VERSION;
	out.init.max_write = 4096;
	if (write(fd, &out, sizeof(out)) < 0)
		die("fuse init");
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	/* The requests are taken, so that not even SIGKILL ends who waits. */
	for (;;)
		(void)!read(fd, buf, sizeof(buf));
}

/* Each call wants a fresh head: the last answer's device beside the name is refused. */
static void dm_call(unsigned long request)
{
	static int fd = -1;
	struct {
		struct dm_ioctl dm;
		struct dm_target_spec spec;
		char params[256];
	} t = {
		.dm = { .version = { 4, 0, 0 }, .data_size = sizeof(t), .target_count = 1,
			.data_start = sizeof(t.dm), .name = "careen-hold" },
		.spec = { .length = 2048, .target_type = "linear" },
	};

	snprintf(t.params, sizeof(t.params), "%s 0", dir);
	if (fd < 0)
		fd = open("/dev/mapper/control", O_RDWR);
	if (ioctl(fd, request, &t) < 0)
		die("dm");
}

/* A linear map of the device DIR, called careen-hold. */
static void hold_dm(void)
{
	dm_call(DM_DEV_CREATE);
	dm_call(DM_TABLE_LOAD);
	dm_call(DM_DEV_SUSPEND);	/* without its flag it resumes */
}

/* A mirror without a superblock, of the device DIR alone: /dev/md127. */
static void hold_md(void)
{
	mdu_array_info_t array = { .level = 1, .raid_disks = 2, .nr_disks = 1, .not_persistent = 1,
				   .size = 1024, .md_minor = 127, .state = 1 << MD_SB_CLEAN };
	mdu_disk_info_t disk = { .state = 1 << MD_DISK_ACTIVE | 1 << MD_DISK_SYNC };
	struct stat st;
	int fd;

	write_to("/sys/module/md_mod/parameters/new_array", "md127");
	fd = open("/dev/md127", O_RDWR);
	if (fd < 0 || stat(dir, &st) < 0 || ioctl(fd, SET_ARRAY_INFO, &array) < 0)
		die("md set");
	disk.major = major(st.st_rdev);
	disk.minor = minor(st.st_rdev);
	if (ioctl(fd, ADD_NEW_DISK, &disk) < 0)
		die("md add");
	if (ioctl(fd, RUN_ARRAY, NULL) < 0)
		die("md run");
}

static void crowd(int procs, int files)
{
	char name[32];
	int i, fd;

	for (i = 0; i < files; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		close(make_file(name));
	}
	while (procs--) {
		if (fork())
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* no two alike */
		snprintf(name, sizeof(name), "hold-%d", procs);
		prctl(PR_SET_NAME, name);
		for (i = 0; i < files; i++) {
			snprintf(name, sizeof(name), "file%d", i);
			fd = open(in_dir(name), O_RDONLY);
			if (fd < 0)
				die("open");
		}
		for (;;)
			pause();
	}
}

static const struct {
	const char *name;
	void (*fn)(void);
	bool ends;	/* the kernel goes on holding without it */
} kinds[] = {
	{ "fd", hold_fd, false }, { "cwd", hold_cwd, false }, { "root", hold_root, false },
	{ "map", hold_map, false }, { "sock", hold_sock, false }, { "netns", hold_netns, false },
	{ "scm", hold_scm, false }, { "backlog", hold_backlog, false },
	{ "uring", hold_uring, false }, { "fanotify", hold_fanotify, false },
	{ "acct", hold_acct, true }, { "binfmt", hold_binfmt, true },
	{ "unseen", hold_unseen, false }, { "nfsd", hold_nfsd, true }, { "inotify", hold_inotify, false },
	{ "audit", hold_audit, true }, { "container", hold_container, false },
	{ "mountns", hold_mountns, true },
	{ "dm", hold_dm, true }, { "md", hold_md, true },
	{ "respawn", hold_respawn, true }, { "fuse", hold_fuse, false },
};

int main(int argc, char **argv)
{
	size_t i;

	dir = argv[argc - 1];
	if (argc == 5 && !strcmp(argv[1], "crowd")) {
		crowd(atoi(argv[2]), atoi(argv[3]));
		printf("ready %d\n", (int)getpid());
		fflush(stdout);
		for (;;)
			pause();
	}
	for (i = 0; argc == 3 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, argv[1]))
			continue;
		kinds[i].fn();
		printf("ready %d\n", (int)getpid());
		fflush(stdout);
		while (!kinds[i].ends)
			pause();
		return 0;
	}
	fprintf(stderr, "hold: hold KIND DIR, or: hold crowd N M DIR\n");
	return 2;
}
