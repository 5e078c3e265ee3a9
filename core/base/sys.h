/*
 * sys.h - every system call with an effect, behind one table
 *
 * core/run calls these and nothing else to change the machine, so that the
 * tests can make any of them fail, hang or lie, and so that `make check` can
 * prove from the objects' symbols that nobody else changes anything.
 * All return 0 or a value >= 0, or -errno.
 */
#ifndef CAREEN_SYS_H
#define CAREEN_SYS_H

#include <stddef.h>
#include <sys/types.h>

struct sys {
	int (*mount)(const char *source, const char *target, const char *type,
		     unsigned long flags, const char *options);
	int (*pivot_root)(const char *new_root, const char *put_old);
	int (*umount)(const char *target, int flags);
	int (*swapoff)(const char *path);
	int (*swapon)(const char *path, int flags);
	int (*pidfd_open)(pid_t pid);
	int (*pidfd_signal)(int pidfd, int sig);
	int (*kill)(pid_t pid, int sig);
	int (*mkdir)(const char *path, mode_t mode);
	int (*reboot)(int cmd);
	int (*loop_clear)(const char *dev);	/* LOOP_CLR_FD */
	int (*dm_remove)(dev_t dev);		/* DM_DEV_REMOVE */
	int (*md_stop)(const char *dev);	/* STOP_ARRAY */
	/* One write(2) to a file of the kernel's, which is not made if absent. */
	int (*put)(const char *path, const char *text);
	long (*ptrace)(int request, pid_t pid, void *addr, void *data);
	/* One rtnetlink request, NLM_F_ACK set; waits for the kernel's answer. */
	int (*netlink)(const void *request, size_t len);
};

extern const struct sys *sys;		/* the real one unless a test says else */
extern const struct sys sys_real;

#endif
