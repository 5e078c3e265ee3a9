/*
 * stuck.c - what a process that outlives its KILL waits for, told by its kernel stack
 *
 * Not even SIGKILL ends it before that answers, so the operator must know which
 * server or disk it is. Function names of the kernel are no interface: what is
 * in no row is said plainly.
 */
#include <string.h>

#include "base/text.h"
#include "run/exec.h"

static const struct stuck stucks[] = {
	{ "fuse_", "it waits for a FUSE server",
	  "Stop that server, or: echo 1 >/sys/fs/fuse/connections/N/abort. Then retry." },
	{ "request_wait_answer", "it waits for a FUSE server",
	  "Stop that server, or: echo 1 >/sys/fs/fuse/connections/N/abort. Then retry." },
	{ "nfs", "it waits for an NFS server",
	  "Bring the server back, or: umount -f the NFS mount. Then retry." },
	{ "rpc_", "it waits for an NFS server",
	  "Bring the server back, or: umount -f the NFS mount. Then retry." },
	{ "cifs", "it waits for an SMB server", "Bring the server back, then retry." },
	{ "percpu_rwsem_wait", "it writes to a frozen file system",
	  "Thaw it: fsfreeze -u MOUNT, or all: echo j >/proc/sysrq-trigger. Then retry." },
	{ "percpu_down_read", "it writes to a frozen file system",
	  "Thaw it: fsfreeze -u MOUNT, or all: echo j >/proc/sysrq-trigger. Then retry." },
	{ "jbd2", "it waits for a file system's journal",
	  "The disk below does not answer: dmsetup info (SUSPENDED? dmsetup resume), dmesg." },
	{ "io_schedule", "it waits for a disk",
	  "Look why it does not answer: dmsetup info (SUSPENDED? dmsetup resume), dmesg." },
	{ "", "it waits in the kernel",
	  "It ends when what it waits for answers. Look at /proc/PID/stack." },
};

const struct stuck *stuck_on(pid_t pid)
{
	static const struct stuck waits_to_run = {
		"", "it has had no processor to end on yet", "Try again.",
	};
	char path[40], text[4096];
	size_t i;

	if (process_state(pid) == 'R')
		return &waits_to_run;
	text_fmt(path, sizeof(path), "/proc/%d/stack", (int)pid);
	if (read_text(path, text, sizeof(text)) <= 0) {
		text_fmt(path, sizeof(path), "/proc/%d/wchan", (int)pid);
		if (read_text(path, text, sizeof(text)) < 0)
			text[0] = '\0';
	}
	for (i = 0; !strstr(text, stucks[i].function); i++)
		;
	return &stucks[i];
}
