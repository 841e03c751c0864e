/*
 * Lends the manifest folder to watcherd: a descriptor of the folder, one
 * of an inotify instance that watches it, and one of each file asked for.
 *
 * With strict modes, folder and files must belong to root and be writable
 * by nobody else (as sshd(8) demands of its files).
 *
 * The file system is asked by a helper, since it may not answer; so what is
 * asked for comes by a callback from the event loop, always.
 */
#ifndef LEND_H
#define LEND_H

#include <event2/event.h>
#include <stdint.h>

#include "common/err.h"
#include "reconciled/lender.h"

struct lend;

/*
 * Follows the folder at path: on_change is called when there is something
 * to be lent anew, or nothing any more, and after lend_renew().  A path of
 * a regular file stands for the folder in which it lies, and only that file
 * is opened.  Call lend_check() once to begin.
 */
struct lend *lend_new(struct event_base *, struct helper *, const char *path,
    int strict, void (*on_change)(void *ctx), void *ctx);
/* No answer may be due any more: its helper has ended. */
void lend_free(struct lend *);
/* Looks at the folder. */
void lend_check(struct lend *);
/* The same, for somebody who has none of it yet. */
void lend_renew(struct lend *);

/* Counts the folders; 0: there has been none. */
uint32_t lend_generation(const struct lend *);
/*
 * A new descriptor of the folder, or -1: it is not there, and the reason
 * says why.
 */
int lend_folder(const struct lend *, const char **reason);
/*
 * The descriptor of the inotify instance on it, which is given away; -1:
 * there is none to be had (on_change is called when there is one).
 */
int lend_inotify(struct lend *);
/* Whether changes may come without an event. */
int lend_is_silent(const struct lend *);
/* The only name that counts in the folder, or "". */
const char *lend_only(const struct lend *);
/* What is wrong with folder or events, for a person; or "". */
const char *lend_note(const struct lend *);

/* A file, or why it is not opened. */
struct lend_file {
	int fd;		    /* taken by the callback; -1: see below */
	int error;	    /* ENOENT only if there is no such name; ENOLINK: a
		    * dangling link */
	const char *reason; /* without the name */
};

typedef void (*lend_opened)(void *ctx, const struct lend_file *);
/*
 * Opens a regular file by its name in the folder, for reading.  The name
 * comes from an untrusted peer.  A symbolic link is followed as long as it
 * stays within the folder.
 */
void lend_open(struct lend *, const char *name, lend_opened, void *ctx);

typedef void (*lend_looked)(void *ctx, const struct lender_stat *, size_t n);
/*
 * Looks at names without opening them, whatever they are; the answer has
 * them in that order.  At most LENDER_STATS_MAX.
 */
void lend_stats(
    struct lend *, char *const *name, size_t n, lend_looked, void *ctx);

#endif
