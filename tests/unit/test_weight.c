/* test_weight.c - the size of a tree in RAM: in pages, each inode once, its own file system alone */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/weight.h"
#include "tap.h"

static char dir[] = "/dev/shm/weight.XXXXXX";

static void put(const char *name, off_t size)
{
	int fd = openat(AT_FDCWD, name, O_WRONLY | O_CREAT, 0600);

	if (fd < 0 || ftruncate(fd, size))
		abort();
	close(fd);
}

/* weight of what is below @dir, in pages */
static int pages(void)
{
	return (int)(weight_of_files(dir) / (uint64_t)sysconf(_SC_PAGESIZE));
}

int main(void)
{
	off_t page = sysconf(_SC_PAGESIZE);

	if (!mkdtemp(dir) || chdir(dir))
		abort();
	is_int(pages(), 0, "nothing");
	put("empty", 0);
	is_int(pages(), 0, "an empty file takes nothing");
	put("one", 1);
	is_int(pages(), 1, "one byte takes a page");
	put("exact", 2 * page);
	put("more", 2 * page + 1);
	is_int(pages(), 6, "others what they fill of the last one");
	if (mkdir("sub", 0700) || link("more", "sub/again") || link("more", "sub/third"))
		abort();
	is_int(pages(), 6, "other names of a file take nothing");
	put("sub/below", 5);
	is_int(pages(), 7, "directories are gone through");
	if (symlink("/etc", "sub/link"))
		abort();
	is_int(pages(), 8, "a symbolic link takes a page, and is not followed");
	is_int((long long)weight_of_files("/proc/self/cwd/"), 8 * page, "a root that is reached by a link is");
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "sub", "tmpfs", 0, NULL)) {
		ok(true, "what is mounted in it # SKIP needs root");
	} else {
		put("sub/other", 9 * page);
		is_int(pages(), 6, "what is mounted in it is another's");
		umount("sub");
	}
	sh("rm -rf %s", dir);
	return done_testing();
}
