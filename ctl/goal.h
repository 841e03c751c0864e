/*
 * What tripodctl wait waits for.  Pure.
 */
#ifndef GOAL_H
#define GOAL_H

#include <stdint.h>

#include "common/err.h"
#include "tripod.pb-c.h"

#define GOAL_HASH_MIN 8 /* hex digits that are enough */

struct goal {
	enum goal_kind {
		GOAL_READY,
		GOAL_RUNNING,
		GOAL_GONE,
		GOAL_HASH
	} kind;
	const char *text; /* as given; borrowed */
	const char *hash; /* of GOAL_HASH, within text */
};

/* -1: it is none; nothing is changed then. */
int goal_parse(struct goal *, const char *);
/*
 * Whether the pod is so; NULL: there is none.  0 with why: not yet, and
 * what holds it up.
 */
int goal_reached(const struct goal *, const Tripod__PodItem *, int64_t now_ns,
    struct err *why);

#endif
