/*
 * Lends the manifest folder to watcherd: a descriptor of the folder, one
 * of an inotify instance that watches it, and one of each file asked for.
 *
 * With strict modes, folder and files must belong to root and be writable
 * by nobody else (as sshd(8) demands of its files).
 */
#ifndef LEND_H
#define LEND_H

#include <event2/event.h>
#include <stdint.h>
#include <sys/stat.h>

#include "common/err.h"

struct lend;

/*
 * Follows the folder at path: on_change is called from the event loop
 * when it appears, vanishes or is replaced.  A path of a regular file
 * stands for the folder in which it lies, and only that file is opened.
 * Call lend_check() once to begin.
 */
struct lend *lend_new(struct event_base *, const char *path, int strict,
    void (*on_change)(void *ctx), void *ctx);
void lend_free(struct lend *);
/* Looks at the folder now; 1 if it is another one than before. */
int lend_check(struct lend *);

/* Counts the folders; 0: there has been none. */
uint32_t lend_generation(const struct lend *);
/*
 * A new descriptor of the folder, or -1: it is not there, and the reason
 * says why.
 */
int lend_folder(const struct lend *, const char **reason);
/*
 * A new descriptor of a fresh inotify instance on it; -1: there is none
 * to be had at the moment (on_change is called when there is one).
 */
int lend_inotify(struct lend *);
/* Whether changes may come without an event. */
int lend_is_silent(const struct lend *);
/* The only name that counts in the folder, or "". */
const char *lend_only(const struct lend *);
/* What is wrong with folder or events, for a person; or "". */
const char *lend_note(const struct lend *);
/*
 * Opens a regular file by its name in the folder: a read-only descriptor,
 * or -1 with errno and err, whose text does not repeat the name.  The name
 * comes from an untrusted peer.  A symbolic link is followed as long as it
 * stays within the folder.  errno is ENOENT only if there is no such name,
 * ENOLINK for a dangling link.
 */
int lend_open(const struct lend *, const char *name, struct err *);
/* The same without opening it, whatever it is; -1 with such an errno. */
int lend_stat(const struct lend *, const char *name, struct stat *);

#endif
