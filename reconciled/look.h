/*
 * What the state of a pod's containers means; for plan and status.  Pure.
 *
 * An instance is current if it is of the newest sandbox and of the newest
 * round: rounds count how often all containers had to begin anew in it
 * (plan.h, rule 8).
 */
#ifndef LOOK_H
#define LOOK_H

#include "reconciled/pod.h"

/* The round that counts: one more than that of an exit that restarts all. */
uint32_t look_round(const Tripod__Pod *, const struct pod_seen *);
/* Whether an instance is of the newest sandbox and that round. */
int look_is_current(
    const struct pod_seen *, uint32_t round, const struct seen_container *);
/* Whether the exit of an instance of container i was a failure. */
int look_failed(const Tripod__Pod *, size_t i, const struct seen_container *);
/* Whether container i must be created, at once or after its back-off. */
int look_is_due(
    const Tripod__Pod *, const struct pod_seen *, size_t i, uint32_t round);
/* Whether a later container of the round exists, so that i is done with. */
int look_is_passed(
    const Tripod__Pod *, const struct pod_seen *, size_t i, uint32_t round);
/*
 * Whether init container i is where the next one may begin: an ordinary one
 * has succeeded, a sidecar has started.
 */
int look_is_through(const Tripod__Pod *, const struct pod_seen *,
    const struct pod_memo *, size_t i);
/* Why the pod is over, as far as its containers tell. */
enum pod_over look_over(const Tripod__Pod *, const struct pod_seen *);

#endif
