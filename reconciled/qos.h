/*
 * What a pod asks of the machine: its resources, and the quality of
 * service that follows from them (runtime.md 3.5, 4.9).  Pure.
 */
#ifndef QOS_H
#define QOS_H

#include "tripod.pb-c.h"

enum qos {
	QOS_GUARANTEED,
	QOS_BURSTABLE,
	QOS_BEST_EFFORT
};
#define QOS_CLASSES 3

enum qos_side {
	QOS_REQUEST,
	QOS_LIMIT
};

/*
 * Bound on each amount, so that sums over a pod cannot overflow;
 * policy_check() sees to it.
 */
#define QOS_AMOUNT_MAX (INT64_MAX / 1024)

enum qos qos_of(const Tripod__Pod *);
/* "Guaranteed", "Burstable", "BestEffort" */
const char *qos_str(enum qos);

/*
 * An amount, in the units of Tripod__Resource; -1 where none is given.
 * Takes NULL.
 */
int64_t qos_amount(const Tripod__Resources *, enum qos_side, const char *name);
/*
 * The most that a pod needs at one time: its containers and sidecars
 * together, or an init container beside the sidecars before it.  Without
 * the overhead.  -1: a limit that not every container has, or a request
 * that none has.
 */
int64_t qos_pod_amount(const Tripod__Pod *, enum qos_side, const char *name);
/* What the pod itself takes beside its containers; -1: not given. */
int64_t qos_overhead(const Tripod__Pod *, const char *name);
/* The folder below "kubepods" of a class; "" for Guaranteed. */
const char *qos_folder(enum qos);

#define QOS_PERIOD_US 100000
#define QOS_SHARES_MIN 2
#define QOS_SHARES_MAX 262144
/* A weight as cgroup v1 counts it, of thousandths of a processor. */
int64_t qos_shares(int64_t milli);
/* Microseconds of each QOS_PERIOD_US; 0: no limit. */
int64_t qos_quota_us(int64_t milli);
/* An init container that goes on beside the others. */
int qos_is_sidecar(const Tripod__Container *);

#endif
