/* mountinfo.c - proc(5) mountinfo of one namespace after another, and the record of it */
#include <string.h>

#include "base/text.h"
#include "fuzz.h"
#include "model/mounts.h"
#include "model/oldroot.h"
#include "model/scan.h"

void fuzz_one(char *text, size_t size)
{
	char *second = memchr(text, '\f', size), buf[64];
	struct old_root old = { 0 };
	struct mounts ms = { 0 };
	struct scan sc;
	size_t i;

	old_root_parse(&old, text);
	old_root_free(&old);
	if (second)
		*second++ = '\0';
	mounts_parse(&ms, text, 1, NULL);
	ms.own_ns = 1;
	ms.n_own = ms.n;
	if (second)
		mounts_parse(&ms, second, 2, NULL);
	for (i = 0; i < ms.n; i++) {
		mount_path(&ms.row[i]);
		mount_options(&ms.row[i], buf, sizeof(buf));
		mounts_by_id(&ms, ms.row[i].parent);
	}
	mounts_old_top(&ms);
	mounts_old_on(&ms, "/usr");
	if (scan_init(&sc, &ms, NULL, 0, false) == 0)
		scan_free(&sc);
	mounts_free(&ms);
}
