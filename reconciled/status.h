/*
 * The status of a pod as the API shows it, computed from what is wanted,
 * seen and remembered (runtime.md 7).  Pure: time comes in.
 */
#ifndef STATUS_H
#define STATUS_H

#include "common/conf.h"
#include "reconciled/pod.h"

struct status_env {
	const char *runtime_name;	   /* scheme of container ids */
	const struct conf_list *addresses; /* of the node, primary first */
	struct mtime now;
	int64_t now_ns;
};

/*
 * The result lives in the arena.  What was told last (the pod's published)
 * is where it goes on from when an instance is gone without a trace.
 */
Tripod__PodStatus *status_build(
    struct arena *, const struct status_env *, const struct pod *);
/*
 * Notes when conditions last changed, so that the next status says the
 * same; to be called with each status that was built.
 */
void status_remember(struct pod_memo *, const Tripod__PodStatus *);

#endif
