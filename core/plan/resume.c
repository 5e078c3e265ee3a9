/* resume.c - the old root comes back, and PID 1 is its init again */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "model/stack.h"
#include "plan/common.h"
#include "plan/tool.h"

/* What a tool has half written would be mounted. */
static const struct holder *still_at_work(const struct snapshot *s)
{
	return snapshot_unmounted(s) ? tool_at_work(s, NULL) : NULL;
}

static void resume_state(const struct snapshot *s, struct step_state *ret)
{
	const struct holder *h = still_at_work(s);

	if (state_blocked(s, ret))
		return;
	if (h)
		state_set(ret, STEP_BLOCKED, 1, "holders", "%.40s, pid %d, is still at work. "
			  "Wait until it has come to its end, or end it (kill %d); then give Repair what "
			  "was begun once more.", h->command, (int)h->pid, (int)h->pid);
	else if (snapshot_detached(s))
		state_set(ret, STEP_READY, 0, NULL, "Start the system again from %s.",
			  s->old.source[0] ? s->old.source : "its disk");
	else if (pid1_waits(s))
		state_set(ret, STEP_READY, 0, NULL, "Start the system again where it is; its disk was never left.");
	else if (old_root_moved(s))
		state_set(ret, STEP_READY, 0, NULL, "Put the old root back; PID 1 (%s) never left it.",
			  s->init.name);
	else
		state_set(ret, STEP_WAITING, 0, NULL, "Nothing to resume: the system is running.");
}

/* A file system that has to be there before init can be executed, as it was at detach. */
struct needed {
	const char *path;
	const char *source, *fstype, *uuid;
	const char *options;
};

/*
 * The device that carries it now: the same UUID, else the same path. Of a file
 * system and its copy on another disk, where it was. A member of an array or a
 * container is neither.
 */
static const struct blockdev *device_of(const struct snapshot *s, const struct needed *fs)
{
	const struct blockdev *b, *found = NULL;
	size_t i;

	for (i = 0; *fs->uuid && i < s->devs.n; i++) {
		b = &s->devs.row[i];
		if (b->uuid && !strcmp(b->uuid, fs->uuid) && !b->stacked &&
		    (!found || !strcmp(b->path, fs->source)))
			found = b;
	}
	if (found)
		return found;
	b = blockdevs_find(&s->devs, fs->source);
	return b && b->fstype && *b->fstype && !b->stacked ? b : NULL;
}

static struct op *add_mount(struct plan *plan, const struct needed *fs, const char *title)
{
	struct op *op = plan_add(plan, OP_MOUNT, DANGER_UNDOABLE, 120, "%s", title);

	plan_set(plan, &op->dst, CAREEN_OLDROOT "%s", strcmp(fs->path, "/") ? fs->path : "");
	return op;
}

/* It is in what was closed and is opened first: nobody knows its device yet. */
static void plan_mount_closed(struct plan *plan, const struct needed *fs)
{
	char title[200];
	struct op *op;

	text_fmt(title, sizeof(title), "mount %s (%s, UUID %s)", fs->path, fs->fstype, fs->uuid);
	op = add_mount(plan, fs, title);
	plan_set(plan, &op->src, "UUID=%s", fs->uuid);
	plan_set(plan, &op->fstype, "%s", fs->fstype);
	plan_set(plan, &op->options, "%s", fs->options);
	plan_command(plan, op, "mount -t %s -o %s UUID=%s %s", fs->fstype, fs->options,
		 fs->uuid, op->dst);
}

static struct op *plan_mount(struct plan *plan, const char *src, const char *dst,
			     const char *fstype, const char *options)
{
	struct op *op = plan_add(plan, OP_MOUNT, DANGER_UNDOABLE, 60, "mount %s (%s)",
				 dst + strlen(CAREEN_OLDROOT), fstype);

	plan_set(plan, &op->src, "%s", src);
	plan_set(plan, &op->dst, "%s", dst);
	plan_set(plan, &op->fstype, "%s", fstype);
	plan_set(plan, &op->options, "%s", options);
	plan_command(plan, op, "mount -t %s -o %s %s %s", fstype, options, src, dst);
	return op;
}

