/*
 * What a pod's definition says about its containers (runtime.md 5.4).
 *
 * All containers of a pod share one index: first the init containers, then
 * the regular ones, each in the order of the manifest.  Pure.
 */
#ifndef SPEC_H
#define SPEC_H

#include <stddef.h>
#include <stdint.h>

#include "tripod.pb-c.h"

#define POD_CONTAINERS_MAX 64 /* of one pod, init containers included */

enum spec_kind {
	SPEC_INIT,    /* runs to its end before the next one starts */
	SPEC_SIDECAR, /* an init container that runs as long as the pod */
	SPEC_REGULAR
};

/* Number of containers of both kinds. */
size_t spec_count(const Tripod__Pod *);
const Tripod__Container *spec_container(const Tripod__Pod *, size_t i);
enum spec_kind spec_kind(const Tripod__Pod *, size_t i);
/* Index of the container of that name; spec_count() if there is none. */
size_t spec_find(const Tripod__Pod *, const char *name);
/* The volume of that name; NULL if there is none. */
const Tripod__Volume *spec_volume(const Tripod__Pod *, const char *name);

/* What an exit leads to. */
enum spec_restart {
	SPEC_RESTART_NO,
	SPEC_RESTART_YES,
	SPEC_RESTART_ALL /* the whole pod begins anew, in its sandbox */
};

/*
 * After an exit of container i: its rules, then its own policy, then the
 * pod's.  An exit with 0 may still have failed (killed for its memory).
 */
enum spec_restart spec_restart(
    const Tripod__Pod *, size_t i, int32_t exit_code, int failed);

/* After it was killed so that it runs again, whatever its exit code. */
int spec_restarts_killed(const Tripod__Pod *, size_t i);

#endif
