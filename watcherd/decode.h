/*
 * A reader's tree to a tree of typed values, driven by the schema.
 *
 * Unknown fields and values of the wrong type are errors, each with a
 * hint where one is cheap; all of them are found, not only the first.
 * Read leniently, an unknown field is only worth a warning.
 * In the result:
 *  - fields given as null are absent; null in a list is a zero value;
 *  - what JSON gives twice is laid over each other, see overlay.h;
 *  - integers have num set; quantities are strings in canonical text;
 *  - what was refused is NODE_BAD, so that nobody complains twice.
 * Zero values are still there (prune() of canonical.h drops them).
 */
#ifndef DECODE_H
#define DECODE_H

#include "watcherd/problem.h"
#include "watcherd/schema.h"
#include "watcherd/tree.h"

/*
 * Decodes what is a Pod by its kind, a mapping.  NULL after adding a
 * problem: memory ran out.
 */
struct node *decode_pod(const struct node *, struct arena *, struct problems *);
/* The same for a list of pods, whose items are left as they are. */
struct node *decode_pod_list(
    const struct node *, struct arena *, struct problems *);

#endif
