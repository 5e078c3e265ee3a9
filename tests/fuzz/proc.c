/* proc.c - other files of /proc: who a process is, the machine, PID 1, flocks */
#include "model/process.c"

#include "fuzz.h"
#include "model/host.h"
#include "model/init.h"
#include "model/jobbrief.h"
#include "model/rescue.h"

pid_t __wrap_rescue_lifeline(void);

/* It would ask every process of this machine for its name, each time. */
pid_t __wrap_rescue_lifeline(void)
{
	return 4711;
}

void fuzz_one(char *text, size_t size)
{
	struct init init;
	struct host host;
	char buf[64];

	(void)size;
	process_cmdline(1, buf, sizeof(buf));
	process_unit(1, buf, sizeof(buf));
	file_is_locked("/");
	init_read(&init, NULL);
	memset(&host, 0, sizeof(host));
	host_read(&host);
	find_user(text, 1000, buf, sizeof(buf));
}
