/*
 * The Node object and its Lease, as JSON.  Pure.
 *
 * The Node must not attract work: nobody here runs pods of the API.  It
 * carries a NoSchedule taint (a node identity may set one at creation
 * only), offers no room for pods (allocatable.pods is "0"; mirrors name
 * their node and never meet the scheduler), and lacks the label
 * kubernetes.io/os, which DaemonSets that tolerate every taint select.
 */
#ifndef NODE_H
#define NODE_H

#include <jansson.h>
#include <stdint.h>

#include "mirrord/hostinfo.h"
#include "tripod.pb-c.h"

#define NODE_TAINT "tripod/static-only"
#define NODE_PODS "110" /* capacity.pods, as a kubelet says */
#define NODE_LEASE_S 40 /* leaseDurationSeconds, as a kubelet says */

/* Seconds between two status patches when nothing changes (kubelet). */
#define NODE_STATUS_S 300

/*
 * The labels and status we want the Node to have.  The item may be NULL:
 * nothing was heard of the runtime yet, so the Node is not ready.
 */
json_t *node_build(
    const char *node, const struct hostinfo *, const Tripod__NodeItem *);
/* The body of the POST: as built, with the taint and times. */
json_t *node_post(const json_t *want, int64_t now_ns);
/* True when labels or status of the server differ; heartbeats do not. */
int node_differs(
    const json_t *want, const json_t *seen_labels, const json_t *seen_status);
/* The body of PATCH nodes/NODE/status; also the five-minute heartbeat. */
json_t *node_patch(
    const json_t *want, const json_t *seen_status, int64_t now_ns);

/*
 * The next renewTime in microseconds: strictly after the last one, even
 * when the clock was set back (the node controller counts a heartbeat
 * only if it is later than the one before).
 */
int64_t lease_next_us(int64_t last_us, int64_t now_ns);
json_t *lease_post(const char *node, const char *node_uid, int64_t renew_us);
json_t *lease_patch(const char *node, int64_t renew_us);

#endif
