/* sys.c - every system call with an effect, behind one table */
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <linux/raid/md_u.h>
#include <linux/netlink.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/socket.h>
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

static int real_pivot_root(const char *new_root, const char *put_old)
{
	return ret_errno(syscall(SYS_pivot_root, new_root, put_old));
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

static int real_dm_remove(dev_t dev)
{
	struct dm_ioctl dm = { .version = { 4, 0, 0 }, .data_size = sizeof(dm),
			       .data_start = sizeof(dm), .dev = dev };
	int fd = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = ret_errno(ioctl(fd, DM_DEV_REMOVE, &dm));
	close(fd);
	return r;
}

static int real_md_stop(const char *dev)
{
	int fd = open(dev, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = ret_errno(ioctl(fd, STOP_ARRAY, NULL));
	close(fd);
	return r;
}

static int real_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0)
		return -errno;
	r = ret_errno(write(fd, text, strlen(text)));
	close(fd);
	return r < 0 ? r : 0;
}

static long real_ptrace(int request, pid_t pid, void *addr, void *data)
{
	return ret_errno(ptrace(request, pid, addr, data));
}

static int netlink_answer(int fd)
{
	char buf[4096] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *nh = (const struct nlmsghdr *)buf;
	ssize_t n = recv(fd, buf, sizeof(buf), 0);

	if (n < 0)
		return -errno;
	if (!NLMSG_OK(nh, (size_t)n) || nh->nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return ((const struct nlmsgerr *)NLMSG_DATA(nh))->error;
}

static int real_netlink(const void *request, size_t len)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int r;

	if (fd < 0)
		return -errno;
	r = send(fd, request, len, 0) < 0 ? -errno : netlink_answer(fd);
	close(fd);
	return r;
}

const struct sys sys_real = {
	.mount = real_mount,
	.pivot_root = real_pivot_root,
	.umount = real_umount,
	.swapoff = real_swapoff,
	.swapon = real_swapon,
	.pidfd_open = real_pidfd_open,
	.pidfd_signal = real_pidfd_signal,
	.kill = real_kill,
	.mkdir = real_mkdir,
	.reboot = real_reboot,
	.loop_clear = real_loop_clear,
	.dm_remove = real_dm_remove,
	.md_stop = real_md_stop,
	.put = real_put,
	.ptrace = real_ptrace,
	.netlink = real_netlink,
};

const struct sys *sys = &sys_real;
