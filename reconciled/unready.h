/*
 * Which running instances their probes have not found to be started, or
 * ready, noted on the disk for a reconciled that is started later: the
 * runtime knows nothing of it.  What is not noted counts as both (health.h).
 *
 * The notes are empty files beside the termination message of an instance,
 * and go with the pod's folder.
 */
#ifndef UNREADY_H
#define UNREADY_H

#include "reconciled/pod.h"

/*
 * Notes it, or that it is not so any more; pods is the folder of all pods.
 * Of the startup and the readiness probe; a failure is logged only.
 */
void unready_note(int pods, const struct pod *, const struct seen_container *,
    enum probe_kind, int unready);
int unready_is_noted(int pods, const struct pod *,
    const struct seen_container *, enum probe_kind);
/* With the instance. */
void unready_remove(
    int pods, const struct pod *, const struct seen_container *);

#endif
