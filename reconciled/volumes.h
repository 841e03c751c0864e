/*
 * Volumes of pods on the disk (runtime.md 4.6).
 */
#ifndef VOLUMES_H
#define VOLUMES_H

#include "common/err.h"
#include "reconciled/files.h"

#define VOLUMES_EMPTY_DIR "kubernetes.io~empty-dir"

/*
 * Makes the volumes of a pod below the folder "pods", and checks or makes
 * host paths as their type says.  -1 and err.
 */
int volumes_prepare(const struct files *, const struct pod *, struct err *);
/*
 * An O_PATH descriptor of where a volume begins, to be closed by the
 * caller; -1 with errno.
 */
int volumes_open(int pods, const struct pod *, const Tripod__Volume *);

#endif
