/*
 * What pods that are gone have left on the disk, for example by a crash
 * between the end of a pod and its clean-up, or while reconciled was away.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include "reconciled/files.h"

/*
 * Adds a pod for each uid for which there is a folder of ours and none: it
 * is not wanted, so that its end follows.  Call only when all pods are known:
 * those that manifests want, and those that the runtime has.  -1: there is
 * more.
 */
int sweep(const struct files *, struct pods *);

#endif