static void plan_mount_open(struct plan *plan, const struct needed *fs, const struct blockdev *b)
{
	char title[200], path[160];
	struct op *op;

	stack_path(b, path, sizeof(path));
	text_fmt(title, sizeof(title), "mount %s (%s on %s)", fs->path, b->fstype, path);
	op = add_mount(plan, fs, title);
	op->dev = (struct dev_id){ .dev = b->dev, .diskseq = b->diskseq };
	plan_set(plan, &op->src, "%s", path);
	plan_set(plan, &op->fstype, "%s", b->fstype);
	/* options of one file system mean nothing to another */
	plan_set(plan, &op->options, "%s", strcmp(b->fstype, fs->fstype) ? "rw" : fs->options);
	plan_command(plan, op, "mount -t %s -o %s %s %s", b->fstype, op->options, path,
		 op->dst);
}

/* It may be on what could not be looked at. */
static int refuse_unseen(const struct snapshot *s, struct error *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < s->devs.n; i++)
		r = tool_refuse_silent(s, &s->devs.row[i], "resume", err);
	return r;
}

/* @opened: a layer that was closed is opened before. */
static int plan_mount_needed(struct plan *plan, const struct snapshot *s, const struct needed *fs,
			     bool opened, struct error *err)
{
	const struct blockdev *b = device_of(s, fs);
	int r = b ? 0 : refuse_unseen(s, err);

	if (r < 0)
		return r;
	if (b)
		plan_mount_open(plan, fs, b);
	else if (opened && *fs->uuid)
		plan_mount_closed(plan, fs);
	else
		return error_set(err, ENOENT, "resume", fs->source, strcmp(fs->path, "/") ?
				 "no device holds the file system of /usr" :
				 "no device holds the root file system",
				 "Its UUID was %s: make or restore a file system there first.",
				 *fs->uuid ? fs->uuid : "unknown");
	return 0;
}

static int plan_mount_root(struct plan *plan, const struct snapshot *s, bool opened,
			   struct error *err)
{
	const struct old_root *old = &s->old;
	const struct needed root = {
		"/", old->source, old->fstype, old->uuid, old->options,
	};

	return plan_mount_needed(plan, s, &root, opened, err);
}

static bool is_mounted(const struct snapshot *s, const char *target)
{
	size_t i;

	for (i = 0; i < s->mounts.n; i++)
		if (s->mounts.row[i].old && !strcmp(s->mounts.row[i].target, target))
			return true;
	return false;
}

/* init lies there today [initramfs-tools init: mountfs /usr]. */
static int plan_mount_usr(struct plan *plan, const struct snapshot *s, bool opened,
			  struct error *err)
{
	const struct mount *m = mounts_old_on(&s->old.mounts, "/usr");
	struct needed usr = { .path = "/usr", .uuid = s->old.usr_uuid };
	char options[sizeof(s->old.options)];

	if (!m || m->pseudo || is_mounted(s, CAREEN_OLDROOT "/usr"))
		return 0;
	/* a directory of another file system: only who mounted it knows how */
	if (strcmp(m->root, "/") && strcmp(m->fstype, "btrfs"))
		return 0;
	mount_options(m, options, sizeof(options));
	usr.source = m->source;
	usr.fstype = m->fstype;
	usr.options = options;
	return plan_mount_needed(plan, s, &usr, opened, err);
}

static void plan_away(struct plan *plan, const struct mount *m, const char *title)
{
	struct op *op = plan_add(plan, OP_UMOUNT, DANGER_UNDOABLE, 10, "%s", title);

	op->mount_id = m->id;
	op->mount_unique = m->unique_id;
	op->dev.dev = m->dev;
	op->lazy = true;
	plan_set(plan, &op->dst, "%s", m->target);
	plan_command(plan, op, "umount -l %s", m->target);
}

/*
 * What is in /run speaks of processes that are dead: OpenRC would believe that
 * its services run, ifupdown that its DHCP client does. A boot finds it empty.
 */
static void plan_old_run(struct plan *plan, const struct snapshot *s)
{
	const struct mount *m;
	size_t i;

	for (i = s->mounts.n; i-- > 0;) {
		m = &s->mounts.row[i];
		if (!m->old || !m->pseudo || strcmp(m->target, CAREEN_OLDROOT "/run"))
			continue;
		plan_keep_run(plan, s);
		plan_away(plan, m, "throw the old /run away");
		return;
	}
}

static bool is_automount(const struct snapshot *s, const char *target)
{
	size_t i;

	for (i = 0; i < s->mounts.n; i++)
		if (s->mounts.row[i].old && !strcmp(s->mounts.row[i].fstype, "autofs") &&
		    !strcmp(s->mounts.row[i].target, target))
			return true;
	return false;
}

