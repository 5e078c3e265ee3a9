/* test_oldroot.c - the record of the old root, and the live one */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "model/oldroot.h"
#include "tap.h"

static const char record[] =
	"27 1 254:1 / / rw,relatime shared:1 - ext4 /dev/root rw,errors=remount-ro,seclabel\n"
	"32 27 254:2 / /var\\040x rw,nosuid shared:2 - ext4 /dev/vda2 rw\n"
	"33 27 0:21 / /proc rw shared:3 - proc proc rw\n"
	"34 27 0:41 /@usr /usr ro,relatime shared:4 - btrfs /dev/vda3 rw,subvolid=257,subvol=/@usr\n"
	"# source /dev/vda1\n"
	"# uuid 0c9d-1\n"
	"# usr-uuid 77aa-2\n"
	"# init /usr/lib/systemd/systemd\n"
	"# uevents 3377\n"
	"# dev 254:1 /dev/vda1\n"
	"# dev 254:2 /dev/vda2\n"
	"# dev 254:0 /dev/vda\n"
	"# fstab 0c9d-1\n"
	"# fstab AA00-11BB\n";

static void test_record(void)
{
	struct old_root old = { 0 };
	const struct mount *usr;
	char options[256];

	is_int(old_root_parse(&old, record), 0, "record parsed");
	ok(old.known, "the old root is known");
	is_int(old.mounts.n, 4, "its mounts");
	ok(old.mounts.row[3].old, "all of them old");
	is_str(old.mounts.row[1].target, "/var x", "paths as the operator knows them");
	is_str(old.source, "/dev/vda1", "what was recorded goes before what mountinfo says");
	is_str(old.uuid, "0c9d-1", "uuid");
	is_str(old.init, "/usr/lib/systemd/systemd", "what PID 1 was");
	is_int(old.uevents, 3377, "how many device events there had been");
	is_str(old.fstype, "ext4", "type, from the top mount");
	is_str(old.options, "rw,relatime,errors=remount-ro", "options that mount(8) takes");
	is_str(old.usr_uuid, "77aa-2", "the uuid of /usr");
	usr = mounts_old_on(&old.mounts, "/usr");
	ok(usr, "/usr is one of its own");
	mount_options(usr, options, sizeof(options));
	is_str(options, "ro,relatime,subvol=/@usr", "with its options");
	ok(!mounts_old_on(&old.mounts, "/var"), "/var is not");
	is_int(old.ndevs, 3, "three devices");
	is_int(old.devs[2], makedev(254, 0), "the disk is one");
	is_int(old.nfstab, 2, "fstab names two file systems");
	is_str(old.fstab[1], "AA00-11BB", "one of them was not mounted");
	old_root_free(&old);
}

/* The root has been copied to another disk, and goes on there. */
static void test_moved(void)
{
	struct old_root old = { 0 };

	is_int(old_root_parse(&old, "28 1 254:1 / / rw - ext4 /dev/vda1 rw\n"
			      "# source /dev/vda1\n# uuid 1-2-3\n# dev 254:1 /dev/vda1\n"
			      "# source /dev/vdb1\n# dev 254:17 /dev/vdb1\n"), 0, "a root that has moved");
	is_str(old.source, "/dev/vdb1", "the last source counts");
	is_str(old.uuid, "1-2-3", "it has its UUID");
	is_int(old.devs[1], makedev(254, 17), "both devices are known");
	old_root_free(&old);
}

/* A RAID of 36 disks with a partition each, and a file system of its own for everything. */
static void test_crowd(void)
{
	struct old_root old = { 0 };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	fputs("28 1 9:0 / / rw - ext4 /dev/md0 rw\n", out);
	for (int i = 0; i < 73; i++)
		fprintf(out, "# dev 8:%d /dev/sd\n# fstab %d-uuid\n", i, i);
	for (int i = 0; i < 36; i++)
		fprintf(out, "# layer crypt %d-uuid c%0*d\n", i, i == 35 ? 126 : 2, i);
	fclose(out);
	is_int(old_root_parse(&old, text), 0, "a root on many disks");
	is_int(old.ndevs, 73, "each is known");
	is_int(old.devs[72], makedev(8, 72), "the last one, too");
	is_int(old.nlayers, 36, "each layer");
	is_str(old.layer[34].name, "c34", "by its name");
	is_int((long)strlen(old.layer[35].name), 127, "as long as the kernel lets it be");
	is_int(old.nfstab, 73, "each line of fstab");
	old_root_free(&old);
	free(text);
}

/* Anything can be in a name; options fill a page at most. */
static void test_odd(void)
{
	char text[8192];
	struct old_root old = { 0 };

	snprintf(text, sizeof(text), "28 1 254:1 / / rw - ext4 /dev/vda1 rw\n"
		 "# source /dev/mapper/a\\x5Cx20b\n# layer lvm - v\\x0A# source /dev/vdb\n# options %0*d\n", 4095, 0);
	is_int(old_root_parse(&old, text), 0, "a record with odd names");
	is_str(old.source, "/dev/mapper/a\\x20b", "what dm has escaped is its name");
	is_str(old.layer[0].name, "v\n# source /dev/vdb", "what looks like a line is none");
	is_int((long)strlen(old.options), 4095, "long options are whole");
	old_root_free(&old);
}

static void test_stale(void)
{
	struct old_root old = { 0 };

	ok(old_root_parse(&old, "nonsense\n") < 0, "a broken record is refused");
	ok(!old.known, "and nothing is known from it");
	old_root_free(&old);
}

static void test_live(void)
{
	struct old_root old = { 0 };
	struct mounts ms = { 0 };

	mounts_parse(&ms, "27 1 254:77 / / rw shared:1 - ext4 /dev/nosuch rw,data=x\n", 1, NULL);
	is_int(old_root_read(&old, &ms, "/nonexistent"), 0, "live, without a record");
	ok(old.known, "known from the mounts");
	is_str(old.fstype, "ext4", "type");
	is_str(old.options, "rw,data=x", "options");
	is_int(old.devs[0], makedev(254, 77), "its device");
	old_root_free(&old);
	mounts_free(&ms);
}

int main(void)
{
	test_record();
	test_moved();
	test_crowd();
	test_odd();
	test_stale();
	test_live();
	return done_testing();
}
