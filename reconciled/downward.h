/*
 * Volumes with files about the pod (runtime.md 4.6).
 */
#ifndef DOWNWARD_H
#define DOWNWARD_H

#include "common/err.h"
#include "reconciled/translate.h"

/* Of a volume of ours. */
struct volume_owner {
	const char *name;
	const Tripod__Number *group; /* fsGroup, or NULL */
};

/*
 * Writes all files of the volume below the folder at.  Containers see the
 * old files or the new ones, never some of each: they lie in a folder of
 * their own, which the link "..data" names.  -1 and err.
 */
int downward_write(int at, const struct volume_owner *,
    const struct translate_env *, const struct pod *, const Tripod__Downward *,
    struct err *);

#endif
