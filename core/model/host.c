/* host.c - the machine as a whole: names, memory, and where we are in it */
#include "model/host.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/text.h"
#include "model/procfile.h"
#include "model/rescue.h"
#include "paths.h"

/*
 * Inode of the initial pid namespace: PROC_PID_INIT_INO of the kernel's
 * include/linux/proc_ns.h, the same on every machine.
 */
#define INITIAL_PIDNS 0xEFFFFFFCUL

/* The value of KEY= in os-release(5), unquoted. */
static void take_value(char *text, const char *key, char *buf, size_t size)
{
	size_t len = strlen(key);
	char *line, *rest;

	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, key, len) || line[len] != '=')
			continue;
		line += len + 1;
		if (*line == '"' || *line == '\'') {
			line++;
			line[strcspn(line, "\"'")] = '\0';
		}
		text_fmt(buf, size, "%s", line);
	}
}

/* The real system's, while it is there; else the rescue's own copy. */
static void read_os(struct host *host)
{
	static const char *const files[] = {
		CAREEN_OLDROOT "/etc/os-release", "/../etc/os-release", "/etc/os-release",
	};
	size_t i;

	for (i = rescue_root("/") ? 0 : 1; i < 3 && !host->os[0]; i++) {
		char *text;

		if (file_read_all(AT_FDCWD, files[i], &text, NULL) < 0)
			continue;
		take_value(text, "PRETTY_NAME", host->os, sizeof(host->os));
		free(text);
	}
}

static uint64_t meminfo(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoull(at + strlen(key), NULL, 10) * 1024 : 0;
}

static void read_memory(struct host *host)
{
	char *text;

	if (file_read_all(AT_FDCWD, "/proc/meminfo", &text, NULL) < 0)
		return;
	host->mem_total = meminfo(text, "MemTotal:");
	host->mem_available = meminfo(text, "MemAvailable:");
	host->swap_total = meminfo(text, "SwapTotal:");
	host->swap_used = host->swap_total - meminfo(text, "SwapFree:");
	free(text);
}

static enum place read_place(void)
{
	struct stat pidns, ours, theirs;
	char path[48];
	pid_t lifeline;

	if (stat("/proc/self/ns/pid", &pidns) == 0 && pidns.st_ino != INITIAL_PIDNS)
		return PLACE_CONTAINER;
	if (rescue_root("/"))
		return PLACE_RESCUE;
	lifeline = rescue_lifeline();
	text_fmt(path, sizeof(path), "/proc/%d/root", lifeline);
	/* One with our own root was started by hand, and lives on our disk. */
	if (lifeline && stat("/", &ours) == 0 && stat(path, &theirs) == 0 &&
	    (ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino))
		return PLACE_NORMAL;
	return PLACE_UNPREPARED;
}

/* Its mark, in our own root, in the lifeline's or where it is mounted. */
static bool read_entered(void)
{
	char path[80];

	if (rescue_root("/"))
		return access(CAREEN_ENTERED, F_OK) == 0;
	text_fmt(path, sizeof(path), "/proc/%d/root" CAREEN_ENTERED, rescue_lifeline());
	return access(path, F_OK) == 0 || access(CAREEN_TREE CAREEN_ENTERED, F_OK) == 0;
}

/* GRUB's entry of the kept image says so (initramfs/one-shot). */
static bool read_previous(void)
{
	char *text;
	bool yes;

	if (file_read_all(AT_FDCWD, "/proc/cmdline", &text, NULL) < 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	yes = text_has_word(text, "careen.boot=previous");
	free(text);
	return yes;
}

void host_read(struct host *host)
{
	struct utsname uts;

	if (uname(&uts) == 0) {
		text_fmt(host->name, sizeof(host->name), "%s", uts.nodename);
		text_fmt(host->kernel, sizeof(host->kernel), "%s", uts.release);
	}
	read_os(host);
	file_read_line(AT_FDCWD, "/proc/sys/kernel/random/boot_id", host->boot_id,
		       sizeof(host->boot_id));
	host->uptime_s = file_read_u64(AT_FDCWD, "/proc/uptime", 0);
	read_memory(host);
	host->place = read_place();
	host->root = geteuid() == 0;
	host->entered = read_entered();
	host->previous = read_previous();
}
