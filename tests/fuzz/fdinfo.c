/* fdinfo.c - proc(5) fdinfo: io_uring's files, fanotify's marks, descriptors in flight, mounts */
#include "model/scan_special.c"

#include <fcntl.h>

#include "fuzz.h"
#include "fuzz_scan.h"
#include "model/scan_process.c"

void fuzz_one(char *text, size_t size)
{
	struct found f = { 0 };

	(void)size;
	look_fdinfo(fuzz_scan(), AT_FDCWD, "3");
	number_after(text, "scm_fds:");
	check_uring(fuzz_scan(), &f, text);
	check_fanotify(fuzz_scan(), &f, text);
}
