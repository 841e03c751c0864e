/*
 * The end of all pods when the machine goes down.  Decides only.
 *
 * Pods end in groups of equal class and priority (order.h), the least
 * important first, the next group when the one before has ended or has had
 * its time: an equal share of what is left.  A pod that has ended is not
 * started again, nor is one that did not run; nothing is removed.
 */
#ifndef DOWN_H
#define DOWN_H

#include "reconciled/pod.h"

struct down {
	int on;
	struct mtime until; /* when all must have ended */
	struct mtime next;  /* when the next group is due at the latest */
};

void down_begin(struct down *, struct mtime now, int64_t total_ms);
/*
 * Fills in down, and limits grace_seconds, of every pod, after
 * plan_resolve().  True when nothing runs any more, or the time is over and
 * nobody has to be waited for.  wake becomes earlier when time alone changes
 * something.
 */
int down_resolve(
    struct down *, struct pods *, struct mtime now, struct mtime *wake);

#endif
