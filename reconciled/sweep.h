/*
 * What pods that are gone have left on the disk, for example by a crash
 * between the end of a pod and its clean-up, or while reconciled was away.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include "reconciled/files.h"

/*
 * Removes volumes, logs and links of uids for which there is a folder of ours
 * and no pod.  Call only when all pods are known: those that manifests want,
 * and those that the runtime has.
 */
void sweep(const struct files *, const struct pods *);

#endif
