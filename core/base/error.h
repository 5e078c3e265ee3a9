/* error.h - what failed, on what, why, and what to try next */
#ifndef CAREEN_ERROR_H
#define CAREEN_ERROR_H

/*
 * Filled by the function that failed; never printed by library code.
 * Every field is plain text that may come from outside (a path, a process
 * name): whoever shows it escapes it (see text.h).
 */
struct error {
	int code;		/* -errno; 0 when nothing failed */
	char op[64];		/* what was being done: "unmount" */
	char subject[192];	/* on what: "/oldroot/var" */
	char why[256];		/* the reason, a clause: "Device or resource busy" */
	char hint[256];		/* the next thing to try, a sentence; may be "" */
};

/*
 * Fill @err (may be NULL) and return -abs(@code). @why NULL means
 * strerror(code). @hint_fmt NULL means no hint.
 */
int error_set(struct error *err, int code, const char *op, const char *subject,
	      const char *why, const char *hint_fmt, ...)
	__attribute__((format(printf, 6, 7)));

/* "unmount /oldroot/var: Device or resource busy. Hint." into @buf; returns @buf. */
const char *error_text(const struct error *err, char *buf, unsigned long size);

#endif
