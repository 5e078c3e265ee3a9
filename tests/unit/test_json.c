/* test_json.c - snapshots as JSON stay JSON, whatever names they carry */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model/snapshot.h"
#include "tap.h"

#define EVIL "\"\\/\b\f\n\r\t\001\033[31m\177\xff\xc3\x28\xed\xa0\x80 \xe2\x82\xac </script>"

/* python3 is the judge of what is JSON. */
static bool is_json(const struct snapshot *s)
{
	FILE *out = popen("python3 -m json.tool >/dev/null", "w");

	if (!out)
		return false;
	snapshot_json(s, out);
	return pclose(out) == 0;
}

static void make_evil(struct snapshot *s)
{
	static struct mount m = {
		.id = 1, .root = (char *)EVIL, .target = (char *)"/" EVIL, .fstype = (char *)EVIL,
		.source = (char *)EVIL, .vfs_options = (char *)EVIL, .fs_options = (char *)EVIL,
		.propagation = (char *)EVIL,
	};
	static struct holder h = {
		.command = (char *)EVIL, .cmdline = (char *)EVIL, .what = (char *)EVIL,
		.unit = (char *)EVIL, .holds = ~0U,
	};
	static struct blockdev d = {
		.name = "a\"b", .path = "\\", .parent = -1, .model = (char *)EVIL,
		.serial = (char *)EVIL, .fstype = (char *)EVIL, .label = (char *)EVIL,
		.uuid = (char *)EVIL, .parttype = (char *)EVIL, .used_by = (char *)EVIL,
	};

	*s = (struct snapshot){ .parts = SNAP_ALL, .host = { .name = "a\"\n", .os = EVIL } };
	s->mounts = (struct mounts){ .row = &m, .n = 1, .n_own = 1, .note = EVIL };
	s->holders = (struct holders){ .row = &h, .n = 1, .note = EVIL };
	s->devs = (struct blockdevs){ .row = &d, .n = 1 };
}

int main(void)
{
	struct snapshot *s = NULL, evil, empty = { 0 };
	struct error err = { 0 };

	if (system("python3 -c pass") != 0) {
		puts("1..0 # SKIP no python3");
		return 0;
	}
	make_evil(&evil);
	ok(is_json(&evil), "names with everything that JSON must escape");
	ok(is_json(&empty), "an empty snapshot");
	is_int(snapshot_take(SNAP_ALL, &s, &err), 0, "a snapshot of this machine");
	if (s)
		ok(is_json(s), "is JSON");
	snapshot_free(s);
	snapshot_free(NULL);
	is_int(snapshot_take(0, &s, &err), 0, "a snapshot of nothing more than must be");
	is_int(s->parts, SNAP_MOUNTS | SNAP_INIT, "says what it has");
	ok(is_json(s), "is JSON, too");
	snapshot_free(s);
	return done_testing();
}
