/*
 * What makes a decoded pod the static pod of one file on one node: its
 * uid, and what is added to it.  Pure.
 *
 * The identity, version 1, frozen by tests/fixtures/identity.tsv:
 *
 *	digest = first 32 hex digits of SHA-256 over
 *	    "tripod-uid-v1" NUL  JSON  NUL "host:" node name
 *	    NUL "file:" base name of the file
 *	uid    = metadata.uid if it is given (and may be the name of a
 *	    folder, which only lenient reading does not insist on),
 *	    otherwise the digest
 *	hash   = the digest, which is the uid unless metadata.uid is given;
 *	    then no file name stands behind "file:", for the pod is the same
 *	    one in whatever file it is, as with a kubelet
 *
 * The JSON is the canonical one (canonical.h) of what the pod means:
 *  - apiVersion "v1", kind "Pod", metadata and spec of the decoded pod,
 *    with defaults written out (defaults.h);
 *  - of metadata only annotations, labels, name (as written), namespace
 *    and uid; a namespace of "default" is left out, as it means the same;
 *  - quantities in one text for each value: whole multiples of 1024, below
 *    2^63, with the largest fitting of Ki Mi Gi Ti Pi Ei, others with that
 *    of n u m k M G T P E; "0";
 *  - neither nodeName, which is always this node, nor anything that only
 *    an API server or a kubelet writes: status, and creationTimestamp,
 *    deletionTimestamp, deletionGracePeriodSeconds, finalizers,
 *    generateName, generation, managedFields, ownerReferences,
 *    resourceVersion and selfLink of metadata, the annotations
 *    kubernetes.io/config.hash, .seen, .source and four obsolete ones.
 * So layout, comments, key order, quoting, YAML or JSON, null or absent,
 * an empty list or none, spelling of quantities and defaults written out
 * never restart a pod; every change of meaning, of the node's name or of
 * the file's name does.  The order of lists has a meaning.  An empty mapping
 * is the same as none in the fields that the schema marks so
 * (FIELD_NO_EMPTY); others, such as emptyDir, say something by being there.
 *
 * A default that some later version of Kubernetes adds must not get into
 * the JSON of pods that do not mention its field.
 *
 * The kubelet's own uid covers more (quantities as spelled, the namespace
 * as written, status, time stamps, the whole path); nobody compares them.
 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "common/mem.h"
#include "watcherd/tree.h"

#define IDENTITY_SIZE 33  /* 32 hex digits and the NUL */
#define UID_SIZE 129	  /* a metadata.uid and the NUL */
#define POD_NAME_SIZE 254 /* with the node's name, and the NUL */

/* Memory to work out one, which is given back. */
#define IDENTITY_MEMORY_MAX (8 * 1024 * 1024)

struct identity_of {
	char uid[UID_SIZE];
	char hash[IDENTITY_SIZE];
	char name[POD_NAME_SIZE]; /* NAME-NODE */
	const char *ns;		  /* namespace, "default" if none is given */
};

/* Where a pod's manifest is. */
struct identity_place {
	const char *node; /* its name */
	const char *file; /* base name */
};

/*
 * A copy of a valid, defaulted, pruned pod in the form that the digest
 * covers (strings are shared).  Written as a manifest it is read to the
 * same pod.  NULL: memory ran out.
 */
struct node *identity_meaning(struct arena *, const struct node *pod);
/* The bytes that the digest covers; NULL: memory ran out. */
char *identity_input(struct arena *, const struct node *pod,
    const struct identity_place *, size_t *len);
/*
 * Works out the identity of a valid, defaulted, pruned pod.  -1: memory
 * ran out.
 */
int identity_make(const struct node *pod, const struct identity_place *,
    struct identity_of *);

/*
 * The priority of a spec: the number given, or that of one of the two
 * system classes (which exist in every cluster); otherwise 0.
 */
int64_t identity_priority(const struct node *spec);

/*
 * The pod as the API server's mirror needs it: name with the node's,
 * namespace, labels, annotations with config.hash and config.source;
 * nodeName, the NoExecute toleration and the priority of the two system
 * classes in the spec.  No uid, no status; config.seen, config.mirror and
 * owner references are for mirrord to add.  The spec is changed in place.
 * NULL: memory ran out.
 */
struct node *identity_mirror(struct arena *, struct node *pod, const char *node,
    const struct identity_of *);

#endif