/* Who would answer for it was PID 1; over a dead one systemd makes no new one. */
static void plan_automounts(struct plan *plan, const struct snapshot *s)
{
	const struct mount *m;
	char title[200];
	size_t i;

	/* tree order backwards: what lies on one comes off before it */
	for (i = s->mounts.n; i-- > 0;) {
		m = &s->mounts.row[i];
		if (!m->old || !m->pseudo || !is_automount(s, m->target))
			continue;
		text_fmt(title, sizeof(title), "unmount %s (%s)", mount_path(m), m->fstype);
		plan_away(plan, m, title);
	}
}

/* What the initramfs gives a new root: its /init moves these four. */
static void plan_api_mounts(struct plan *plan, const struct snapshot *s)
{
	static const struct { const char *src, *dst, *fstype, *options; } api[] = {
		{ "udev", CAREEN_OLDROOT "/dev", "devtmpfs", "nosuid,mode=0755" },
		{ "proc", CAREEN_OLDROOT "/proc", "proc", "nodev,noexec,nosuid" },
		{ "sysfs", CAREEN_OLDROOT "/sys", "sysfs", "nodev,noexec,nosuid" },
		{ "tmpfs", CAREEN_OLDROOT "/run", "tmpfs", "nodev,noexec,nosuid,mode=0755,size=10%" },
	};
	size_t i;

	for (i = 0; i < sizeof(api) / sizeof(api[0]); i++)
		if (!is_mounted(s, api[i].dst) || !strcmp(api[i].dst, CAREEN_OLDROOT "/run"))
			plan_mount(plan, api[i].src, api[i].dst, api[i].fstype, api[i].options);
	plan_carry(plan, "/run", CAREEN_OLDROOT "/run", "give back what was kept of /run");
	if (s->old.ifstate)
		plan_copy(plan, CAREEN_RUN, CAREEN_OLDROOT "/run",
			  (const char *const[]){ "network", NULL },
			  "tell ifupdown which interfaces are configured");
}

/*
 * File systems of the kernel's own that were there before: systemd runs mount(8)
 * for each that it does not find, which a soft-reboot, where they stay, spares it.
 */
static void plan_kernel_mounts(struct plan *plan, const struct snapshot *s)
{
	static const char *const types[] = {
		"hugetlbfs", "mqueue", "debugfs", "tracefs", "configfs", "fusectl",
	};
	const struct mount *m;
	char target[PATH_MAX], options[sizeof(s->old.options)];
	size_t i, t;

	for (i = 0; i < s->old.mounts.n; i++) {
		m = &s->old.mounts.row[i];
		for (t = 0; t < sizeof(types) / sizeof(types[0]); t++)
			if (!strcmp(m->fstype, types[t]))
				break;
		text_fmt(target, sizeof(target), CAREEN_OLDROOT "%s", m->target);
		if (t == sizeof(types) / sizeof(types[0]) || is_mounted(s, target))
			continue;
		mount_options(m, options, sizeof(options));
		plan_mount(plan, m->source, target, m->fstype, options)->skippable = true;
	}
}

/* Only systemd: a /run/systemd/system in it says that it is PID 1 [sd_booted(3)]. */
static void plan_coldplug(struct plan *plan, const struct snapshot *s)
{
	const char *name = strrchr(s->old.init, '/');
	struct op *op;

	if (!s->old.uevents || !name || strcmp(name, "/systemd"))
		return;
	op = plan_add(plan, OP_COLDPLUG, DANGER_UNDOABLE, 10,
		      "spare udev the devices that have not changed");
	op->skippable = true;
	op->number = s->old.uevents;
	plan_set(plan, &op->dst, CAREEN_OLDROOT);
	plan_set(plan, &op->command, "test $(cat /sys/kernel/uevent_seqnum) = %llu && "
		 "cat > %s/run/systemd/system/systemd-udev-trigger.service.d/careen.conf",
		 (unsigned long long)s->old.uevents, CAREEN_OLDROOT);
	op->outline = true;
}

static void plan_move_back(struct plan *plan)
{
	struct op *op = plan_add(plan, OP_MOVE, DANGER_UNDOABLE, 10,
				 "move the old root back over /");

	plan_set(plan, &op->src, CAREEN_OLDROOT);
	plan_set(plan, &op->dst, "/");
	plan_command(plan, op, "mount --move %s /", CAREEN_OLDROOT);
}

/* A hand-over that failed may have left our program over the init's binary. */
static void plan_unbind(struct plan *plan, const struct snapshot *s)
{
	char target[300];
	struct op *op;

	text_fmt(target, sizeof(target), CAREEN_OLDROOT "%s", s->init.exe);
	if (!is_mounted(s, target))
		return;
	op = plan_add(plan, OP_UMOUNT, DANGER_UNDOABLE, 10,
		      "take our program off %s", s->init.exe);
	plan_set(plan, &op->dst, "%s", target);
	plan_command(plan, op, "umount %s", target);
}

