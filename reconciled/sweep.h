/*
 * What pods that are gone have left on the disk, for example by a crash
 * between the end of a pod and its clean-up, or while reconciled was away.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include "reconciled/files.h"

/*
 * Removes volumes, logs and links of uids for which there is a folder of ours
 * and no pod; ends what processes are left in their cgroups.  Call only when
 * all pods are known: those that manifests want, and those that the runtime
 * has.  -1: something is in use, or there is more.
 */
int sweep(const struct files *, const struct pods *);

#endif
