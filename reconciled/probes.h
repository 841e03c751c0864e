/*
 * The probes of a pod's running containers: tries them when they are due
 * and writes what they find into the pod's memo (health.h).
 */
#ifndef PROBES_H
#define PROBES_H

#include "reconciled/reconcile.h"

/*
 * Level-triggered: looks at what runs now, begins with new instances, ends
 * what is under way for those that run no more.  To be called before the
 * pod is planned.
 */
void probes_sync(struct reconciled *, struct pod *);
/*
 * Ends all probes of a pod: before it is freed, and when it gets another
 * definition.
 */
void probes_forget(struct pod *);

#endif