/* Not before the init is back: should it fail, the way in must not end. */
static void plan_net_release(struct plan *plan, int family, const char *title)
{
	struct op *op = plan_add(plan, OP_NET_RELEASE, DANGER_UNDOABLE, 10, "%s", title);

	op->skippable = true;
	op->number = (uint64_t)family;
	plan_set(plan, &op->command, "ip%s address change ADDRESS dev LINK valid_lft SECONDS",
		 family == AF_INET6 ? " -6" : family == AF_INET ? " -4" : "");
	op->outline = true;
}

/* What would tell the operator: only systemd can be asked. */
static const char *how_far(const struct snapshot *s)
{
	const char *base = strrchr(s->old.init, '/');

	return base && strcmp(base, "/systemd") ? "ps -ef" :
						  "chroot /proc/1/root systemctl is-system-running --wait";
}

static void plan_check_init(struct plan *plan, const struct snapshot *s)
{
	struct op *op = plan_add(plan, OP_CHECK_INIT, DANGER_NONE, 30,
		      "check %s and its loader", s->init.boot);
	plan_set(plan, &op->src, "%s", s->init.boot);
	plan_set(plan, &op->dst, CAREEN_OLDROOT);
	plan_command(plan, op, "chroot %s test -x %s", CAREEN_OLDROOT, s->init.boot);
}

/* Once the system has PID 1 again, and not before: a resume that fails is tried again. */
static void plan_disarm(struct plan *plan, const struct snapshot *s)
{
	struct op *op;

	if (!s->deadman.armed && !s->deadman.relogin)
		return;
	op = plan_add(plan, OP_DISARM, DANGER_UNDOABLE, 10, "disarm the dead-man timer");
	op->skippable = true;
	plan_set(plan, &op->command, "careen deadman off");
}

static void plan_start(struct plan *plan, const struct snapshot *s)
{
	struct op *op = plan_add(plan, OP_GO, DANGER_UNDOABLE, 60, "PID 1 becomes %s again", s->init.boot);
	plan_set(plan, &op->src, "%s", s->init.boot);
	plan_command(plan, op, "kill -USR1 1");
	plan_disarm(plan, s);
	plan_net_release(plan, AF_INET6, "give IPv6 addresses and routes an end again");
	op = plan_add(plan, OP_WAIT_RUNNING, DANGER_NONE, 900, "wait until the system is up");
	op->skippable = true;
	plan_set(plan, &op->command, "%s", how_far(s));
	plan_net_release(plan, AF_INET, "end IPv4 addresses that are leased no more");
	op = plan_add(plan, OP_SAVE_LOG, DANGER_UNDOABLE, 30,
		      "write the transcript to /var/log/careen");
	op->skippable = true;
	plan_set(plan, &op->dst, CAREEN_LOG);
	plan_outline(plan, op, "careen log > /proc/1/root/var/log/careen/...");
}

/* Not back, but anew or off: for who has written another system to the disk, or nothing. */
static const struct {
	const char *name, *title, *undo, *command;
	enum op_kind kind;
} ends[] = {
	{ "reboot", "Instead of Resume: the machine starts anew", "No undo: what starts is what is on the disk.",
	  "sync; reboot -f", OP_REBOOT },
	{ "poweroff", "Instead of Resume: the machine goes off", "No undo from here: somebody must switch it on.",
	  "sync; poweroff -f", OP_POWEROFF },
};

void plan_machine_end(struct plan *plan, const char *name)
{
	struct op *op;
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (strcmp(ends[i].name, name))
			continue;
		op = plan_add(plan, ends[i].kind, DANGER_LOSES, 0, "%s", name);
		plan_set(plan, &op->command, "%s", ends[i].command);
	}
}

static int resume_end(const struct snapshot *s, const char *name, struct plan **ret, struct error *err)
{
	struct plan *plan;
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (!strcmp(ends[i].name, name))
			break;
	if (i == sizeof(ends) / sizeof(ends[0]))
		return error_set(err, EINVAL, "resume", name, "no such end", "Say reboot or poweroff.");
	if (!snapshot_unmounted(s))
		return error_set(err, EPERM, "resume", name, "the old root is not off its disks",
				 "Run Detach, Kill and Unmount first, or use the system's own %s.", name);
	plan = plan_new("resume", ends[i].title);
	if (!plan)
		return plan_finish(plan, ret, err);
	plan_set(plan, &plan->undo, "%s", ends[i].undo);
	plan_set(plan, &plan->token, "%s", s->host.name);
	plan_set(plan, &plan->token_what, "the name of this host");
	plan_our_mounts(plan, s);
	plan_machine_end(plan, name);
	return plan_finish(plan, ret, err);
}

