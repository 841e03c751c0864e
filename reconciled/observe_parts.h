/*
 * Between the files of observe; see reconcile.h.
 */
#ifndef OBSERVE_PARTS_H
#define OBSERVE_PARTS_H

#include "cri.pb-c.h"
#include "reconciled/reconcile.h"

#define LIST_SOON_MS 200
#define LIST_NO_EVENTS_MS 1000 /* as often as where there are no events */

enum seen_state observe_state(Runtime__V1__ContainerState);
/* Monotonic time of a wall-clock stamp, never in the future. */
struct mtime observe_time(int64_t ns);

#endif
