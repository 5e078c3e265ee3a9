/*
 * test_network.c - whose death ends the operator's session?
 *
 * In a network namespace of its own, with the other end of each session in another
 * one: real links and connections, and programs that bear a manager's name and hold
 * what it would hold.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "model/network.h"
#include "tap.h"

enum { PORT = 10222 };

static pid_t far;		/* lives in the namespace of the other ends */
static int listener;

/* A child that is there when this returns, whatever @fn has done for it. */
static pid_t spawn(void (*fn)(const char *arg), const char *arg)
{
	pid_t pid;
	int p[2];
	char c;

	fflush(stdout);
	if (pipe(p))
		exit(9);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fn(arg);
		(void)!write(p[1], "", 1);
		for (;;)
			pause();
	}
	close(p[1]);
	(void)!read(p[0], &c, 1);
	close(p[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void enter_far(void)
{
	char path[48];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", far);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		_exit(9);
	close(fd);
}

static void be_far(const char *arg)
{
	(void)arg;
	if (unshare(CLONE_NEWNET) || sh("ip link set lo up"))
		_exit(9);
}

/* --- sessions ------------------------------------------------------------ */

static void be_forwarder(const char *to)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	char ip[64];
	const char *scope = strchr(to, '%');
	int fd;

	snprintf(ip, sizeof(ip), "%.*s", (int)strcspn(to, "%"), to);
	inet_pton(AF_INET6, ip, &a.sin6_addr);
	a.sin6_scope_id = scope ? if_nametoindex(scope + 1) : 0;
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)))
		_exit(9);
}

static void be_client(const char *to)
{
	enter_far();
	be_forwarder(to);
}

struct session {
	pid_t client;
	int fd;
};

static struct session take(pid_t client, const char *to)
{
	struct session s = { .client = client };
	struct pollfd p = { .fd = listener, .events = POLLIN };

	s.fd = poll(&p, 1, 10000) == 1 ? accept(listener, NULL, NULL) : -1;
	ok(s.fd >= 0, "a session to %s", to);
	return s;
}

static struct session come_in(const char *to)
{
	return take(spawn(be_client, to), to);
}

static struct session come_in_by_lo(void)
{
	return take(spawn(be_forwarder, "::1"), "::1");
}

static void leave(struct session s)
{
	close(s.fd);	/* first, so that the other end is not the one that waits */
	end(s.client);
}

static void listen_for_sessions(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };

	listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&a, sizeof(a)) || listen(listener, 5))
		exit(9);
}

/* --- managers ------------------------------------------------------------ */

static void be_named(const char *name)
{
	prctl(PR_SET_NAME, name);
}

static int tun_open(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr))
		_exit(9);
	return fd;
}

static void relay(int a, int b)
{
	struct pollfd p[2] = { { .fd = a, .events = POLLIN }, { .fd = b, .events = POLLIN } };
	char buf[4096];
	ssize_t n;

	while (poll(p, 2, -1) > 0) {
		n = read(a, buf, sizeof(buf));
		if (n > 0)
			(void)!write(b, buf, (size_t)n);
		n = read(b, buf, sizeof(buf));
		if (n > 0)
			(void)!write(a, buf, (size_t)n);
	}
}

/* Its tun9 is ours, its tun8 the other side's. */
static void be_openvpn(const char *arg)
{
	int ours, theirs, ready[2];
	char c;

	(void)arg;
	prctl(PR_SET_NAME, "openvpn");
	ours = tun_open("tun9");
	sh("ip addr add fd09::1/64 dev tun9 nodad; ip link set tun9 up");
	if (pipe(ready))
		_exit(9);
	if (fork()) {
		/* no session finds its way before the other side is up */
		close(ready[1]);
		(void)!read(ready[0], &c, 1);
		close(ready[0]);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "relay");
	enter_far();
	theirs = tun_open("tun8");
	sh("ip addr add fd09::2/64 dev tun8 nodad; ip link set tun8 up");
	close(ready[1]);
	relay(ours, theirs);
	_exit(0);
}

static void be_supplicant(const char *link)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_PAE),
				 .sll_ifindex = (int)if_nametoindex(link) };
	int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_PAE));

	prctl(PR_SET_NAME, "wpa_supplicant");
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)))
		_exit(9);
}

/* --- what is said of them ------------------------------------------------ */

static void is_said(int port, pid_t pid, bool needed, const char *link, const char *what)
{
	struct network net = { 0 };
	struct error err;
	size_t i;

	if (network_read(&net, port, &err) < 0) {
		ok(false, "%s: the network could not be read", what);
		return;
	}
	for (i = 0; i < net.nmgr && net.mgr[i].pid != pid; i++)
		;
	if (i == net.nmgr)
		ok(false, "%s: pid %d is not seen", what, (int)pid);
	else
		ok(net.mgr[i].needed == needed && !strcmp(net.mgr[i].link, link), "%s (%s %s%s)", what,
		   net.mgr[i].name, net.mgr[i].link, net.mgr[i].needed ? " needed" : "");
	network_free(&net);
}

