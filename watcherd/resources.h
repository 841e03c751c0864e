/*
 * Resources of a pod as a whole (spec.resources), from those of its
 * containers.  Pure.
 */
#ifndef RESOURCES_H
#define RESOURCES_H

#include "watcherd/quantity.h"
#include "watcherd/tree.h"

/* True if an init container stays while the pod runs. */
int container_is_sidecar(const struct node *);

/*
 * What the containers of a pod request of a resource: the larger of what
 * the regular ones and the sidecars need together and of what any init
 * container needs with the sidecars before it.  0: none requests it.
 */
int resources_effective(
    const struct node *spec, const char *resource, struct quantity *);

/*
 * Fills in what spec.resources, if it says anything, leaves out: limits of
 * huge pages from those of the containers (computed as above); then, if
 * there are limits, requests of cpu and memory from the containers and of
 * what else has a limit.  -1: memory ran out.
 */
int resources_default(struct arena *, struct node *spec);

/*
 * A quantity of a container's or pod's "limits" or "requests"; 0: there
 * is none.
 */
int resources_get(const struct node *, const char *which, const char *resource,
    struct quantity *);

#endif
