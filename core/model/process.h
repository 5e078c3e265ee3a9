/* process.h - words about a process: user, command line, unit, ancestors */
#ifndef CAREEN_PROCESS_H
#define CAREEN_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Its owner: *ret_uid, and the name into @buf by passwd(5) of the old root or
 * the rescue, read as files: NSS may ask a server that is gone.
 */
void process_user(pid_t pid, uid_t *ret_uid, char *buf, size_t size);
/* Arguments with blanks between them; "" for none. */
void process_cmdline(pid_t pid, char *buf, size_t size);
/* Last part of its cgroup: "ssh.service". "" at the top. */
void process_unit(pid_t pid, char *buf, size_t size);
/* Our own pid and those of the parents above it; returns how many. */
size_t process_ancestors(pid_t *list, size_t max);

#endif
