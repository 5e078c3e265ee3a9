/* unix.c - unix sockets: the text of /proc/net/unix, and sock_diag(7) */
#include "model/unix_sockets.c"

#include "fuzz.h"
#include "fuzz_netlink.h"
#include "fuzz_scan.h"

void fuzz_one(char *text, size_t size)
{
	struct scan sc = *fuzz_scan();
	struct nlmsghdr *nh;

	sc.socks = calloc(1, sizeof(*sc.socks));
	read_text(&sc, AT_FDCWD);
	nh = fuzz_message(text, size, SOCK_DIAG_BY_FAMILY, sizeof(struct unix_diag_msg));
	take_answer(&sc, (char *)nh, (ssize_t)nh->nlmsg_len);
	free(nh);
	unix_sockets_free(sc.socks);
}
