/* rescue.h - is this, or some process, in the rescue? (inside core/model) */
#ifndef CAREEN_RESCUE_H
#define CAREEN_RESCUE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Does @root ("/", "/proc/1/root") look like the rescue's: in RAM (ramfs,
 * tmpfs, rootfs) and with our stub in it? No disk is touched for the answer
 * unless it is in RAM.
 */
bool rescue_root(const char *root);
/* "/proc/PID/exe" is the program that is at @path in the rescue. */
bool rescue_exe_is(pid_t pid, const char *path);
/*
 * Is @pid one of the rescue's, told without looking at any file it uses? Only
 * from the rescue, and only once the old root is not stacked on "/" any more.
 */
bool rescue_process(pid_t pid);
/* careen-lifeline's pid, 0 if it does not run. */
pid_t rescue_lifeline(void);

#endif
