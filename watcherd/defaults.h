/*
 * Fills in what a manifest leaves out, as the API server does for a Pod
 * (defaults of Kubernetes 1.36).  Constant defaults stand in the schema;
 * those that depend on other fields are here, and so is what the reference
 * adjusts while it decodes (a negative grace period, annotations without
 * meaning).
 */
#ifndef DEFAULTS_H
#define DEFAULTS_H

#include "watcherd/problem.h"
#include "watcherd/schema.h"
#include "watcherd/tree.h"

/*
 * Works on a decoded pod, in place.  0, or -1 when memory ran out (which
 * problems then know).
 */
int defaults_apply(struct node *pod, struct arena *, struct problems *);

/* True if the value is what the field means when it is not given. */
int field_is_unset(const struct field *, const struct node *);

#endif
