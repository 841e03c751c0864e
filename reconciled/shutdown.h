/*
 * Ends all pods when tripodctl says that the machine goes down.
 */
#ifndef SHUTDOWN_H
#define SHUTDOWN_H

#include "ipc/dispatch.h"
#include "reconciled/reconcile.h"

/* Handler of SHUTDOWN; it is answered when all pods have ended. */
int shutdown_ask(void *link, struct ipc_msg *);
/* Within each turn of the loop: after pods were resolved, if they were. */
void shutdown_resolve(
    struct reconciled *, int resolved, struct mtime now, struct mtime *wake);

#endif
