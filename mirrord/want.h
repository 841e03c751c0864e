/*
 * What reconciled wants to be seen: static pods with their status.
 * Pure: messages in, objects ready for the API server out.
 */
#ifndef WANT_H
#define WANT_H

#include <jansson.h>
#include <stdint.h>

#include "common/err.h"
#include "mirrord/status.h"
#include "tripod.pb-c.h"

#define WANT_JSON_MAX (3 * 1024 * 1024) /* the API server's own limit */

/* One pod of reconciled; several may follow each other under a name. */
struct want_item {
	char *uid, *namespace, *name;
	char *hash;
	int terminating;  /* its containers are ending */
	int gone;	  /* they have ended; status is the last one */
	int flushed;	  /* that status was sent, or cannot be */
	json_t *object;	  /* to be POSTed, without owner; NULL: see problem */
	json_t *editable; /* spec_editable() of it */
	json_t *status;
	enum status_restart restart;
	struct err problem; /* why there is no object */
};

/*
 * Makes an item of a message.  A mirror_json that is not the pod the
 * message speaks of gives an item without object; NULL and err only
 * when the message has no usable identity.
 */
struct want_item *want_item_new(
    const Tripod__PodItem *, const char *node, struct err *);
void want_item_free(struct want_item *);

/*
 * The body of the POST: the object owned by that Node.  New object.
 * The caller gives the uid of the live Node (NodeRestriction compares).
 */
json_t *want_post(
    const struct want_item *, const char *node, const char *node_uid);

#endif
