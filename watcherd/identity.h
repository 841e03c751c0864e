/*
 * What makes a decoded pod the static pod of one file on one node: its
 * uid, and what is added to it.  Pure.
 *
 * The identity, version 1, frozen by tests/unit/test_canonical.c:
 *
 *	digest = first 32 hex digits of SHA-256 over
 *	    "tripod-uid-v1" NUL  canonical JSON  NUL "host:" node name
 *	    NUL "file:" base name of the file
 *	uid    = metadata.uid if it is given, otherwise the digest
 *	hash   = the digest, which is the uid unless metadata.uid is given
 *
 * The canonical JSON (canonical.h) is that of the defaulted pod with
 * apiVersion, kind, metadata (name, namespace, labels, annotations and uid
 * as written) and spec, before anything below is added.  Annotations that
 * Tripod itself sets (kubernetes.io/config.hash, .seen, .source) and four
 * obsolete ones are not part of it.  So layout, comments, key order,
 * quoting, YAML or JSON, spelling of quantities and defaults written out
 * never restart a pod; every change of meaning, of the node's name or of
 * the file's name does.
 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "common/mem.h"
#include "watcherd/tree.h"

#define IDENTITY_SIZE 33  /* 32 hex digits and the NUL */
#define UID_SIZE 129	  /* a metadata.uid and the NUL */
#define POD_NAME_SIZE 254 /* with the node's name, and the NUL */

struct identity_of {
	char uid[UID_SIZE];
	char hash[IDENTITY_SIZE];
	char name[POD_NAME_SIZE]; /* NAME-NODE */
	const char *ns;		  /* namespace, "default" if none is given */
};

/*
 * Works out the identity of a valid, defaulted, pruned pod.  Takes
 * annotations that have no meaning out of it.  -1: memory ran out.
 */
int identity_make(struct arena *, struct node *pod, const char *node,
    const char *file, struct identity_of *);

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
