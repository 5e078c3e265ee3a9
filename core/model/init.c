/* init.c - what PID 1 is, where its root is, how it can be taken over */
#include "model/init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "model/procfile.h"
#include "model/rescue.h"
#include "paths.h"

static bool is_sysvinit(void);

/* By the last part of what /proc/1/exe leads to, and a sign if that is not enough. */
static const struct {
	const char *exe, *name;
	enum init_kind kind;
	enum rc_kind rc;	/* what it starts services with, unless OpenRC is there */
	bool (*sign)(void);
} kinds[] = {
	{ "systemd", "systemd", INIT_SYSTEMD, RC_SYSTEMD, NULL },
	{ "openrc-init", "openrc-init", INIT_OPENRC, RC_OPENRC, NULL },
	{ "busybox", "busybox", INIT_BUSYBOX, RC_NONE, NULL },
	{ "runit-init", "runit", INIT_RUNIT, RC_RUNIT, NULL },
	{ "runit", "runit", INIT_RUNIT, RC_RUNIT, NULL },
	{ "init", "sysvinit", INIT_SYSVINIT, RC_SYSV, is_sysvinit },
};

/*
 * /proc/1/exe as the old root has it: without " (deleted)" (its package was
 * upgraded), and without the place the old root was moved to.
 */
static void read_exe(struct init *init)
{
	static const char deleted[] = " (deleted)";
	char link[PATH_MAX];
	size_t len, cut = strlen(CAREEN_OLDROOT);
	const char *path = link;

	if (link_read(AT_FDCWD, "/proc/1/exe", link, sizeof(link)) < 0)
		return;
	len = strlen(link);
	if (len > strlen(deleted) && !strcmp(link + len - strlen(deleted), deleted))
		link[len - strlen(deleted)] = '\0';
	if (rescue_root("/") && !strncmp(link, CAREEN_OLDROOT "/", cut + 1))
		path += cut;
	text_fmt(init->exe, sizeof(init->exe), "%s", path);
}

/*
 * Many programs are called "init". This one shows its runlevel where its
 * command line was: "init [2]", or "init boot" before there is one
 * [sysvinit src/init.c setproctitle()].
 */
static bool is_sysvinit(void)
{
	char title[64] = "";

	return file_read_line(AT_FDCWD, "/proc/1/cmdline", title, sizeof(title)) >= 0 &&
	       (!strncmp(title, "init [", 6) || !strcmp(title, "init boot"));
}

/*
 * OpenRC under another init, by what it says of itself in /run, a tmpfs: the
 * runlevel it has reached [openrc src/librc/librc.c rc_runlevel_set()].
 */
static void read_rc(struct init *init)
{
	if (init->kind != INIT_SYSTEMD && access("/proc/1/root/run/openrc/softlevel", F_OK) == 0)
		init->rc = RC_OPENRC;
}

static void read_kind(struct init *init)
{
	const char *base = strrchr(init->exe, '/');
	size_t i;

	base = base ? base + 1 : init->exe;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].exe, base) || (kinds[i].sign && !kinds[i].sign()))
			continue;
		init->kind = kinds[i].kind;
		init->rc = kinds[i].rc;
		text_fmt(init->name, sizeof(init->name), "%s", kinds[i].name);
		return;
	}
	if (file_read_line(AT_FDCWD, "/proc/1/comm", init->name, sizeof(init->name)) < 0)
		init->name[0] = '\0';
}

/*
 * systemd's own libraries have its version in their names:
 * libsystemd-shared-252.so (Debian 12), libsystemd-core-257.so.
 */
static void read_systemd_version(struct init *init)
{
	static const char *const marks[] = { "/libsystemd-core-", "/libsystemd-shared-" };
	char *maps, *at, *end;
	size_t i;

	if (file_read_all(AT_FDCWD, "/proc/1/maps", &maps, NULL) < 0)
		return;
	for (i = 0; i < 2 && !init->version[0]; i++) {
		at = strstr(maps, marks[i]);
		if (!at)
			continue;
		at += strlen(marks[i]);
		end = strstr(at, ".so");
		if (end && end - at < (long)sizeof(init->version))
			text_fmt(init->version, sizeof(init->version), "%.*s",
				 (int)(end - at), at);
	}
	free(maps);
}

/* Any descriptor but stdio. */
static bool has_fds(void)
{
	DIR *dir = opendir("/proc/1/fd");
	struct dirent *entry;
	bool any = dir == NULL;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && atoi(entry->d_name) > 2)
			any = true;
	if (dir)
		closedir(dir);
	return any;
}

/*
 * proc_pid_syscall(5): the number of the system call that PID 1 is blocked in.
 * When the kernel will not say (yama's scope 3), it may be.
 */
static bool may_only_wait(void)
{
	char line[256];

	if (file_read_line(AT_FDCWD, "/proc/1/syscall", line, sizeof(line)) < 0)
		return true;
	if (line[0] < '0' || line[0] > '9')
		return false;	/* "running" */
	switch (atol(line)) {
#ifdef SYS_pause
	case SYS_pause:
#endif
	case SYS_ppoll:		/* pause(3) where there is no such call */
	case SYS_waitid:
		return true;
	}
	return false;
}

/*
 * systemd's freeze() closes all descriptors but stdio, reaps with waitid() while
 * it has children, and then only pauses (src/basic/process-util.c). A systemd
 * that has just been executed has no descriptors either, but does not wait.
 */
static bool is_frozen(void)
{
	return !has_fds() && may_only_wait();
}

static bool is_traced(void)
{
	char *text, *at;
	bool traced = false;

	if (file_read_all(AT_FDCWD, "/proc/1/status", &text, NULL) < 0)
		return false;
	at = strstr(text, "\nTracerPid:");
	if (at)
		traced = atoi(at + strlen("\nTracerPid:")) != 0;
	free(text);
	return traced;
}

/*
 * The kernel executes init= when it is given, the last one if there are more
 * [init/main.c init_setup()]; Debian's initramfs reads it the same way.
 */
static void read_boot(struct init *init)
{
	char *text, *word, *save = NULL;

	text_fmt(init->boot, sizeof(init->boot), "/sbin/init");
	if (file_read_all(AT_FDCWD, "/proc/cmdline", &text, NULL) < 0)
		return;
	for (word = strtok_r(text, " \n", &save); word; word = strtok_r(NULL, " \n", &save))
		if (!strncmp(word, "init=/", 6))
			text_fmt(init->boot, sizeof(init->boot), "%s", word + 5);
	free(text);
}

int init_read(struct init *init, struct error *err)
{
	struct init seen = { 0 };

	if (access("/proc/1/stat", R_OK) < 0)
		return error_set(err, errno, "look at PID 1", "/proc/1", NULL,
				 "Is /proc mounted?");
	read_exe(&seen);
	read_boot(&seen);
	read_kind(&seen);
	if (rescue_exe_is(1, CAREEN_STUB)) {
		seen.kind = INIT_STUB;
		seen.rc = RC_NONE;
		text_fmt(seen.name, sizeof(seen.name), "stub");
	} else {
		read_rc(&seen);
	}
	if (seen.kind == INIT_SYSTEMD) {
		read_systemd_version(&seen);
		seen.frozen = is_frozen();
	}
	seen.in_rescue = rescue_root("/proc/1/root");
	seen.traced = is_traced();
	seen.yama = (int)file_read_u64(AT_FDCWD, "/proc/sys/kernel/yama/ptrace_scope",
				       UINT64_MAX);
	*init = seen;
	return 0;
}
