/*
 * Volumes of pods on the disk (runtime.md 4.6).
 */
#ifndef VOLUMES_H
#define VOLUMES_H

#include "reconciled/files.h"

#define VOLUMES_EMPTY_DIR "kubernetes.io~empty-dir"
#define VOLUMES_DOWNWARD "kubernetes.io~downward-api"

/*
 * Makes the volumes of a pod below the folder "pods", and has host paths
 * checked or made as their type says.  done may be called at once; the pod
 * and its definition stay until then.
 */
void volumes_prepare(
    const struct files *, const struct pod *, work_done, void *ctx);
/* Where a volume begins: a host path, or a path below that folder. */
void volumes_path(
    const struct pod *, const Tripod__Volume *, char path[static PATH_MAX]);

#endif
