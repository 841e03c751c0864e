/*
 * Whether a pod belongs on this node (runtime.md 5.13); the reasons are
 * the kubelet's.  Pure.
 */
#ifndef ADMISSION_H
#define ADMISSION_H

#include "reconciled/policy.h"

/* 0, or -1 and err: "REASON: what is against it". */
int admission_check(const struct policy *, const Tripod__Pod *, struct err *);
/* Whether both want the same port of the host; -1 and err. */
int admission_ports(
    const Tripod__Pod *, const Tripod__Pod *other, struct err *);

#endif
