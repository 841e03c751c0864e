/*
 * What the API server has: pods bound to this node, the Node object,
 * its Lease.  Pure: JSON in, the few facts that decisions need out.
 */
#ifndef SEEN_H
#define SEEN_H

#include <jansson.h>
#include <stdint.h>

#include "common/err.h"

/* Annotations, as kubelet and kubectl know them. */
#define ANNOTATION_HASH "kubernetes.io/config.hash"
#define ANNOTATION_SOURCE "kubernetes.io/config.source"
#define ANNOTATION_SEEN "kubernetes.io/config.seen"
#define ANNOTATION_MIRROR "kubernetes.io/config.mirror"

struct seen_pod {
	char *namespace, *name, *uid;
	char *hash;	    /* of the mirror annotation; NULL: no mirror */
	char *owner;	    /* uid of the owning Node; NULL: other owners */
	int deleting;	    /* has a deletionTimestamp */
	int finalizers;	    /* outlives its deletion */
	int64_t generation; /* 0: the server does not count */
	int64_t version;    /* -1: cannot be compared */
	json_t *labels, *annotations, *status; /* may be NULL */
	json_t *editable; /* fields of spec that the API lets people edit */
};

/* NULL and err when it is no pod of that node. */
struct seen_pod *seen_pod_new(const json_t *, const char *node, struct err *);
void seen_pod_free(struct seen_pod *);

/*
 * The fields of a pod's spec that can be changed without being refused
 * (images, activeDeadlineSeconds, tolerations), as a new object.
 */
json_t *spec_editable(const json_t *spec);

struct seen_node {
	char *uid;
	int deleting;
	int64_t version;
	json_t *labels, *status;
};

struct seen_node *seen_node_new(const json_t *, const char *node, struct err *);
void seen_node_free(struct seen_node *);

/* spec.renewTime of a Lease in microseconds since the epoch; 0: none. */
int64_t seen_lease_renewed_us(const json_t *);

/* RFC 3339 with any offset and fraction; -1 if it is none. */
int rfc3339_parse_us(const char *, int64_t *us);

#endif
