/* test_doctor.c - the lines of authorized_keys, and what an image is noted to be made of */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "model/images.h"
#include "model/keylist.h"
#include "tap.h"

#define ED "AAAAC3NzaC1lZDI1NTE5AAAAIHoepkvjJICW5o0eDkES0kuJcdA3/0tLxfNMeEfZNU3U"
#define EC "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAAABBA=="

static struct keylist list;

static void test_lines(void)
{
	static const struct { const char *line, *what; enum key_fault fault; } rows[] = {
		{ "ssh-ed25519 " ED, "a key", KEY_GOOD },
		{ "  ssh-ed25519 " ED " root@host\r", "with a comment", KEY_GOOD },
		{ "ecdsa-sha2-nistp256 " EC, "ecdsa", KEY_GOOD },
		{ "no-pty,command=\"echo \\\"a b\\\" #\" ssh-ed25519 " ED, "with options, quotes in them", KEY_GOOD },
		{ "command=\"echo ssh-ed25519 " ED, "a quote that does not end", KEY_FORM },
		{ "ssh-ed25519", "no key", KEY_BLOB },
		{ "ssh-ed25519 " ED "AAAA", "something behind it", KEY_BLOB },
		{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHoepkvjJICW5o0eDkES", "cut short", KEY_BLOB },
		{ "ssh-rsa " ED, "another type than the key's", KEY_BLOB },
		{ "ssh-ed25519 *" ED, "no base64", KEY_BLOB },
		{ "ssh-dss AAAAB3NzaC1kc3MAAACBAP", "dss", KEY_TYPE },
		{ "sk-ssh-ed25519@openssh.com AAAA", "a security key's", KEY_TYPE },
		{ "nonsense", "one word", KEY_FORM },
		{ "two words", "two words", KEY_FORM },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		keylist_parse(rows[i].line, &list);
		is_int(list.n, 1, "one line: %s", rows[i].what);
		is_int(list.row[0].fault, rows[i].fault, "%s: %s", rows[i].what, key_fault_text(rows[i].fault));
	}
	keylist_parse("# one\n\nssh-ed25519 " ED "\n \t\nssh-dss AAAA", &list);
	is_int(list.n, 2, "comments and empty lines are none");
	is_int(list.row[1].number, 5, "lines have their number");
	is_int(keylist_good(&list), 1, "one of them is good");
	ok(keylist_has(&list, ED) && !keylist_has(&list, EC), "which is this one");
	is_int(keylist_read("/proc/none", &list), 0, "a file that is missing");
	is_int(list.n, 0, "is empty");
}

static void test_inputs(const char *dir)
{
	struct inputs in;
	char text[600], changed[300], path[200];

	text_fmt(path, sizeof(path), "%s/a", dir);
	sh("printf 'careen\\n' >%s", path);
	sh("{ sha256sum <%s | sed 's|-|%s|'; echo 'absent  %s/b'; echo 'image 12 34 /boot/initrd.img-6'; echo junk; "
	   "echo 'zz  /x'; } >%s/note", path, path, dir, dir);
	text_fmt(text, sizeof(text), "%s/note", dir);
	is_int(inputs_read(text, &in), 0, "a note");
	is_int(in.n, 2, "has two files, what is no sum is none");
	is_str(in.image, "/boot/initrd.img-6", "its image");
	is_int(in.size, 12, "of that size");
	is_int(in.mtime, 34, "and time");
	is_int(inputs_changed(&in, changed, sizeof(changed)), 0, "nothing has changed");
	sh("printf x >>%s; : >%s/b", path, dir);
	is_int(inputs_changed(&in, changed, sizeof(changed)), 2, "one is another, one has come");
	text_fmt(text, sizeof(text), "%s, %s/b", path, dir);
	is_str(changed, text, "they are named");
}

/* An image that is noted, with its size and time. */
static void put_kernel(const char *dir, const char *kernel)
{
	sh("cd %s && : >vmlinuz-%s && echo image >initrd.img-%s && { stat -c 'image %%s %%Y %%n' initrd.img-%s; "
	   "sha256sum <file | sed 's|-|%s/file|'; } >notes/%s", dir, kernel, kernel, kernel, dir, kernel);
}

static void test_images(const char *dir)
{
	static const char *const kernels[] = { "1", "2", "3", "4", "10" };
	struct images im;
	struct error err = { 0 };
	char notes[200];

	sh("mkdir %s/notes; echo 1 >%s/file", dir, dir);
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
		put_kernel(dir, kernels[i]);
	sh("cd %s; echo more >>initrd.img-2; rm notes/3 initrd.img-4; echo 'absent  %s/file' >>notes/1", dir, dir);
	text_fmt(notes, sizeof(notes), "%s/notes", dir);
	is_int(images_read(dir, notes, &im, &err), 0, "the images of a /boot");
	is_int(im.n, 5, "one for each kernel");
	is_str(im.row[0].kernel, "10", "the newest first");
	is_int(im.row[0].state, IMAGE_CURRENT, "of today's files");
	is_int(im.row[1].state, IMAGE_MISSING, "4: it is not there");
	is_int(im.row[2].state, IMAGE_WITHOUT, "3: nothing was noted");
	is_int(im.row[3].state, IMAGE_OTHER, "2: another than the one that was noted");
	is_int(im.row[4].state, IMAGE_OLD, "1: made of other files");
	ok(images_read("/proc/none", notes, &im, &err) < 0, "no /boot is an error");
}

int main(void)
{
	char dir[] = "/tmp/careen-doctor.XXXXXX";

	if (!mkdtemp(dir))
		return 1;
	test_lines();
	test_inputs(dir);
	test_images(dir);
	sh("rm -r %s", dir);
	return done_testing();
}
