/*
 * Why a pod or a container is not where it should be, for people: the
 * words of tripodctl status, plan and wait.  Pure: time comes in.
 *
 * They follow the rules of plan.h in their order, so that what is told is
 * what holds it up.  Texts live in the arena, or are constant.
 */
#ifndef WHY_H
#define WHY_H

#include "reconciled/pod.h"

struct why_env {
	const char *runtime; /* why the runtime is not there, or "" */
	const char *network; /* what it says about the network, or "" */
	struct mtime now;
};

struct why {
	const char *text;   /* "": nothing holds it up */
	struct mtime until; /* MTIME_NEVER: until something happens */
};

/* About the pod as a whole. */
struct why why_pod(struct arena *, const struct why_env *, const struct pod *);
/* About container i (spec.h) of a pod that itself is not held up. */
struct why why_container(
    struct arena *, const struct why_env *, const struct pod *, size_t i);
/* Why container i must not be restarted by hand; NULL: it may be. */
const char *why_no_restart(const struct pod *, size_t i);

#endif
