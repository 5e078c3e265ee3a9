/* init.h - what PID 1 is, where its root is, how it can be taken over */
#ifndef CAREEN_INIT_H
#define CAREEN_INIT_H

#include <stdbool.h>
#include <sys/types.h>

struct error;

enum init_kind { INIT_UNKNOWN, INIT_SYSTEMD, INIT_SYSVINIT, INIT_OPENRC, INIT_BUSYBOX,
		 INIT_RUNIT, INIT_STUB };

/* Who starts and stops services: not always PID 1 itself (OpenRC under sysvinit or busybox). */
enum rc_kind { RC_NONE, RC_SYSTEMD, RC_SYSV, RC_OPENRC, RC_RUNIT };

struct init {
	enum init_kind kind;
	enum rc_kind rc;
	char name[24];		/* "systemd", "stub", ... or its comm */
	char version[48];	/* "252.39-1~deb12u1" if it can be read, else "" */
	char exe[256];		/* path it will re-exec, in the old root, without
				   " (deleted)": "/usr/lib/systemd/systemd" */
	char boot[256];		/* what a boot executes: init= of /proc/cmdline, else
				   "/sbin/init" (kernel init/main.c) */
	bool in_rescue;		/* its root is our rootfs (dev/ino of /proc/1/root) */
	bool frozen;		/* systemd in freeze(): nothing but stdio open */
	bool traced;		/* TracerPid != 0: somebody ptraces it already */
	int yama;		/* /proc/sys/kernel/yama/ptrace_scope, -1 none */
};

int init_read(struct init *init, struct error *err);

#endif
