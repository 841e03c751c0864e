/*
 * Decides what to do next for one pod; never does it.
 *
 * Pure: no clock, no I/O, no allocation.  The same input gives the same
 * plan.  Rules, in the order in which they are applied (runtime.md 5):
 *
 *  1. While something about the pod is unknown: nothing.
 *  2. A pod that ends: stop what runs, then its sandboxes, then remove
 *     both, then clean up the disk.
 *  3. A wanted pod that waits for another one's end: fetch all its images.
 *  4. Images of containers that must be created are looked up first.
 *  5. No usable sandbox (none, not ready, several, other network): stop
 *     what is left of the old ones, then make one with the next attempt,
 *     unless nothing would be started in it.
 *  6. Containers in the order of the manifest, one at a time: start what
 *     was created; create what is missing or ended and is to run again,
 *     after its back-off; stop what is in an unknown state, and what runs
 *     without a place in the manifest.  What was created for a sandbox of
 *     the past can never start and counts as missing.
 *  7. A pod in which all has ended for good: stop its sandbox.
 *  8. Of dead instances only the newest of each container is kept.
 */
#ifndef PLAN_H
#define PLAN_H

#include "reconciled/pod.h"

#define PLAN_MAX 128 /* actions of one plan */

enum action_kind {
	ACT_IMAGE, /* look up, pull if need be */
	ACT_RUN_SANDBOX,
	ACT_CREATE,
	ACT_START,
	ACT_STOP,
	ACT_STOP_SANDBOX,
	ACT_REMOVE,
	ACT_REMOVE_SANDBOX,
	ACT_CLEAN /* volumes and logs of a pod that is gone */
};

struct action {
	enum action_kind kind;
	size_t index;	       /* IMAGE, CREATE: container of the wanted pod */
	const char *id;	       /* of a container or sandbox; borrowed */
	uint32_t attempt;      /* RUN_SANDBOX, CREATE */
	int64_t grace_seconds; /* STOP */
	const char *reason;    /* constant text */
};

/* "create" and the like, for people. */
const char *action_kind_str(enum action_kind);

/*
 * Fills act and returns the number of actions.  wake becomes the time at
 * which to ask again even if nothing happens; MTIME_NEVER if there is
 * none.  Actions borrow from want and seen.
 */
size_t plan_pod(const struct pod_want *, const struct pod_seen *,
    const struct pod_memo *, struct mtime now,
    struct action act[static PLAN_MAX], struct mtime *wake);

/*
 * Decides between pods, before each is planned for itself: fills in blocked,
 * hold, terminating, pod, grace_seconds and network_ready of every want from
 * its wanted.  A pod that is not wanted is kept going until a whole transfer
 * of manifests has come (synced), and, if it is live, until the images of a
 * wanted pod of its name are there; that one starts only when no other of
 * its name is live or busy.  An end that has begun is finished even if the
 * pod is wanted again.
 */
void plan_resolve(struct pods *, int synced, int network_ready);

/* Whether every image of the pod has been found (rule 3). */
int plan_images_ready(const Tripod__Pod *, const struct pod_memo *);

#endif
