/* setup.h - what makes a tree in RAM the rescue; its steps, in their order */
#ifndef CAREEN_INITRAMFS_SETUP_H
#define CAREEN_INITRAMFS_SETUP_H

/* Each: 0, or -errno after a note(); all of them for "/" as it is seen now. */
int setup_check(void);		/* the programs that must be there are */
int setup_mounts(void);		/* fresh proc, sysfs, devtmpfs, devpts, tmpfs */
int setup_files(void);		/* /oldroot; /etc becomes the rescue's */
int setup_lifeline(void);	/* started, in a session of its own */
/* Back to before setup_mounts(); the lifeline and its dropbear end. */
void setup_undo(void);

#endif
