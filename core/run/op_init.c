/*
 * op_init.c - can the init of the new root be executed, before PID 1 tries?
 *
 * In a child with the new root as its root: the file is there and executable,
 * it is for this processor, its loader is there, and the loader finds every
 * library. A damaged file system that lost libc is found here and not by a
 * PID 1 that cannot start.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "run/exec.h"

#if __x86_64__
#define OUR_MACHINE EM_X86_64
#elif __aarch64__
#define OUR_MACHINE EM_AARCH64
#else
#define OUR_MACHINE EM_NONE
#endif

static const char mend[] = "Repair or restore the root file system, then resume again.";

static int bad(const char *path, int code, const char *why, struct error *err)
{
	return error_set(err, code, "check init", path, why, "%s", mend);
}

static int check_program(const char *path, int depth, struct error *err);

/* The loader's own word for it; it executes nothing of the program. */
static int check_libraries(const char *loader, const char *path, struct error *err)
{
	char *argv[] = { (char *)loader, "--list", (char *)path, NULL };
	char *envp[] = { "LC_ALL=C", NULL };
	char line[256], why[256] = "", last[256] = "";
	int fds[2], status = 0;
	FILE *out;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return bad(path, errno, NULL, err);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		execve(loader, argv, envp);
		_exit(127);
	}
	close(fds[1]);
	out = fdopen(fds[0], "r");
	while (out && fgets(line, sizeof(line), out)) {
		line[strcspn(line, "\n")] = '\0';
		text_clean(last, sizeof(last), line + strspn(line, " \t"));
		if (strstr(line, "=> not found"))
			text_fmt(why, sizeof(why), "%s", last);
	}
	if (out)
		fclose(out);
	waitpid(pid, &status, 0);
	if (!*why && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return bad(path, ELIBACC, *why ? why : *last ? last : "its loader fails on it", err);
}

/* The program header at @i; false when it cannot be read. */
static bool read_phdr(int fd, const Elf64_Ehdr *eh, int i, Elf64_Phdr *ph)
{
	return pread(fd, ph, sizeof(*ph), (off_t)(eh->e_phoff + (size_t)i * eh->e_phentsize)) ==
	       (ssize_t)sizeof(*ph);
}

static int check_elf(int fd, const char *path, struct error *err)
{
	char loader[256];
	bool loads = false;
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	int i;

	if (pread(fd, &eh, sizeof(eh), 0) != (ssize_t)sizeof(eh))
		return bad(path, ENOEXEC, "it is cut short", err);
	if (OUR_MACHINE != EM_NONE && eh.e_machine != OUR_MACHINE)
		return bad(path, ENOEXEC, "it is a program for another processor", err);
	for (i = 0; i < eh.e_phnum; i++) {
		if (!read_phdr(fd, &eh, i, &ph))
			return bad(path, ENOEXEC, "it is cut short", err);
		loads |= ph.p_type == PT_LOAD;
		if (ph.p_type != PT_INTERP)
			continue;
		if (ph.p_filesz == 0 || ph.p_filesz >= sizeof(loader) ||
		    pread(fd, loader, ph.p_filesz, (off_t)ph.p_offset) != (ssize_t)ph.p_filesz)
			return bad(path, ENOEXEC, "its loader's name cannot be read", err);
		loader[ph.p_filesz] = '\0';
		if (access(loader, X_OK) < 0)
			return bad(loader, errno, "the loader of init is missing", err);
		return check_libraries(loader, path, err);
	}
	/* no loader: static, if there is anything in it */
	return loads ? 0 : bad(path, ENOEXEC, "it is cut short", err);
}

static int check_script(int fd, const char *path, int depth, struct error *err)
{
	char line[256];
	ssize_t n = pread(fd, line, sizeof(line) - 1, 0);
	char *word;

	line[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	word = line + 2 + strspn(line + 2, " \t");
	word[strcspn(word, " \t")] = '\0';
	if (depth > 4)
		return bad(path, ELOOP, "its interpreter is a script, too", err);
	return check_program(word, depth + 1, err);
}

static int check_program(const char *path, int depth, struct error *err)
{
	unsigned char magic[4] = { 0 };
	struct statvfs vfs;
	struct stat st;
	int fd, r;

	if (stat(path, &st) < 0)
		return bad(path, errno, NULL, err);
	if (!S_ISREG(st.st_mode))
		return bad(path, EACCES, "it is not a regular file", err);
	if (access(path, X_OK) < 0)
		return bad(path, errno, "it is not executable", err);
	if (statvfs(path, &vfs) == 0 && (vfs.f_flag & ST_NOEXEC))
		return bad(path, EACCES, "its file system is mounted noexec", err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, magic, sizeof(magic), 0) != (ssize_t)sizeof(magic))
		r = bad(path, fd < 0 ? errno : ENOEXEC, "it cannot be read", err);
	else if (!memcmp(magic, ELFMAG, SELFMAG))
		r = check_elf(fd, path, err);
	else if (magic[0] == '#' && magic[1] == '!')
		r = check_script(fd, path, depth, err);
	else
		r = bad(path, ENOEXEC, "it is neither a program nor a script", err);
	if (fd >= 0)
		close(fd);
	return r;
}

static int check_child(void *arg, struct error *err)
{
	const struct op *op = arg;

	if (chroot(op->dst) < 0 || chdir("/") < 0)
		return bad(op->dst, errno, "it cannot be made the root", err);
	return check_program(op->src && *op->src ? op->src : "/sbin/init", 0, err);
}

int op_check_init(struct op_ctx *ctx, const struct op *op, struct error *err)
{
	int r = run_with_deadline(op->deadline_s, check_child, (void *)op, err);

	if (r == 0)
		ctx_note(ctx, "%s, its loader and its libraries are there",
			 op->src && *op->src ? op->src : "/sbin/init");
	return r;
}
