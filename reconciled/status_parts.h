/*
 * Between the files of status; see status.h.
 */
#ifndef STATUS_PARTS_H
#define STATUS_PARTS_H

#include "reconciled/look.h"
#include "reconciled/status.h"

/* What the rules work on. */
struct builder {
	struct arena *arena;
	const struct status_env *env;
	const struct pod *pod;
	const Tripod__Pod *spec;	 /* its definition */
	const Tripod__PodStatus *before; /* the one told last, or NULL */
	uint32_t round;			 /* the one that counts */
	Tripod__PodStatus *out;
};

/* Whether ordinary init container i is done with, whatever is known of it. */
int status_is_passed(const struct builder *, size_t i);
/* Of container i (spec.h); it lives in the arena. */
Tripod__ContainerStatus *status_container(const struct builder *, size_t i);

#endif
