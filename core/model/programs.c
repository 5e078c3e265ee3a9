/* programs.c - which programs are here: by name, as a shell would find them */
#include "model/programs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/text.h"

/* The PATH of a tool [run/spawn.c]. */
static const char *const dirs[] = {
	"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
};

/* A link to it, hard or symbolic. */
static bool is_busybox(const struct stat *st)
{
	struct stat box;

	return stat("/usr/bin/busybox", &box) == 0 && box.st_dev == st->st_dev &&
	       box.st_ino == st->st_ino;
}

static void add_dir(FILE *out, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat st;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 &&
		    S_ISREG(st.st_mode) && st.st_mode & 0111 && !is_busybox(&st))
			fprintf(out, "%s ", entry->d_name);
	if (dir)
		closedir(dir);
}

int programs_read(struct programs *p)
{
	char *names = NULL;
	size_t size = 0, i;
	FILE *out = open_memstream(&names, &size);

	if (!out)
		return -ENOMEM;
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		add_dir(out, dirs[i]);
	if (fclose(out)) {
		free(names);
		return -ENOMEM;
	}
	p->names = names;
	return 0;
}

void programs_free(struct programs *p)
{
	free(p->names);
	p->names = NULL;
}

bool programs_have(const struct programs *p, const char *name)
{
	return !p->names || text_has_word(p->names, name);
}
