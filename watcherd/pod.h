/*
 * A valid, defaulted pod to the message that reconciled acts on.  Pure.
 */
#ifndef POD_H
#define POD_H

#include "common/mem.h"
#include "tripod.pb-c.h"
#include "watcherd/identity.h"
#include "watcherd/tree.h"

/*
 * All memory comes from the arena, strings are shared with the tree.
 * NULL: memory ran out.
 */
Tripod__Pod *pod_message(
    struct arena *, const struct node *pod, const struct identity_of *);

#endif
