/*
 * A manifest on its way into the folder, from where it is read only whole.
 */
#ifndef PLACE_H
#define PLACE_H

#include <stddef.h>

#include "common/err.h"

#define PLACE_SIZE_MAX (1024 * 1024) /* more is refused by watcherd */

struct place {
	char *folder, *name; /* where it goes */
	char *bytes;	     /* of the new one */
	size_t len;
	int same;     /* it is there already */
	int previous; /* the one before is kept, see place_back() */
};

/*
 * Reads a file, "-" is standard input.  manifests is what reconciled names,
 * a folder or the only file; name may be NULL: as the file is called.  -1
 * and err.
 */
int place_read(struct place *, const char *manifests, const char *file,
    const char *name, struct err *);
/* A descriptor from which the bytes can be read; -1 and err. */
int place_descriptor(const struct place *, struct err *);
/*
 * Puts it in place: written beside under a name that nobody reads, on the
 * disk, and renamed.  It keeps owner and mode of the one before, which
 * stays as ".NAME.previous"; otherwise it is its owner's alone.  -1 and
 * err: nothing has changed.
 */
int place_put(struct place *, struct err *);
/* The command that undoes it; malloc'd. */
char *place_back(const struct place *);
void place_release(struct place *);

#endif
