/* weight.h - what the rescue takes of the machine's RAM */
#ifndef CAREEN_WEIGHT_H
#define CAREEN_WEIGHT_H

#include <stdint.h>

struct weight {
	uint64_t files;		/* of the tree, in pages, each inode once; bytes. 0 unknown */
	uint64_t processes;	/* memory of its programs that is no file's; bytes */
};

/*
 * Of the tree that is the root of this process, or of the lifeline if it is another's. Other file
 * systems mounted in it do not count: jobs and logs have a RAM disk of their own, with a limit.
 */
void weight_read(struct weight *w);
/* The files below @root on its own file system; at most some 100,000 are looked at. */
uint64_t weight_of_files(const char *root);

#endif
