/*
 * Status of a pod: reconciled's message as the JSON the API shows, and
 * the patch that brings the server's copy up to date.  Pure.
 *
 * The patch is a strategic merge patch with metadata.uid, so that it
 * cannot hit another pod of the same name; conditions of others survive
 * it.  qosClass is never sent (the server computes it from the mirror's
 * own spec, which admission may have changed; kubelet's patches are
 * refused for ever then).
 */
#ifndef STATUS_H
#define STATUS_H

#include <jansson.h>

#include "tripod.pb-c.h"

/* All termination messages of a pod share this many bytes (kubelet). */
#define STATUS_MESSAGES_MAX 12288
#define STATUS_TEXT_MAX 1024 /* bytes of any other text */

/* The normalised status; times in whole seconds UTC, containers sorted. */
json_t *status_build(const Tripod__PodStatus *);
/*
 * True when the server's status is not what we want there.  startTime
 * and the times of conditions are sticky: what the server has stays.
 */
int status_differs(const json_t *want, const json_t *seen);
/* The body of the PATCH that ends the difference; new object. */
json_t *status_patch(const json_t *want, const json_t *seen, const char *uid);

enum status_restart {
	STATUS_ALWAYS,
	STATUS_ON_FAILURE,
	STATUS_NEVER
};

/*
 * True when the server would refuse the change because a container that
 * has ended would live again against the restart policy; then only a
 * new mirror can show it.
 */
int status_forbidden(
    const json_t *want, const json_t *seen, enum status_restart);

#endif
