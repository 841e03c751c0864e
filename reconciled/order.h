/*
 * In which order pods start, and end when the machine goes down.  Decides
 * only: time comes in, actions are act.c's.
 *
 * Pods of class system-node-critical come first, then those of
 * system-cluster-critical, then the others, each by priority, the highest
 * first, and by name.
 */
#ifndef ORDER_H
#define ORDER_H

#include "reconciled/plan.h"

/* How long a start may keep others from starting. */
#define ORDER_SLOW_MS 10000

/* A pod whose next step is its sandbox. */
struct candidate {
	struct pod *pod;
	struct action act;
};

/* Negative, 0 or positive: which of two defined pods is the first. */
int order_compare(const struct pod *, const struct pod *);
/* Whether the first is of a more important kind, whatever their names. */
int order_outranks(const struct pod *, const struct pod *);
/* What is the same for all candidates. */
struct order_env {
	size_t places;	      /* starts that may be under way */
	struct mtime settled; /* until then the first ones are waited for */
	struct mtime now;
};

/*
 * Sorts candidates and returns how many of them, the first ones, may start
 * now, so that no more starts than there are places are under way; one that
 * takes longer than ORDER_SLOW_MS does not count any more.  Pods that take
 * the place of one that ran have as many places of their own: an update is
 * not held up by others.  Until all has settled, a pod also waits for those
 * that outrank it and are about to be candidates.  wake becomes earlier when
 * time alone changes something.
 */
size_t order_starts(const struct pods *, struct candidate *, size_t n,
    const struct order_env *, struct mtime *wake);

#endif
