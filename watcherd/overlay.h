/*
 * What a kubelet makes of a key that JSON gives twice: a value is read on
 * top of the earlier one.  Objects are united, lists laid over each other
 * up to the length of the later one, keys of free mappings added, and
 * anything else is replaced.  Pure.
 */
#ifndef OVERLAY_H
#define OVERLAY_H

#include "watcherd/schema.h"
#include "watcherd/tree.h"

/*
 * Two decoded values of a field, of which the early one may be NULL, and
 * what the reader made of the late one, which is changed.  NULL: the arena is
 * exhausted.
 */
struct node *overlay(struct arena *, const struct field *, struct node *early,
    struct node *late, const struct node *raw);
/* What null leaves of a value; NULL: nothing. */
struct node *overlay_null(const struct field *, struct node *early);

#endif
