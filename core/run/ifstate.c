/*
 * ifstate.c - ifupdown's list of what it has configured, over a resume
 *
 * The interfaces keep their addresses, and ifup fails on a static one that is
 * there ("Address already assigned") unless its list in /run says that it is
 * configured. One with a lease, or with a DHCP client that runs for it, is left
 * out: its client is to be started.
 *
 * /run/network/ifstate has "ens3=ens3" a line, /run/network/ifstate.ens3 the same
 * of one interface, without its name [ifupdown state.c].
 */
#include "run/ifstate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "model/network.h"
#include "model/process.h"
#include "model/procfile.h"
#include "paths.h"
#include "run/exec.h"

#define STATE	CAREEN_NETSTATE "/ifstate"

bool ifstate_is_leased(char (*leased)[IF_NAMESIZE], size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(leased[i], name))
			return true;
	return false;
}

/* Is there a DHCP client with that interface among its arguments? */
static bool has_client(const char *name)
{
	char path[48], comm[32], args[1024];
	bool needed, found = false;
	pid_t *pid;
	size_t i, n;

	if (pids_list(AT_FDCWD, "/proc", &pid, &n) < 0)
		return false;
	for (i = 0; i < n && !found; i++) {
		text_fmt(path, sizeof(path), "/proc/%d/comm", pid[i]);
		if (file_read_line(AT_FDCWD, path, comm, sizeof(comm)) < 0 ||
		    !network_manager_name(comm, &needed) || needed)
			continue;
		process_cmdline(pid[i], args, sizeof(args));
		found = text_has_word(args, name);
	}
	free(pid);
	return found;
}

static int put(const char *path, const char *text, struct error *err)
{
	int r = write_whole(path, text, strlen(text));

	return r < 0 ? error_set(err, r, "write", path, NULL, NULL) : 0;
}

/* "ens3=lan" in @line, which is changed. */
static int keep_line(FILE *all, char *line, struct error *err)
{
	char path[80], text[IFNAMSIZ * 4], *logical = strchr(line, '=');

	*logical++ = '\0';
	fprintf(all, "%s=%s\n", line, logical);
	text_fmt(path, sizeof(path), STATE ".%s", line);
	text_fmt(text, sizeof(text), "%s\n", logical);
	return put(path, text, err);
}

/*
 * Once a trip: at a second try no lease has an end any more. The resume takes it
 * away again.
 */
int ifstate_keep(char (*leased)[IF_NAMESIZE], size_t n, struct error *err)
{
	const char *root = old_root_path();
	char path[80], name[IF_NAMESIZE], *text, *line, *save = NULL, *kept = NULL;
	size_t size = 0;
	FILE *all;
	int r;

	if (access(STATE, F_OK) == 0)
		return 0;
	text_fmt(path, sizeof(path), "%s/run/network/ifstate", root);
	text = read_whole(path);
	if (!text)
		return 0;		/* there is no ifupdown */
	r = sys->mkdir(CAREEN_NETSTATE, 0755);
	all = open_memstream(&kept, &size);
	if ((r < 0 && r != -EEXIST) || !all)
		r = error_set(err, r < 0 ? r : ENOMEM, "make", CAREEN_NETSTATE, NULL, NULL);
	else
		r = 0;
	for (line = strtok_r(text, "\n", &save); line && r == 0; line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%15[^=/]=", name) == 1 && strchr(line, '=') &&
		    !ifstate_is_leased(leased, n, name) && !has_client(name))
			r = keep_line(all, line, err);
	if (all && fclose(all) != 0 && r == 0)
		r = error_set(err, ENOMEM, "keep", path, NULL, NULL);
	if (r == 0)
		r = put(STATE, kept, err);
	free(kept);
	free(text);
	return r;
}

void ifstate_clear(void)
{
	char path[80], name[IF_NAMESIZE], *text = read_whole(STATE), *line, *save = NULL;

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%15[^=/]", name) == 1)
			unlink(text_fmt(path, sizeof(path), STATE ".%s", name));
	unlink(STATE);
	rmdir(CAREEN_NETSTATE);
	free(text);
}
