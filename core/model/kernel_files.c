/*
 * kernel_files.c - files and directories that the kernel itself keeps: layers of
 * an overlay, exports of its NFS server, interpreters of binfmt_misc
 *
 * Process accounting is not among them: the kernel ends it by itself when the
 * file system is unmounted [kernel/acct.c acct_pin_kill()].
 */
#include "model/kernel_holders.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "paths.h"

/* A path as the old root's programs say it, made one that we can look at. */
static const char *old_path(const struct scan *sc, const char *path, char *buf, size_t size)
{
	return text_fmt(buf, size, "%s%s", sc->strip ? CAREEN_OLDROOT : "", path);
}

/* One that leads nowhere (deleted, or said from inside a container) counts. */
static bool old_path_held(const struct scan *sc, const char *path)
{
	char where[PATH_MAX];

	return kernel_path_held(sc, old_path(sc, path, where, sizeof(where))) != 0;
}

/* --- overlay ------------------------------------------------------------- */

/* A word of a ":"-separated list of layers; "\:" is a colon of a name. */
static const char *next_layer(const char *at, char *buf, size_t size)
{
	size_t n = 0;

	for (; *at && *at != ':' && *at != ','; at++) {
		at += *at == '\\' && at[1];
		if (n + 1 < size)
			buf[n++] = *at;
	}
	buf[n] = '\0';
	return *at == ':' ? at + 1 : NULL;
}

/* The option's value if it names layers, else NULL. */
static const char *layers_of(const char *option)
{
	static const char *const names[] = { "upperdir=", "lowerdir=", "lowerdir+=" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(option, names[i], strlen(names[i])))
			return option + strlen(names[i]);
	return NULL;
}

/* The first layer of @m that is held, into @buf. Relative ones count. */
static bool overlay_held(const struct scan *sc, const struct mount *m, char *buf, size_t size)
{
	const char *option = m->fs_options, *at;

	for (; option; option = strchr(option, ',') ? strchr(option, ',') + 1 : NULL) {
		for (at = layers_of(option); at;) {
			at = next_layer(at, buf, size);
			if (*buf && (*buf != '/' || old_path_held(sc, buf)))
				return true;
		}
	}
	return false;
}

void kernel_overlays(struct scan *sc, const struct mounts *ms)
{
	char layer[PATH_MAX];
	size_t i;

	for (i = ms->n_own; i < ms->n; i++)
		if (!strcmp(ms->row[i].fstype, "overlay") &&
		    overlay_held(sc, &ms->row[i], layer, sizeof(layer)))
			scan_hold_mount(sc, &ms->row[i]);
}

static void all_overlays(const struct scan *sc, const struct mounts *ms, holder_emit emit,
			 void *arg)
{
	char layer[PATH_MAX], what[PATH_MAX + 16];
	size_t i;

	for (i = 0; i < ms->n_own; i++) {
		const struct mount *m = &ms->row[i];
		struct holder h = { .kind = HOLDER_OVERLAY, .out = OUT_UMOUNT, .dev = m->dev,
				    .cmdline = "", .unit = "", .what = what };

		if (strcmp(m->fstype, "overlay") || !overlay_held(sc, m, layer, sizeof(layer)))
			continue;
		h.command = (char *)(m->old ? mount_path(m) : m->target);
		text_fmt(what, sizeof(what), "layer %s", layer);
		emit(arg, &h);
	}
}

/* --- binfmt_misc --------------------------------------------------------- */

/* "enabled", "interpreter /usr/bin/x", "flags: OCF", "offset 0", ... */
static void one_binfmt(const struct scan *sc, const struct mounts *ms, const char *dir,
		       const char *name, holder_emit emit, void *arg)
{
	struct holder h = { .kind = HOLDER_BINFMT, .out = OUT_BINFMT, .command = (char *)name,
			    .cmdline = "", .unit = "" };
	char path[PATH_MAX], *text, *interpreter, *flags;

	text_fmt(path, sizeof(path), "%s/%s", dir, name);
	if (file_read_all(AT_FDCWD, path, &text, NULL) < 0)
		return;
	interpreter = strstr(text, "interpreter ");
	flags = strstr(text, "flags: ");
	if (interpreter && flags) {
		interpreter += strlen("interpreter ");
		interpreter[strcspn(interpreter, "\n")] = '\0';
		flags[strcspn(flags, "\n")] = '\0';
		if (strchr(flags + strlen("flags: "), 'F') && old_path_held(sc, interpreter)) {
			h.what = interpreter;
			h.dev = kernel_file_dev(ms, old_path(sc, interpreter, path, sizeof(path)));
			emit(arg, &h);
		}
	}
	free(text);
}

static void all_binfmts(const struct scan *sc, const struct mounts *ms, holder_emit emit,
			void *arg)
{
	struct dirent *entry;
	char path[PATH_MAX];
	DIR *dir = NULL;
	size_t i;

	/* Mounted in several places, it is the same list in all of them. */
	for (i = 0; i < ms->n_own && !dir; i++) {
		if (strcmp(ms->row[i].fstype, "binfmt_misc"))
			continue;
		text_fmt(path, sizeof(path), "%s%s", sc->reach, ms->row[i].target);
		dir = opendir(path);
	}
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "register") &&
		    strcmp(entry->d_name, "status"))
			one_binfmt(sc, ms, path, entry->d_name, emit, arg);
	if (dir)
		closedir(dir);
}

/* --- nfsd ---------------------------------------------------------------- */

/* What the kernel has in its cache, not what /etc/exports says: "PATH	CLIENT(OPTIONS)". */
static void all_exports(const struct scan *sc, const struct mounts *ms, holder_emit emit,
			void *arg)
{
	char *text, *line, *rest = NULL, *client;
	struct holder h = { .kind = HOLDER_NFSD, .out = OUT_NFSD, .cmdline = "", .unit = "" };

	if (file_read_all(AT_FDCWD, "/proc/fs/nfs/exports", &text, NULL) < 0)
		return;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		client = strchr(line, '\t');
		if (*line != '/' || !client)
			continue;
		*client++ = '\0';
		client[strcspn(client, "(")] = '\0';
		text_unoctal(line);
		if (kernel_path_held(sc, line) == 0)
			continue;
		h.command = client;
		h.what = (char *)scan_strip(sc, line);
		h.dev = kernel_file_dev(ms, line);
		emit(arg, &h);
	}
	free(text);
}

void kernel_files(const struct scan *sc, const struct mounts *ms, holder_emit emit, void *arg)
{
	all_overlays(sc, ms, emit, arg);
	all_binfmts(sc, ms, emit, arg);
	all_exports(sc, ms, emit, arg);
}
