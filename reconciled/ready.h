/*
 * Telling the service manager that reconciled is ready, and how it goes.
 */
#ifndef READY_H
#define READY_H

#include "common/notify.h"

struct reconciled;

struct ready {
	struct notify notify;
	struct event *ev;
	int done;
	char text[NOTIFY_MAX]; /* as last told */
};

/* Before rights are given up. */
void ready_open(struct ready *);
/* Begins to wait. */
void ready_start(struct reconciled *);
/*
 * To be called after each turn of the loop.  Ready is who has made a plan
 * from a whole list of what runs and the kept manifests; or who has waited
 * for the runtime for READY_WAIT_S, so that a machine without one gets on.
 */
#define READY_WAIT_S 5
void ready_update(struct reconciled *, int planned);
void ready_stop(struct reconciled *);

#endif
