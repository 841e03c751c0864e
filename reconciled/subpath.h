/*
 * Mounts that begin below the root of their volume (runtime.md 4.6).
 *
 * The containers of a pod write to its volumes, so every part of a
 * sub-path may become a link to anywhere, at any moment, also between our
 * look and the runtime's mount.  So the kernel resolves the path, beneath
 * the volume, and what it found is mounted in a folder that no container
 * can reach; the runtime gets that.
 */
#ifndef SUBPATH_H
#define SUBPATH_H

#include "common/err.h"
#include "reconciled/files.h"

/* Below the pod's folder: VOLUME/CONTAINER/INDEX, each a mount. */
#define SUBPATHS "volume-subpaths"

/*
 * Replaces the host paths of a container's mounts with a sub-path, and
 * makes missing folders.  -1 and err.
 */
int subpaths_mount(const struct files *, const struct pod *,
    const Tripod__Container *, Runtime__V1__ContainerConfig *, struct arena *,
    struct err *);
/* Unmounts all of a pod.  -1: not all; the rest is logged. */
int subpaths_unmount(const struct files *, const char *uid);

#endif
