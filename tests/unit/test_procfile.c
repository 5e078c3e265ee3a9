/* test_procfile.c - stat lines with hostile names, /proc/swaps, words for holders */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "model/holders.h"
#include "model/network.h"
#include "model/procfile.h"
#include "model/swaps.h"
#include "tap.h"

#define REST " S 41 712 712 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 987654 1234 99 18446744073709551615 1"

static void test_stat(void)
{
	static const char *const comms[] = {
		"bash", "", ") (", "a) S 1 1 (b", "new\nline", "(((", ")))", "tab\tand\033[1m",
	};
	struct proc_stat st;
	char text[512];
	size_t i;

	for (i = 0; i < sizeof(comms) / sizeof(comms[0]); i++) {
		snprintf(text, sizeof(text), "712 (%s)" REST, comms[i]);
		is_int(proc_stat_parse(text, &st), 0, "stat %zu parsed", i);
		is_str(st.comm, comms[i], "its comm");
		is_int(st.start, 987654, "its start time");
		is_int(st.ppid, 41, "its parent");
		is_int(st.nthreads, 3, "its threads");
		is_int(st.state, 'S', "its state");
		is_int(st.flags, 4194560, "its flags");
	}
	is_int(proc_stat_parse("", &st), -EINVAL, "an empty stat is refused");
	is_int(proc_stat_parse("712 bash S 1", &st), -EINVAL, "one without parentheses");
	is_int(proc_stat_parse("712 )bash( S 1", &st), -EINVAL, "one with them the wrong way");
	is_int(proc_stat_parse("712 (bash) S 1 2", &st), -EINVAL, "a short one");
	ok(process_start(getpid()) > 0, "our own start time");
	is_int(process_start(0), 0, "no process, no start time");
}

static void test_holds_text(void)
{
	char buf[64];

	is_str(holds_text(0, buf, sizeof(buf)), "", "nothing held");
	is_str(holds_text(HOLD_FD | HOLD_CWD, buf, sizeof(buf)), "cwd fd", "fixed order");
	is_str(holds_text(~0U, buf, sizeof(buf)), "sock scm uring fanotify cwd root exe fd map ns dev ?",
	       "all of them fit into 64 bytes");
	is_str(holder_kind_name(HOLDER_MOUNTNS), "mountns", "kind names");
	is_str(way_out_name(OUT_LOOP_DETACH), "detach", "way out names");
}

static void test_swaps(void)
{
	static const char text[] =
		"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
		"/dev/vda5                               partition\t998396\t\t12\t\t-2\n"
		"/a\\040b/swap\\040file                      file\t\t1024\t\t0\t\t-3\n"
		"/a\\012b\r\v\x9b                       file\t\t1024\t\t0\t\t-4\n";
	struct swap *swap;
	unsigned n;

	is_int(swaps_parse(text, &swap, &n), 0, "swaps parsed");
	is_int(n, 3, "three of them");
	is_str(swap[0].path, "/dev/vda5", "a partition");
	is_str(swap[0].type, "partition", "as such");
	is_int(swap[0].size, 998396 * 1024LL, "its size");
	is_int(swap[0].used, 12 * 1024, "its use");
	is_str(swap[1].path, "/a b/swap file", "a file with blanks");
	is_str(swap[2].path, "/a\nb\r\v\x9b", "a file whose name has what scanf would end a word at");
	free(swap);
	is_int(swaps_parse("", &swap, &n), 0, "no swap");
	is_int(n, 0, "none");
	free(swap);
}

static void test_managers(void)
{
	bool needed = true;

	ok(network_manager_name("systemd-network", &needed) && !needed,
	   "systemd-networkd carries addresses, which outlive it");
	ok(network_manager_name("wpa_supplicant", &needed) && needed,
	   "wpa_supplicant's death is the network's");
	ok(!network_manager_name("postgres", &needed), "postgres is no manager");
}

int main(void)
{
	test_stat();
	test_holds_text();
	test_swaps();
	test_managers();
	return done_testing();
}
