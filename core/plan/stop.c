/*
 * stop.c - let whoever starts the services stop them, in its own order
 *
 * What carries the network or a disk stays, and so does what belongs to the end
 * of a shutdown: no process is killed here, nothing is unmounted, nothing halts.
 */
#include <stdlib.h>
#include <string.h>

#include "plan/common.h"

/*
 * Units whose stop would take the network or our knowledge of the machine
 * along, or that come back by themselves when they are stopped.
 */
static bool unit_stays(const struct holder *h)
{
	static const char *const stay[] = {
		"dbus.service", "systemd-journald.service", "systemd-udevd.service",
		"systemd-logind.service", "NetworkManager.service",
		"systemd-networkd.service", "systemd-resolved.service",
		"networking.service", "init.scope",
	};
	size_t i, len = h->unit ? strlen(h->unit) : 0;

	if (h->kind != HOLDER_PROCESS || h->out != OUT_TERM ||
	    len < 9 || strcmp(h->unit + len - 8, ".service") || h->unit[0] == '-')
		return true;
	/* systemd.unit(5); a user's control group may have any name, and systemctl takes patterns */
	if (h->unit[strspn(h->unit, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "0123456789:-_.\\@")])
		return true;
	for (i = 0; i < sizeof(stay) / sizeof(stay[0]); i++)
		if (!strcmp(h->unit, stay[i]))
			return true;
	return !strncmp(h->unit, "ifup@", 5) || !strncmp(h->unit, "user@", 5);
}

/*
 * Service scripts that are left alone: the network's, those of storage, and the
 * last ones of a shutdown. dbus and udev serve both.
 */
static const char *const scripts_stay[] = {
	"networking", "ifupdown", "ifupdown-clean", "network", "network-manager",
	"NetworkManager", "wicd", "connman", "dhcpcd", "dhclient", "wpasupplicant",
	"wpa_supplicant", "iwd", "pppd-dns", "openvpn", "wg-quick", "loopback", "net.lo",
	"dbus", "udev", "eudev", "udevd", "mdev", "devfs", "sysfs", "procfs", "dmesg", "cgroups",
	"lvm2", "lvm2-lvmpolld", "lvm2-monitor", "lvm", "mdadm", "mdadm-waitidle", "mdraid",
	"cryptdisks", "cryptdisks-early", "dmcrypt", "dmeventd", "multipath-tools",
	"multipath-tools-boot", "multipathd", "open-iscsi", "iscsid", "nbd-client", "zfs-mount",
	"zfs-import", "drbd", "rpcbind", "nfs-common", "nfsclient",
	"root", "localmount", "netmount", "swap", "fsck", "checkroot.sh", "checkfs.sh",
	"mountall.sh", "mountnfs.sh", "mountkernfs.sh", "mountdevsubfs.sh", "umountnfs.sh",
	"umountfs", "umountroot", "mount-ro", "sendsigs", "killprocs", "halt", "reboot", "single",
};

/* The names that stay are the script's arguments. */
#define STAYS "stays() { n=$1; shift; for k; do [ \"$n\" != \"$k\" ] || return 0; done; return 1; }\n"

/* As rc(8) goes through runlevel 0: the links' names are the order. */
#define STOP_SYSV \
	"for s in /etc/rc0.d/K*; do n=${s##*/K??}; [ -x \"$s\" ] || continue\n" \
	"stays \"$n\" \"$@\" || { echo \"stopping $n\"; \"$s\" stop || echo \"$n: status $?\"; }; done\n"

/* rc-depend lists what is needed before what needs it: from its end, then. */
#define STOP_OPENRC \
	"PATH=$PATH:/lib/rc/bin:/usr/libexec/rc/bin:/libexec/rc/bin l=\n" \
	"cd /run/openrc/started || exit 1\n" \
	"for n in $(rc-depend -t ineed -t iuse -t iafter -- *); do l=\"$n $l\"; done\n" \
	"for n in $l; do [ -e \"$n\" ] || continue\n" \
	"stays \"$n\" \"$@\" || rc-service --nodeps \"$n\" stop || echo \"$n: status $?\"; done\n"

