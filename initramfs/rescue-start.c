/*
 * rescue-start.c - make the tree that it is chrooted into the rescue of a
 * running system; what run-init does in an initramfs, without an init to start
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common.h"
#include "setup.h"

static int start(void)
{
	int ret = setup_check();

	if (!ret)
		ret = setup_mounts();
	if (ret)
		return ret;
	note_log(RUN_DIR "/run-init.log", 65536);
	ret = setup_files();
	if (!ret)
		ret = setup_lifeline();
	if (!ret)
		note("rescue ready");
	return ret;
}

int main(void)
{
	int ret;

	note_init("careen");
	if (!root_is_rescue()) {
		dprintf(STDERR_FILENO, "rescue-start: it is for `careen enter`, chrooted into a tree in RAM\n");
		return 2;
	}
	ret = start();
	if (!ret)
		return 0;
	note("the rescue cannot be started: %s", strerror(-ret));
	setup_undo();
	return 1;
}
