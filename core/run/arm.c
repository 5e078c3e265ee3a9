/*
 * arm.c - open the rescue's port for a while: the lifeline (initramfs/port.c) reads
 * from a file until when
 */
#include "run/arm.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/sys.h"
#include "base/text.h"
#include "model/lifeline.h"
#include "model/rescue.h"
#include "paths.h"
#include "run/exec.h"

#define WAIT_MS 20000

/* Where the lifeline's "/" is: the normal system does not see the rescue otherwise. */
static int write_until(pid_t lifeline, uint32_t seconds, struct error *err)
{
	char path[80], text[32];
	int r;

	text_fmt(path, sizeof(path), "/proc/%d/root" CAREEN_ARMED, (int)lifeline);
	text_fmt(text, sizeof(text), "%lld\n", seconds ? (long long)(now_ms() / 1000 + seconds) : 0LL);
	r = write_whole(path, text, strlen(text));
	if (r < 0)
		return error_set(err, r, "write", path, NULL, "Look at careen status: does the lifeline run?");
	/* what wakes it anyway */
	sys->kill(lifeline, SIGCHLD);
	return 0;
}

static int wait_for_port(bool open, struct error *err)
{
	int64_t until = now_ms() + WAIT_MS;
	struct lifeline ll;

	do {
		if (lifeline_read(&ll, err) == 0 && !ll.port == !open)
			return 0;
		sleep_ms(200);
	} while (now_ms() < until);
	if (open)
		return error_set(err, ETIMEDOUT, "open", "the port", "the rescue's ssh server does not listen",
				 "Look at " CAREEN_RUN "/dropbear.log in the rescue: is the port taken?");
	return error_set(err, EBUSY, "close", "the port", ll.sessions ?
			 "somebody is logged in through it" : "the rescue's ssh server still listens",
			 "It closes a minute after the last session has ended, unless the system is detached.");
}

int arm_port(uint32_t seconds, struct error *err)
{
	struct lifeline ll;
	int r = lifeline_read(&ll, err);

	if (r < 0)
		return r;
	if (!ll.pid)
		return error_set(err, ENOENT, "arm", "", "there is no lifeline here",
				 "careen enter makes a rescue.");
	if (!ll.armed_only)
		return error_set(err, EALREADY, "arm", "", "the port is always open",
				 "port_open=armed in careen.conf closes it; then make the rescue anew.");
	r = write_until(ll.pid, seconds, err);
	return r < 0 ? r : wait_for_port(seconds, err);
}
