/*
 * Removal of what containers have left, a little at a time.
 *
 * A container may leave as many files as the disk takes, in folders as deep
 * as it likes.  So what is to go gets a name at once that nobody looks for,
 * and is removed in steps of bounded work, between which others have their
 * turn.  No link is followed and no mount entered; folders below the last
 * level are moved up.
 *
 * It stays in its folder, for Landlock of Linux before 5.19 lets nothing
 * change that; there a folder below the last level is removed in one go.
 */
#ifndef TRASH_H
#define TRASH_H

#include <dirent.h>
#include <limits.h>

#include "common/err.h"

#define TRASH_PREFIX ".trash" /* no pod's uid starts with a dot */
#define TRASH_LEVELS 16	      /* folders open at once, the first included */

struct trash_level {
	DIR *dir;
	char name[NAME_MAX + 1]; /* in the level above */
};

struct trash {
	int folder; /* where it is; -1: none */
	struct trash_level level[TRASH_LEVELS];
	size_t depth;	/* levels that are open; 0: between two rounds */
	size_t removed; /* or moved up, in this round */
	size_t left;	/* what resisted */
};

/* For what is in a folder.  -1 and err. */
int trash_open(struct trash *, int at, struct err *);
void trash_close(struct trash *);
/* Renames a file or folder there.  -1 with errno; not there is no error. */
int trash_put(const struct trash *, const char *name);
/*
 * Removes at most so many things.  1: there is more to do; 0: it is empty,
 * or what is left, which is logged, resists.
 */
int trash_step(struct trash *, unsigned int things);

#endif
