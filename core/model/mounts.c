/*
 * mounts.c - mountinfo text into rows, in tree order
 *
 * The format is mountinfo's of proc_pid_mountinfo(5); the kernel writes it in
 * fs/proc_namespace.c. Parsed here rather than by libmount: the rows of many
 * namespaces come as text, and each row is one allocation.
 */
#include "model/mounts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/error.h"
#include "base/text.h"
#include "model/mounts_internal.h"
#include "paths.h"

/*
 * Nothing in these is on a disk, so they may be detached lazily. A list, as
 * "nodev" in /proc/filesystems also covers overlay, btrfs and network ones.
 */
static const char *const pseudo_types[] = {
	"proc", "sysfs", "tmpfs", "devtmpfs", "devpts", "ramfs", "rootfs", "cgroup",
	"cgroup2", "cpuset", "securityfs", "debugfs", "tracefs", "bpf", "pstore",
	"efivarfs", "mqueue", "hugetlbfs", "configfs", "fusectl", "binfmt_misc",
	"autofs", "nsfs", "rpc_pipefs", "nfsd", "selinuxfs", "smackfs", "xenfs",
	"functionfs", "resctrl", "binder", "usbfs", "pipefs", "sockfs", "nullfs", NULL
};

/* A server, in the network or in user space, may leave these hanging. */
static const char *const net_types[] = {
	"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "ceph", "glusterfs", "afs",
	"9p", "virtiofs", "ocfs2", "gfs2", "lustre", "beegfs", "fuse", "fuseblk",
	"davfs", "coda", "orangefs", NULL
};

static bool listed(const char *const *list, const char *word)
{
	for (; *list; list++)
		if (!strcmp(*list, word))
			return true;
	return false;
}

bool fstype_is_pseudo(const char *fstype)
{
	return listed(pseudo_types, fstype);
}

bool fstype_is_net(const char *fstype)
{
	return listed(net_types, fstype) || !strncmp(fstype, "fuse.", 5);
}

/* Cut the field that ends at a blank; NULL when there is none. */
static char *cut_field(char **rest)
{
	char *field = *rest, *end = field ? strchr(field, ' ') : NULL;

	if (!end)
		return NULL;
	*end = '\0';
	*rest = end + 1;
	return field;
}

/* Optional fields, none or many, up to the lone "-": kept as one text. */
static char *cut_optional(char **rest)
{
	char *start = *rest, *dash;

	if (!start)
		return NULL;
	if (!strncmp(start, "- ", 2)) {
		start[0] = '\0';
		*rest = start + 2;
		return start;
	}
	dash = strstr(start, " - ");
	if (!dash)
		return NULL;
	*dash = '\0';
	*rest = dash + 3;
	return start;
}

/* @m's strings point into @line, which is changed. */
static int parse_line(struct mount *m, char *line)
{
	char *ids, *rest = line;
	unsigned maj, min;
	int len = 0;

	if (sscanf(line, "%d %d %u:%u %n", &m->id, &m->parent, &maj, &min, &len) != 4 || !len)
		return -EINVAL;
	ids = line + len;
	rest = ids;
	m->dev = makedev(maj, min);
	m->root = cut_field(&rest);
	m->target = cut_field(&rest);
	m->vfs_options = cut_field(&rest);
	m->propagation = cut_optional(&rest);
	m->fstype = cut_field(&rest);
	/* The source may be an empty word: mount -t tmpfs "" /x */
	m->source = cut_field(&rest);
	m->fs_options = rest;
	if (!m->root || !m->target || !m->vfs_options || !m->propagation ||
	    !m->fstype || !m->source || !*m->target)
		return -EINVAL;
	text_unoctal(m->root);
	text_unoctal(m->target);
	text_unoctal(m->fstype);
	text_unoctal(m->source);
	text_unoctal(m->fs_options);
	m->net = fstype_is_net(m->fstype);
	m->pseudo = fstype_is_pseudo(m->fstype);
	return 0;
}

/* Rows by id, to find parents: 2,000 mounts in 20 namespaces must be quick. */
struct by_id {
	int id;
	size_t row;
};