static void test_vpn(void)
{
	pid_t vpn, idle;
	struct session s;

	if (access("/dev/net/tun", R_OK | W_OK)) {
		ok(true, "VPN # SKIP no /dev/net/tun");
		return;
	}
	s = come_in("::ffff:10.1.0.1");
	vpn = spawn(be_openvpn, NULL);
	idle = spawn(be_named, "tailscaled");
	is_said(PORT, vpn, false, "tun9", "a VPN that the session does not come through");
	is_said(0, vpn, true, "tun9", "is needed where that cannot be told");
	is_said(PORT, idle, false, "", "another one without a link of its own");
	leave(s);
	is_said(PORT, vpn, true, "tun9", "no session: it cannot be told");
	s = come_in_by_lo();
	is_said(PORT, vpn, true, "tun9", "a session by a forwarded port: it cannot be told");
	leave(s);
	s = come_in("fd09::1");
	is_said(PORT, vpn, true, "tun9", "a session through it");
	is_said(PORT, idle, false, "", "the other one has nothing to do with it");
	leave(s);
	end(idle);
	end(vpn);
}

static void test_supplicant(void)
{
	pid_t wired = spawn(be_supplicant, "v0");
	static const struct {
		const char *to, *what;
		bool needed;
	} row[] = {
		{ "::ffff:10.1.0.1", "802.1X on the link", true },
		{ "fd01::1", "and IPv6", true },
		{ "fe80::1%v1", "and a link-local address", true },
		{ "::ffff:10.7.0.1", "on the device of a macvlan", true },
		{ "::ffff:10.2.0.1", "on another link", false },
	};
	struct session s;
	size_t i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		s = come_in(row[i].to);
		is_said(PORT, wired, row[i].needed, "v0", row[i].what);
		leave(s);
	}
	end(wired);
	wired = spawn(be_supplicant, "w0");
	s = come_in("::ffff:10.2.0.1");
	is_said(PORT, wired, true, "w0", "on a port of the bridge");
	leave(s);
	end(wired);
}

static void test_ipsec(void)
{
	pid_t charon = spawn(be_named, "charon");
	struct session s = come_in("::ffff:10.1.0.1");

	if (sh("ip xfrm policy add src 10.8.0.0/24 dst 10.9.0.0/24 dir out "
	       "tmpl src 10.1.0.1 dst 10.1.0.2 proto esp mode tunnel")) {
		ok(true, "IPsec # SKIP this kernel has none");
	} else {
		is_said(PORT, charon, true, "", "IPsec is in use");
		sh("ip xfrm policy deleteall");
		is_said(PORT, charon, false, "", "and not any more");
	}
	leave(s);
	end(charon);
}

static bool is_filtered(void)
{
	struct network net = { 0 };
	bool filtered = network_read(&net, PORT, &(struct error){ 0 }) == 0 && net.filtered;

	network_free(&net);
	return filtered;
}

static void test_filter(void)
{
	static const struct {
		const char *rules, *what;
		bool filtered;
	} row[] = {
		{ "", "without rules", false },
		{ "chain a { type filter hook output priority 0; policy drop; }", "what goes out", false },
		{ "chain a { type filter hook input priority 0; policy accept; }", "a chain without rules", false },
		{ "chain a { type filter hook input priority 0; policy accept; tcp dport 22 accept; }", "with a rule", true },
		{ "chain a { type filter hook input priority 0; policy drop; }", "that drops everything", true },
		{ "chain a { type filter hook prerouting priority -300; tcp dport 1022 drop; }", "before routing", true },
		{ "chain a { type nat hook prerouting priority -100; tcp dport 80 redirect to :8080; }", "nat", false },
	};

	if (sh("nft add table inet t 2>/dev/null")) {
		ok(true, "a packet filter # SKIP no nft, or no nf_tables");
		return;
	}
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		sh("nft 'flush ruleset; table inet t { %s\n}'", row[i].rules);
		ok(is_filtered() == row[i].filtered, "a packet filter: %s", row[i].what);
	}
	sh("nft flush ruleset");
}

static void make_links(void)
{
	int r = sh("ip link set lo up; set -e; far='nsenter -n -t %d'; "
		   "ip link add v0 type veth peer name v1 netns %d; ip link add w0 type veth peer name w1 netns %d; "
		   "ip link add v0.7 link v0 type macvlan; $far ip link add v1.7 link v1 type macvlan; "
		   "ip link add b0 type bridge; ip link set w0 master b0; "
		   "ip addr add 10.1.0.1/24 dev v0; $far ip addr add 10.1.0.2/24 dev v1; "
		   "ip addr add fd01::1/64 dev v0 nodad; $far ip addr add fd01::2/64 dev v1 nodad; "
		   "ip addr add fe80::1/64 dev v0 nodad; $far ip addr add fe80::2/64 dev v1 nodad; "
		   "ip addr add 10.7.0.1/24 dev v0.7; $far ip addr add 10.7.0.2/24 dev v1.7; "
		   "ip addr add 10.2.0.1/24 dev b0; $far ip addr add 10.2.0.2/24 dev w1; "
		   "for l in v0 v0.7 w0 b0; do ip link set $l up; done; "
		   "for l in v1 v1.7 w1; do $far ip link set $l up; done", far, far, far);

	if (r) {
		printf("1..0 # SKIP this kernel lacks veth, macvlan or bridge\n");
		exit(0);
	}
}

int main(void)
{
	if (geteuid() || unshare(CLONE_NEWNET)) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	far = spawn(be_far, NULL);
	make_links();
	listen_for_sessions();
	test_vpn();
	test_supplicant();
	test_ipsec();
	test_filter();
	return done_testing();
}
