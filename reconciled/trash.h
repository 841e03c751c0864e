/*
 * Removal of what containers have left, a little at a time.
 *
 * A container may leave as many files as the disk takes, in folders as deep
 * as it likes.  So what is to go is moved away at once, into a folder that
 * nobody looks for anything in, and removed in steps of bounded work,
 * between which others have their turn.  No link is followed and no mount
 * entered; folders below the last level are moved up.
 */
#ifndef TRASH_H
#define TRASH_H

#include <dirent.h>
#include <limits.h>

#include "common/err.h"

#define TRASH_FOLDER ".trash" /* no pod's uid starts with a dot */
#define TRASH_LEVELS 16	      /* folders open at once, the trash included */

struct trash_level {
	DIR *dir;
	char name[NAME_MAX + 1]; /* in the level above */
};

struct trash {
	int folder; /* the trash itself; -1: none */
	struct trash_level level[TRASH_LEVELS];
	size_t depth;	/* levels that are open; 0: between two rounds */
	size_t removed; /* or moved up, in this round */
	size_t left;	/* what resisted */
};

/* Opens the trash below a folder, making it if it is missing.  -1 and err. */
int trash_open(struct trash *, int at, struct err *);
void trash_close(struct trash *);
/* Moves a file or folder there.  -1 with errno; not there is no error. */
int trash_put(const struct trash *, int at, const char *name);
/*
 * Removes at most so many things.  1: there is more to do; 0: it is empty,
 * or what is left, which is logged, resists.
 */
int trash_step(struct trash *, unsigned int things);

#endif