/* As stage 3: what runsv watches, then what System V scripts have started. */
#define STOP_RUNIT \
	"for s in /etc/service/*; do n=${s##*/}; [ -e \"$s\" ] || continue\n" \
	"stays \"$n\" \"$@\" || { echo \"stopping $n\"; sv -w 25 force-stop \"$s\" || echo \"$n: status $?\"; }\n" \
	"done\n"

static const struct {
	enum rc_kind rc;
	const char *who, *script, *command;
} stops[] = {
	{ RC_SYSV, "sysv-rc", STAYS STOP_SYSV,
	  "chroot /.. sh -c 'for s in /etc/rc0.d/K*; do $s stop; done'  # but network and disks" },
	{ RC_OPENRC, "OpenRC", STAYS STOP_OPENRC,
	  "chroot /.. rc-service SERVICE stop  # each, but network and disks" },
	{ RC_RUNIT, "runit", STAYS STOP_RUNIT STOP_SYSV,
	  "chroot /.. sv force-stop SERVICE...  # but network and disks; then /etc/rc0.d" },
};

/* Append @word to argv unless it is there; false without memory. */
static bool add_word(char ***argv, size_t *n, const char *word)
{
	char **words;
	size_t i;

	for (i = 0; i < *n; i++)
		if (!strcmp((*argv)[i], word))
			return true;
	words = reallocarray(*argv, *n + 2, sizeof(*words));
	if (!words)
		return false;
	*argv = words;
	words[*n] = strdup(word);
	words[*n + 1] = NULL;
	return words[(*n)++] != NULL;
}

static void plan_stop_units(struct plan *plan, const struct snapshot *s)
{
	char **argv = NULL;
	size_t n = 0, i;
	struct op *op;
	bool ok = add_word(&argv, &n, "systemctl") && add_word(&argv, &n, "stop");

	for (i = 0; ok && i < s->holders.n; i++)
		if (!unit_stays(&s->holders.row[i]))
			ok = add_word(&argv, &n, s->holders.row[i].unit);
	if (!ok)
		plan->oom = true;
	op = plan_add(plan, OP_STOP_UNITS, DANGER_LOSES, 180,
		      "let systemd stop %zu service%s in its own order", n > 2 ? n - 2 : 0,
		      n == 3 ? "" : "s");
	op->skippable = true;
	plan_outline(plan, op, "chroot /.. systemctl stop UNIT...");
	op->argv = argv;
}

static void plan_stop_script(struct plan *plan, size_t row)
{
	char **argv = NULL;
	size_t n = 0, i;
	struct op *op;
	bool ok = add_word(&argv, &n, "/bin/sh") && add_word(&argv, &n, "-c") &&
		  add_word(&argv, &n, stops[row].script) && add_word(&argv, &n, "careen");

	for (i = 0; ok && i < sizeof(scripts_stay) / sizeof(scripts_stay[0]); i++)
		ok = add_word(&argv, &n, scripts_stay[i]);
	if (!ok)
		plan->oom = true;
	op = plan_add(plan, OP_STOP_UNITS, DANGER_LOSES, 180,
		      "let %s stop its services in their order", stops[row].who);
	op->skippable = true;
	plan_set(plan, &op->command, "%s", stops[row].command);
	op->outline = true;
	op->argv = argv;
}

bool plan_stop_services(struct plan *plan, const struct snapshot *s)
{
	size_t i;

	if (s->init.rc == RC_SYSTEMD && !s->init.frozen) {
		plan_stop_units(plan, s);
		return true;
	}
	for (i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		if (stops[i].rc == s->init.rc) {
			plan_stop_script(plan, i);
			return true;
		}
	return false;
}