static int compare_id(const void *a, const void *b)
{
	const struct by_id *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static const struct by_id *find_id(const struct by_id *index, size_t n, int id)
{
	struct by_id key = { id, 0 };
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare_id(&index[mid], &key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && index[lo].id == id ? &index[lo] : NULL;
}

struct tree {
	struct mount *row, *sorted;
	struct by_id *index;
	size_t *first, *next;	/* child lists, SIZE_MAX ends them */
	bool *is_top, *done;
	size_t n, out;
};

static void tree_emit(struct tree *t, size_t i, int depth)
{
	/* Depth first without recursion: the depth comes from outside. */
	size_t *stack = t->first + t->n, top = 0;

	stack[top++] = i;
	t->row[i].depth = depth;
	t->done[i] = true;
	while (top) {
		size_t at = stack[--top], child;

		t->sorted[t->out++] = t->row[at];
		/* Children are chained in reverse, so the first is popped first. */
		for (child = t->first[at]; child != SIZE_MAX; child = t->next[child]) {
			if (t->done[child])
				continue;
			t->row[child].depth = t->row[at].depth + 1;
			t->done[child] = true;
			stack[top++] = child;
		}
	}
}

static void tree_link(struct tree *t)
{
	size_t i, *tail = t->next + t->n;

	for (i = 0; i < t->n; i++)
		t->index[i] = (struct by_id){ t->row[i].id, i };
	qsort(t->index, t->n, sizeof(*t->index), compare_id);
	for (i = 0; i < t->n; i++)
		t->first[i] = t->next[i] = tail[i] = SIZE_MAX;
	/* Last row first, each put at the *end*: the chains run backwards. */
	for (i = t->n; i-- > 0;) {
		const struct by_id *p = find_id(t->index, t->n, t->row[i].parent);

		if (!p || p->row == i) {
			t->is_top[i] = true;
			continue;
		}
		if (tail[p->row] == SIZE_MAX)
			t->first[p->row] = i;
		else
			t->next[tail[p->row]] = i;
		tail[p->row] = i;
	}
}

static bool tree_alloc(struct tree *t, size_t n)
{
	t->n = n;
	t->sorted = calloc(n, sizeof(*t->sorted));
	t->index = calloc(n, sizeof(*t->index));
	t->first = calloc(2 * n, sizeof(size_t));
	t->next = calloc(2 * n, sizeof(size_t));
	t->is_top = calloc(n, sizeof(bool));
	t->done = calloc(n, sizeof(bool));
	return t->sorted && t->index && t->first && t->next && t->is_top && t->done;
}

static void tree_free(struct tree *t)
{
	free(t->sorted);
	free(t->index);
	free(t->first);
	free(t->next);
	free(t->is_top);
	free(t->done);
}

int mounts_tree_order(struct mount *row, size_t n)
{
	struct tree t = { .row = row };
	size_t i;

	if (!n)
		return 0;
	if (!tree_alloc(&t, n)) {
		tree_free(&t);
		return -ENOMEM;
	}
	tree_link(&t);
	for (i = 0; i < n; i++)
		if (t.is_top[i])
			tree_emit(&t, i, 0);
	/* Only nonsense is left: a ring of parents. It is shown all the same. */
	for (i = 0; i < n; i++)
		if (!t.done[i])
			tree_emit(&t, i, 0);
	memcpy(row, t.sorted, n * sizeof(*row));
	tree_free(&t);
	return 0;
}

/* Is the text of @m's mount point "/oldroot" or below it? */
static bool below_oldroot(const struct mount *m)
{
	size_t len = strlen(CAREEN_OLDROOT);

	return !strncmp(m->target, CAREEN_OLDROOT, len) &&
	       (m->target[len] == '/' || !m->target[len]);
}

/* Rows are in tree order: what follows deeper than @top is below it. */
static void mark_below(struct mount *row, size_t n, size_t top)
{
	int skip = below_oldroot(&row[top]) ? strlen(CAREEN_OLDROOT) : 0;
	size_t i = top;

	do {
		row[i].old = true;
		row[i].skip = !skip || below_oldroot(&row[i]) ? skip : 0;
		i++;
	} while (i < n && row[i].depth > row[top].depth);
}

/*
 * From the rescue both trees are listed, and "/proc" can be ours or the old
 * root's: only the ids tell. The rescue's own root is the top one and in RAM;
 * the old root is the mount on *its* "/" (before the move) or "/oldroot"
 * (after). A process of the normal system sees its own tree only, whose top is
 * the old root.
 */
void mounts_mark_old(struct mount *row, size_t n)
{
	size_t i, top;
	bool rescue;

	for (i = 0; i < n; i++) {
		row[i].old = false;
		row[i].skip = 0;
	}
	for (top = 0; top < n; top++)
		if (!row[top].depth && !strcmp(row[top].target, "/"))
			break;
	if (top == n)
		return;
	rescue = !strcmp(row[top].fstype, "rootfs") || !strcmp(row[top].fstype, "ramfs") ||
		 !strcmp(row[top].fstype, "tmpfs");
	if (!rescue) {
		mark_below(row, n, top);
		return;
	}
	for (i = 0; i < n; i++)
		if (i != top && row[i].parent == row[top].id &&
		    (!strcmp(row[i].target, "/") || !strcmp(row[i].target, CAREEN_OLDROOT)))
			mark_below(row, n, i);
}

static void free_rows(struct mount *row, size_t n)
{
	while (n--)
		free(row[n].text);
}

static size_t count_lines(const char *text)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static int append_line(struct mounts *ms, const char *line, size_t len, uint64_t ns,
		       struct error *err)
{
	struct mount m = { .ns = ns, .text = strndup(line, len) };
	char shown[160];

	if (!m.text)
		return error_set(err, -ENOMEM, "read mounts", "", NULL, NULL);
	if (parse_line(&m, m.text) < 0) {
		free(m.text);
		text_fmt(shown, sizeof(shown), "%.*s", (int)(len < 150 ? len : 150), line);
		return error_set(err, -EINVAL, "read mounts", shown,
				 "this line of mountinfo is not as proc(5) has it", NULL);
	}
	ms->row[ms->n++] = m;
	return 0;
}

int mounts_parse(struct mounts *ms, const char *text, uint64_t ns, struct error *err)
{
	size_t first = ms->n, len;
	struct mount *more = realloc(ms->row, (first + count_lines(text)) * sizeof(*more));
	int code = 0;

	if (!more)
		return error_set(err, -ENOMEM, "read mounts", "", NULL, NULL);
	ms->row = more;
	for (; *text && !code; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (len && *text != '#')
			code = append_line(ms, text, len, ns, err);
	}
	if (!code)
		code = mounts_tree_order(ms->row + first, ms->n - first);
	if (code < 0) {
		free_rows(ms->row + first, ms->n - first);
		ms->n = first;
		return code;
	}
	if (!first) {
		ms->own_ns = ns;
		ms->n_own = ms->n;
		mounts_mark_old(ms->row, ms->n_own);
	}
	return 0;
}

void mounts_free(struct mounts *ms)
{
	free_rows(ms->row, ms->n);
	free(ms->row);
	*ms = (struct mounts){ 0 };
}

const char *mount_path(const struct mount *m)
{
	const char *path = m->target + m->skip;

	return *path ? path : "/";
}

bool mount_hides(const struct mount *over, const struct mount *m)
{
	size_t len = strlen(over->target);

	return over->parent == m->parent && over->ns == m->ns && over != m &&
	       !strncmp(over->target, m->target, len) && m->target[len] == '/';
}

bool mount_is_remote(const struct mount *m)
{
	return m->net && !major(m->dev);
}

static bool has_option(const char *options, const char *word, size_t len)
{
	const char *p = options, *end;

	for (; p; p = end ? end + 1 : NULL) {
		end = strchr(p, ',');
		if (!strncmp(p, word, len) && (p[len] == ',' || !p[len]))
			return true;
	}
	return false;
}

/*
 * "seclabel" is what the kernel reports, not what it accepts; a btrfs subvolume
 * that was restored from a copy has its old name and a new id.
 */
void mount_options(const struct mount *m, char *buf, size_t size)
{
	const char *word = m->fs_options;
	size_t len;

	text_fmt(buf, size, "%s", m->vfs_options);
	for (; *word; word += len + (word[len] == ',')) {
		len = strcspn(word, ",");
		if (!len || has_option(buf, word, len) ||
		    has_option("rw,ro,seclabel", word, len) || !strncmp(word, "subvolid=", 9))
			continue;
		text_fmt(buf + strlen(buf), size - strlen(buf), ",%.*s", (int)len, word);
	}
}

const struct mount *mounts_by_id(const struct mounts *ms, int id)
{
	size_t i;

	for (i = 0; i < ms->n; i++)
		if (ms->row[i].id == id)
			return &ms->row[i];
	return NULL;
}

const struct mount *mounts_old_on(const struct mounts *ms, const char *path)
{
	size_t i;

	/* tree order: what covers another comes after it */
	for (i = ms->n_own; i-- > 0;)
		if (ms->row[i].old && !strcmp(mount_path(&ms->row[i]), path))
			return &ms->row[i];
	return NULL;
}

const char *mounts_reach(const struct mounts *ms)
{
	return ms->around[0] ? ms->around : "/..";
}

const struct mount *mounts_old_top(const struct mounts *ms)
{
	size_t i;

	for (i = 0; i < ms->n_own; i++)
		if (ms->row[i].old)
			return &ms->row[i];
	return NULL;
}
