/* paths.h - where things are inside the rescue (HACKING.md has the table) */
#ifndef CAREEN_PATHS_H
#define CAREEN_PATHS_H

#define CAREEN_RUN	"/run/careen"
#define CAREEN_JOBS	CAREEN_RUN "/jobs"
#define CAREEN_RECORD	CAREEN_RUN "/oldroot.mountinfo"
#define CAREEN_WRITTEN	CAREEN_RUN "/written"
/* What the kernel had written to each disk when it was proven free: model/writes.h. */
#define CAREEN_UNTOUCHED CAREEN_RUN "/untouched"
#define CAREEN_VAULT	CAREEN_RUN "/vault"
#define CAREEN_PORTS	CAREEN_RUN "/ports"
#define CAREEN_NETSTATE	CAREEN_RUN "/network"
#define CAREEN_INITPATH	CAREEN_RUN "/init"
#define CAREEN_STUBLOG	CAREEN_RUN "/stub.log"
/* Where a repair mounts a file system for a while. */
#define CAREEN_MNT	CAREEN_RUN "/mnt"
#define CAREEN_SAVE	CAREEN_RUN "/save"
/* A repair of several operations that has begun and not ended. */
#define CAREEN_RECIPE	CAREEN_RUN "/recipe"
#define CAREEN_WORK	CAREEN_RUN "/work"	/* where a tool has its device mounted */
/* The dead-man timer, and the new login that Kill waits for: model/deadman.h. */
#define CAREEN_DEADMAN	CAREEN_RUN "/deadman"
#define CAREEN_ALIVE	CAREEN_RUN "/alive"
#define CAREEN_ATWORK	CAREEN_RUN "/busy"
#define CAREEN_RELOGIN	CAREEN_RUN "/relogin"
/* Its flock is shared by the shells and programs of operators. */
#define CAREEN_SHELLS	CAREEN_RUN "/shells.lock"
/* The same, of every login. */
#define CAREEN_SESSIONS	CAREEN_RUN "/sessions.lock"
#define CAREEN_ARMED	CAREEN_RUN "/armed"	/* until when the port is open: initramfs/port.c */
#define CAREEN_SETTINGS	"/etc/careen/settings"
#define CAREEN_OLDROOT	"/oldroot"
/* In the normal system: where `careen enter` mounts the rescue's tree, and the
   mark in such a tree. */
#define CAREEN_TREE	"/run/careen"
#define CAREEN_LOG	"/var/log/careen"	/* its jobs, each in a directory as in CAREEN_JOBS */
#define CAREEN_ENTERED	"/etc/careen/entered"
#define CAREEN_LIB	"/usr/lib/careen"
#define CAREEN_STUB	CAREEN_LIB "/stub"
#define CAREEN_ESCAPE	CAREEN_LIB "/escape"
#define CAREEN_LIFELINE	CAREEN_LIB "/lifeline"

#endif
