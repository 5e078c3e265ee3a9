/* kernelfiles.c - what the kernel keeps: layers of overlays, binfmt_misc, nfsd's exports */
#include "model/kernel_files.c"

#include "fuzz.h"
#include "fuzz_scan.h"

static void take(void *arg, const struct holder *h)
{
	(void)arg;
	if (!h->what || !h->command)
		abort();
}

void fuzz_one(char *text, size_t size)
{
	struct mount row = { .fstype = (char *)"overlay", .target = (char *)"/x", .fs_options = text };
	struct mounts ms = { .row = &row, .n = 1, .n_own = 1 };

	(void)size;
	all_exports(fuzz_scan(), fuzz_table(), take, NULL);
	one_binfmt(fuzz_scan(), fuzz_table(), "/dir", "name", take, NULL);
	all_overlays(fuzz_scan(), &ms, take, NULL);
}
