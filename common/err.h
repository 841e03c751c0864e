/*
 * An error as a user will read it.
 *
 * A function that can fail for a reason a person must understand takes
 * a struct err * as its last argument, fills it on failure and returns
 * -1 or NULL; on success the error is left alone.  The argument may be
 * NULL when the caller does not care.  System-call-like functions set
 * errno instead; nothing does both.
 */
#ifndef ERR_H
#define ERR_H

#define ERR_MAX 512 /* longest text, including the NUL */

struct err {
	char text[ERR_MAX];
};

/*
 * Sets the text; what does not fit is cut off.  Returns -1, so that
 * "return (err_set(err, ...))" ends a function.
 */
int err_set(struct err *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/* As err_set, and appends ": " and the text of errno. */
int err_sys(struct err *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts "prefix: " before a text that is already there.  Returns -1. */
int err_prefix(struct err *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

#endif
