/*
 * What tripodctl shows of a pod beyond its status: why it waits, what its
 * probes said last, and what the plan would do.  Pure.
 */
#ifndef DETAIL_H
#define DETAIL_H

#include "reconciled/plan.h"
#include "reconciled/why.h"

struct detail_env {
	struct why_env why;
	int64_t now_ns;
};

Tripod__PodDetail *detail_build(
    struct arena *, const struct detail_env *, const struct pod *);
/* As of now; nothing is done. */
Tripod__PlanItem *detail_plan(
    struct arena *, const struct detail_env *, const struct pod *);

#endif
