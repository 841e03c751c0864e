/*
 * When the probe of a running container is due, and what its results mean.
 * Pure: time and chance come in.  Rules (runtime.md 6.2):
 *
 *  1. The first attempt is due initialDelaySeconds after the container's
 *     start; after an adoption a part of the period, by chance, later, so
 *     that not all come at once.
 *  2. Then one follows each period, measured from one time due to the
 *     next; what is late is made up for once at most.
 *  3. While a container has not started (its startup probe was not
 *     content yet), liveness and readiness wait.  They are then due at
 *     once, unless their own delay still runs.
 *  4. What could not be tried is tried again at once, three times in all;
 *     then that attempt counts for nothing.
 *  5. A verdict needs as many results of one kind in a row as the
 *     threshold says; another kind starts a new row.
 *  6. No more attempts once the startup probe has a verdict, or the
 *     liveness probe a bad one.
 */
#ifndef PROBE_H
#define PROBE_H

#include "common/mtime.h"
#include "reconciled/handler.h"
#include "reconciled/health.h"

#define PROBE_ATTEMPTS 3 /* rule 4 */

/* One probe of one running instance. */
struct probe {
	struct mtime due;    /* next attempt, rules 3 and 6 aside */
	int good;	     /* kind of the last results ... */
	unsigned int row;    /* ... and how many there were */
	unsigned int errors; /* in a row */
};

/* What a result has led to. */
enum probe_effect {
	PROBE_NOTHING, /* to be looked at */
	PROBE_RETRIED, /* it will be tried at once: say nothing yet */
	PROBE_CHANGED  /* the verdict is another one */
};

/*
 * Begins with an instance that was started then.  jitter is some byte; 0
 * for one that was not adopted.
 */
void probe_begin(struct probe *, const Tripod__Probe *, struct mtime started,
    struct mtime now, uint8_t jitter);
/* When to try; MTIME_NEVER while another finding must come first. */
struct mtime probe_due(const struct probe *, enum probe_kind,
    const Tripod__Container *, const struct health *);
/* Takes a result, changes the finding and when the next one is due. */
enum probe_effect probe_take(struct probe *, enum probe_kind,
    const Tripod__Probe *, enum handler_outcome, struct mtime now,
    struct health *);

#endif
