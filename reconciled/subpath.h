/*
 * Mounts that begin below the root of their volume (runtime.md 4.6).
 *
 * What a sub-path leads to, as finder.h finds it, is mounted in a folder
 * that no container can reach; the runtime gets that.
 */
#ifndef SUBPATH_H
#define SUBPATH_H

#include "reconciled/files.h"

/* Below the pod's folder: VOLUME/CONTAINER/INDEX, each a mount. */
#define SUBPATHS "volume-subpaths"

/* A container's mounts, and what is made of them. */
struct subpaths {
	const struct pod *pod;
	const Tripod__Container *container;
	Runtime__V1__ContainerConfig *config;
	struct arena *arena; /* of the configuration */
};

/*
 * Replaces the host paths of mounts with a sub-path, and makes missing
 * folders.  done may be called at once; all of it stays until then.
 */
void subpaths_mount(
    const struct files *, const struct subpaths *, work_done, void *ctx);
/* Unmounts all of a pod, memory too; done may be called at once. */
void subpaths_unmount(
    const struct files *, const char *uid, work_done, void *ctx);

#endif
