/*
 * Mounts that begin below the root of their volume (runtime.md 4.6).
 *
 * The containers of a pod write to its volumes, so every part of a
 * sub-path may become a link to anywhere, at any moment, also between our
 * look and the runtime's mount.  So the kernel resolves the path, beneath
 * the volume; what it found is held open until the container is started;
 * and the runtime gets a path that leads to just that:
 *
 *	a folder	/proc/PID/fd/N/. of the descriptor that we hold
 *	a file		a hard link to it in a folder that no container sees
 *
 * The first needs a runtime that takes the path as it is (containerd) and
 * a pid that means the same to both; the second a file of a volume that is
 * ours.  Anything else is refused.
 */
#ifndef SUBPATH_H
#define SUBPATH_H

#include <sys/queue.h>

#include "common/err.h"
#include "reconciled/translate.h"

struct pin;
TAILQ_HEAD(pin_list, pin);

struct pins {
	struct pin_list list;
	int pids_are_ours; /* the same as the machine's */
};

/* Before the sandbox is entered. */
void pins_init(struct pins *);
void pins_release(struct pins *);

/* Whose pins they are: an instance of a container. */
struct pin_owner {
	const struct pod *pod;
	const Tripod__Container *spec;
	uint32_t attempt;
};

/* Where and how sub-paths are resolved. */
struct subpath_env {
	int pods;	     /* folder of volumes */
	const char *state;   /* path of the folder above it */
	const char *runtime; /* name */
};

/*
 * Replaces the host paths of mounts with a sub-path, makes missing
 * folders, and holds what was found.  Nothing is held after a failure: -1
 * and err.
 */
int subpaths_resolve(struct pins *, const struct subpath_env *,
    const struct pin_owner *, Runtime__V1__ContainerConfig *, struct arena *,
    struct err *);
/* Whether the container has mounts that need pins. */
int subpaths_needed(const Tripod__Container *);
/* Whether subpaths_resolve() has been called for it, and no drop since. */
int pins_held(const struct pins *, const struct pin_owner *);
void pins_drop(struct pins *, const struct pin_owner *);

#endif
