/*
 * Is a defaulted pod a valid static pod?  All faults are added, each at
 * its place; what decode.h refused already is passed over.
 *
 * What one field may hold is checked from the schema (validate.c); rules
 * between fields are in validate_*.c, by topic; support.c refuses or warns
 * about what is valid but not done here.
 */
#ifndef VALIDATE_H
#define VALIDATE_H

#include "watcherd/problem.h"
#include "watcherd/tree.h"

#define ANNOTATIONS_MAX 262144 /* bytes of all keys and values */
#define CONTAINERS_MAX 64      /* of one pod */
#define VOLUMES_MAX 256	       /* of one pod */
#define MARKS_MAX 32	       /* of one pod */

/*
 * Everything about a defaulted pod but what is supported.  The node's name
 * is needed because the pod's name ends with it.
 */
void validate_pod(
    const struct node *pod, const char *node_name, struct problems *);
/* Fields without which a pod must not run, with their paths. */
struct marks {
	struct arena *arena;
	char *field[MARKS_MAX];
	size_t n; /* what is beyond MARKS_MAX is not told */
};

/*
 * References that static pods may not have, and what Tripod does not do
 * (yet): on the pod as it was written, before defaults.  The former is an
 * error always; the latter is one too or, read leniently, a warning and a
 * mark.
 */
void validate_support(
    const struct node *pod, struct problems *, struct marks *);

#endif
