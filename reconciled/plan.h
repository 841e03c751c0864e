/*
 * Decides what to do next for one pod; never does it.
 *
 * Pure: no clock, no I/O, no allocation.  The same input gives the same
 * plan.  Rules, in the order in which they are applied (runtime.md 5):
 *
 *  1. While something about the pod is unknown, or its disk is being cleaned
 *     up: nothing.
 *  2. A pod that ends: stop what runs (rule 3), then its sandboxes, then
 *     remove both, then clean up the disk.  A pod that is over (all has
 *     ended for good, an init container failed for good, its deadline
 *     passed) is stopped the same way, but what is dead stays: it is its
 *     result, and keeps it from running again.  When the machine goes down
 *     nothing is removed either, and what does not run is left alone.
 *  3. Stopping a container: its preStop hook, then the signal with what is
 *     left of its grace period, at least two seconds of it.  Containers are
 *     stopped all at once; of a pod that ends, sidecars one after the other
 *     from the last to the first, after all regular containers, as long as
 *     there is time.  Hooks do not wait for their turn.  What is under way
 *     with more time than is left in the end is cut short.
 *  4. A wanted pod that waits for another one's end: fetch all its images.
 *  5. Images of containers that must be created are looked up first.
 *  6. No usable sandbox (none, not ready, several, other network, no
 *     address): stop what is left of the old ones, all of them, so that
 *     their networks are released; then make one with the next attempt.
 *  7. Stop older sandboxes, and containers that are in an unknown state,
 *     run without a place in the manifest, whose probe or postStart hook
 *     has failed, or whose restart the operator has asked for.
 *  8. An exit whose rule says that all restart: stop all others, at once
 *     and without hooks, remove what has not been started; then begin anew
 *     with the first init container.  What was before is of an earlier round.
 *  9. Init containers one at a time, in the order of the manifest.  What
 *     ran in a sandbox of the past or an earlier round does not count.  The
 *     next one waits for the end of an ordinary one, for the start of a
 *     sidecar.  One that has been passed is left alone, but a sidecar that
 *     ends is always started again.
 * 10. Then regular containers in that order: start what was created; create
 *     what is missing or ended and is to run again, after its back-off.
 *     The next one waits for the creation, the start and the postStart hook
 *     of the one before, but not for its failures.  What was created for a
 *     sandbox of the past can never start and counts as missing.
 * 11. Of dead instances only the newest of each container is kept, and none
 *     that has no place in the manifest.
 */
#ifndef PLAN_H
#define PLAN_H

#include "reconciled/pod.h"

#define PLAN_MAX 128 /* actions of one plan */
/*
 * Between the signals at least: of a whole grace period, and when a part of
 * it has passed, with hooks or others' turns, or there is none.
 */
#define STOP_SECONDS_MIN 1
#define STOP_SECONDS_LEFT 2

enum action_kind {
	ACT_IMAGE, /* look up, pull if need be */
	ACT_RUN_SANDBOX,
	ACT_CREATE,
	ACT_START,
	ACT_POST_START,
	ACT_PRE_STOP,
	ACT_STOP,
	ACT_STOP_SANDBOX,
	ACT_REMOVE,
	ACT_REMOVE_SANDBOX,
	ACT_CLEAN /* volumes and logs of a pod that is gone */
};

struct action {
	enum action_kind kind;
	size_t index;	       /* IMAGE, CREATE, START, hooks: by spec.h */
	const char *id;	       /* of a container or sandbox; borrowed */
	uint32_t attempt;      /* RUN_SANDBOX, CREATE */
	uint32_t round;	       /* CREATE */
	int64_t grace_seconds; /* PRE_STOP, STOP: what is left */
	enum stop_cause cause; /* PRE_STOP, STOP */
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

/* What is the same for all pods. */
struct plan_env {
	int synced;	   /* a whole transfer of manifests has come */
	int network_ready; /* the runtime can make pod networks */
	struct mtime now;
};

/*
 * Decides between pods, before each is planned for itself: fills in blocked,
 * hold, terminating, over, end_since, pod, grace_seconds and network_ready of
 * every want from its wanted and deadline.  A pod that is not wanted is kept
 * going until a whole transfer of manifests has come, and, if it is live,
 * until the images of a wanted pod of its name are there; that one starts
 * only when no other of its name is live or busy.  A pod that is not wanted
 * and not live is not started.  One that has another definition for the same
 * uid goes on until that one has its images, and then ends to begin anew;
 * if it runs by one that nobody knows any more it is blocked by itself until
 * then.  An end that has begun is finished even if the pod is wanted
 * again.
 */
void plan_resolve(struct pods *, const struct plan_env *);

/* What follows when an image has been looked up (runtime.md 4.12). */
enum image_step {
	IMAGE_USE,
	IMAGE_PULL,
	IMAGE_NEVER, /* it is not there and may not be pulled */
	IMAGE_LOST   /* not there after its pull */
};

enum image_step plan_image(Tripod__PullPolicy, int present, int pulled);

/* Whether every image of the pod has been found (rule 4). */
int plan_images_ready(const Tripod__Pod *, const struct pod_memo *);

#endif
