/* sys.c - every system call with an effect, behind one table */
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <unistd.h>

static int ret_errno(long r)
{
	return r < 0 ? -errno : (int)r;
}

static int real_mount(const char *source, const char *target, const char *type,
		      unsigned long flags, const char *options)
{
	return ret_errno(mount(source, target, type, flags, options));
}

static int real_umount(const char *target, int flags)
{
	return ret_errno(umount2(target, flags));
}

static int real_swapoff(const char *path)
{
	return ret_errno(swapoff(path));
}

static int real_swapon(const char *path, int flags)
{
	return ret_errno(swapon(path, flags));
}

static int real_pidfd_open(pid_t pid)
{
	return ret_errno(syscall(SYS_pidfd_open, pid, 0));
}

static int real_pidfd_signal(int pidfd, int sig)
{
	return ret_errno(syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0));
}

static int real_kill(pid_t pid, int sig)
{
	return ret_errno(kill(pid, sig));
}

static int real_mkdir(const char *path, mode_t mode)
{
	return ret_errno(mkdir(path, mode));
}

static int real_reboot(int cmd)
{
	return ret_errno(reboot(cmd));
}

static int real_loop_clear(const char *dev)
{
	int fd = open(dev, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r;

	if (fd < 0)
		return -errno;
	r = ret_errno(ioctl(fd, LOOP_CLR_FD, 0));
	close(fd);
	return r;
}

const struct sys sys_real = {
	.mount = real_mount,
	.umount = real_umount,
	.swapoff = real_swapoff,
	.swapon = real_swapon,
	.pidfd_open = real_pidfd_open,
	.pidfd_signal = real_pidfd_signal,
	.kill = real_kill,
	.mkdir = real_mkdir,
	.reboot = real_reboot,
	.loop_clear = real_loop_clear,
};

const struct sys *sys = &sys_real;
