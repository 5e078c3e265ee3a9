/* shell.h - the only way from the console to another program */
#ifndef CAREEN_SHELL_H
#define CAREEN_SHELL_H

/* Become /bin/sh -c @command (ssh host COMMAND, scp, sftp). Returns only on failure. */
int shell_become(const char *command);
/* From here on somebody is logged in: port_open=armed does not close the port. */
void shell_hold_port(void);
/* An interactive shell on this terminal; returns when it has ended. 0 or -errno. */
int shell_visit(void);
/* A program that talks to the operator, on this terminal: its exit status, or -errno. */
int shell_run(char *const argv[]);

#endif
