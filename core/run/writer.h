/* writer.h - one operator writes, the others watch */
#ifndef CAREEN_WRITER_H
#define CAREEN_WRITER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct writer {
	pid_t pid;		/* 0 = nobody */
	char who[64];		/* "10.0.2.2 (pid 712)" from SSH_CLIENT */
	bool mine;
};

/* Who may write now; a holder that has died does not count. */
void writer_read(struct writer *ret);
/* -EBUSY when another holds it and !@take_over; names them in @err. */
int writer_take(bool take_over, struct error *err);
void writer_release(void);

#endif
