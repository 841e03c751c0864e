/*
 * What a container carries for the next reconciled: annotations that
 * nobody else needs (plan.h, rules 8 and 10).
 */
#ifndef MARK_H
#define MARK_H

#include "common/mem.h"
#include "cri.pb-c.h"
#include "reconciled/backoff.h"

#define ANNOTATION_ROUND "tripod.round"
#define ANNOTATION_CRASH_DELAY "tripod.crash-delay" /* milliseconds */

struct mark {
	uint32_t round;
	int64_t crash_delay_ms;
};

/* Adds them to what the container has; zeros are left out. */
void mark_put(
    struct arena *, Runtime__V1__ContainerConfig *, const struct mark *);
/* Of a container in a list; what is missing or makes no sense is zero. */
struct mark mark_get(const Runtime__V1__Container *);

#endif
