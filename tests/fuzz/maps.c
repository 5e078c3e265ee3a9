/* maps.c - proc(5) maps: what holds a disk, and which systemd it is */
#include "model/scan_process.c"

#include "fuzz.h"
#include "fuzz_scan.h"
#include "model/init.c"

void fuzz_one(char *text, size_t size)
{
	struct init init = { 0 };
	struct found f = { 0 };

	(void)text;
	(void)size;
	check_maps(fuzz_scan(), &f, AT_FDCWD);
	read_systemd_version(&init);
}