static int refuse_at_work(const struct snapshot *s, struct error *err)
{
	const struct holder *h = still_at_work(s);
	const struct blockdev *b = h ? blockdevs_by_number(&s->devs, h->dev) : NULL;
	char why[100];

	if (!h)
		return 0;
	text_fmt(why, sizeof(why), "%.40s, pid %d, is still at work on it", h->command, (int)h->pid);
	return error_set(err, EBUSY, "resume", b ? b->path : s->old.source, why,
			 "Wait until it has come to its end, or end it (kill %d); then give Repair "
			 "what was begun once more, or check the file system.", (int)h->pid);
}

static int resume_detached(struct plan *plan, const struct snapshot *s, struct error *err)
{
	int opened = refuse_at_work(s, err), r = 0;

	if (opened == 0)
		opened = plan_open_stack(plan, s, err);
	if (opened < 0)
		return opened;
	/* what still runs from the old root would be started a second time */
	if (holders_to_stop(s))
		plan_kill(plan, s);
	plan_unbind(plan, s);
	if (!old_root_moved(s))
		r = plan_mount_root(plan, s, opened, err);
	if (!r)
		r = plan_mount_usr(plan, s, opened, err);
	if (r < 0)
		return r;
	plan_automounts(plan, s);
	plan_old_run(plan, s);
	plan_api_mounts(plan, s);
	plan_kernel_mounts(plan, s);
	plan_coldplug(plan, s);
	plan_check_init(plan, s);
	plan_move_back(plan);
	plan_start(plan, s);
	return 0;
}

/* The old root was never moved: the stub finds it around itself. */
static void resume_waiting(struct plan *plan, const struct snapshot *s)
{
	if (holders_to_stop(s))
		plan_kill(plan, s);
	plan_start(plan, s);
}

static void plan_by_deadman(struct plan *plan, const struct snapshot *s)
{
	struct op *op;

	plan_set(plan, &plan->title, "Resume by the dead-man timer: the system starts again");
	if (s->old.written)
		return;			/* the operator has chosen so */
	op = plan_add(plan, OP_UNWRITTEN, DANGER_NONE, 10, "nothing has been written to a disk");
	plan_set(plan, &op->command, "test ! -e %s", CAREEN_WRITTEN);
}

static int resume_plan(const struct snapshot *s, const struct plan_opts *opts,
		       struct plan **ret, struct error *err)
{
	struct plan *plan;
	int r = plan_allowed(s, "resume", err);

	if (r < 0)
		return r;
	if (opts && opts->end)
		return resume_end(s, opts->end, ret, err);
	if (s->unfinished.done)
		return error_set(err, EPERM, "resume", s->unfinished.tool,
				 "this repair has begun and has not ended",
				 "Go on with it in Repair. To give it up: rm %s%s", CAREEN_RECIPE,
				 strcmp(s->unfinished.tool, "clone") ? "" :
				 "; and wipe the new disk, or its half copy is taken for the root.");
	if (!snapshot_detached(s) && !old_root_moved(s) && !pid1_waits(s))
		return error_set(err, EALREADY, "resume", "", "the system is running", NULL);
	plan = plan_new("resume", "Resume: the system starts again");
	if (!plan)
		return plan_finish(plan, ret, err);
	plan_set(plan, &plan->undo, "Undo: Detach again.");
	if (opts && opts->by_deadman)
		plan_by_deadman(plan, s);
	plan_our_mounts(plan, s);
	if (snapshot_detached(s)) {
		r = resume_detached(plan, s, err);
	} else if (pid1_waits(s)) {
		resume_waiting(plan, s);
	} else {
		plan_unbind(plan, s);
		plan_move_back(plan);
		plan_net_release(plan, AF_UNSPEC, "give leased addresses and routes an end again");
		plan_disarm(plan, s);
	}
	if (r < 0) {
		plan_free(plan);
		return r;
	}
	return plan_finish(plan, ret, err);
}

const struct step step_resume = {
	.name = "resume", .title = "Resume",
	.about = "Mount the old root again and start its init: same kernel, same boot.",
	.parts = SNAP_HOLDERS | SNAP_DEVICES,
	.state = resume_state, .plan = resume_plan,
};
